#define _GNU_SOURCE /* pipe2 */
#include "interrupt.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "exit.h"

static volatile sig_atomic_t interrupted;
static int wake[2] = {-1, -1};

static void on_signal(int number)
{
    int saved = errno;

    (void)number;
    interrupted = 1;
    /* A full pipe is fine: it is readable already. */
    if (wake[1] >= 0 && write(wake[1], "x", 1) < 0)
        errno = saved;
    errno = saved;
}

static void on_signal_at_once(int number)
{
    (void)number;
    _exit(FRONT_INTERRUPTED);
}

static void install(void (*handler)(int), int flags)
{
    struct sigaction action;

    memset(&action, 0, sizeof action);
    action.sa_handler = handler;
    action.sa_flags = flags;
    (void)sigemptyset(&action.sa_mask);
    (void)sigaction(SIGINT, &action, NULL);
    (void)sigaction(SIGTERM, &action, NULL);
}

void front_interrupt_install(void)
{
    struct sigaction ignore;

    memset(&ignore, 0, sizeof ignore);
    ignore.sa_handler = SIG_IGN;
    (void)sigemptyset(&ignore.sa_mask);
    (void)sigaction(SIGPIPE, &ignore, NULL);
    if (wake[0] < 0 && pipe2(wake, O_CLOEXEC | O_NONBLOCK) != 0)
        wake[0] = wake[1] = -1;
    /* RESETHAND: the second one meets the default action. RESTART: nobody has to expect EINTR. */
    install(on_signal, (int)(SA_RESETHAND | SA_RESTART));
}

void front_interrupt_at_once(void)
{
    install(on_signal_at_once, SA_RESTART);
    if (interrupted)
        _exit(FRONT_INTERRUPTED);
}

bool front_interrupted(void)
{
    return interrupted != 0;
}

int front_interrupt_descriptor(void)
{
    return wake[0];
}
