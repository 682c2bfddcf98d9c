/* Calls that fail when a test wants it. The library's objects are linked with --wrap (see tests/Makefile.inc), so that what it calls comes
 * through here; allocations of other libraries do too where a program may have an allocator of its own (not with sanitizers). */
#ifndef TESTS_TORTURE_FAULTS_H
#define TESTS_TORTURE_FAULTS_H

#include <stdbool.h>

typedef enum fault {
    FAULT_NONE = 0,
    FAULT_MEMORY,  /* an allocation of the library */
    FAULT_OTHERS,  /* an allocation of any other library, or of libc */
    FAULT_READ,    /* a read of a file, or what goes before it */
    FAULT_WRITE,   /* a write, fsync() or rename */
    FAULT_SQL,     /* a call of SQLite */
    FAULT_DISK,    /* what SQLite asks of the system */
    FAULT_SERVER,  /* the connection to PostgreSQL is cut before a call of libpq */
    FAULT_REFUSAL, /* PostgreSQL refuses a statement, or the rows of a COPY */
    FAULT_NETWORK, /* what libpq sends, or waits for, is lost with the connection */
    FAULT_ARCHIVE, /* an allocation of libarchive: few, each with another message of its own */
    FAULT_COUNT
} fault;

extern const char *const fault_names[FAULT_COUNT];

/* From now on the call number `at` of this kind fails, and with `lasting` all behind it. 0: none, they are counted only. */
void faults_begin(fault kind, unsigned long at, bool lasting);
/* No call fails any more; how many there were. */
unsigned long faults_end(void);
bool fault_possible(fault kind);
/* Before the first use of SQLite: its calls of the system come through here. */
void faults_watch_disk(void);

/* How many allocations of the whole program are not freed; 0 where nobody counts them. */
long live_allocations(void);

#endif
