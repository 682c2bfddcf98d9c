/* SIGINT and SIGTERM as a flag that the work looks at. The only state of the front ends that is global: signals leave
 * no choice. */
#ifndef FRONT_INTERRUPT_H
#define FRONT_INTERRUPT_H

#include <stdbool.h>

/* The first signal sets the flag; the second one ends the process at once. SIGPIPE is ignored, so that writes report
 * EPIPE. Signals that the parent left ignored (a shell's background job) are heard all the same: a stop that is asked
 * for must work. */
void front_interrupt_install(void);
/* From here on a signal ends the process with FRONT_INTERRUPTED at once: for work that has nothing to undo. */
void front_interrupt_at_once(void);

bool front_interrupted(void);
/* A descriptor that becomes readable with the first signal, for poll(); -1 when there is none. */
int front_interrupt_descriptor(void);

#endif
