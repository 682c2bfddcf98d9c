#include "signals.h"

#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

static void set_action(int number, void (*handler)(int))
{
    struct sigaction action;

    memset(&action, 0, sizeof action);
    action.sa_handler = handler;
    (void)sigemptyset(&action.sa_mask);
    (void)sigaction(number, &action, NULL);
}

int worker_signals_open(void)
{
    static const int heard[] = {SIGTERM, SIGINT, SIGHUP};
    sigset_t set;

    (void)sigemptyset(&set);
    for (size_t i = 0; i < sizeof heard / sizeof heard[0]; i++) {
        set_action(heard[i], SIG_DFL);
        (void)sigaddset(&set, heard[i]);
    }
    set_action(SIGPIPE, SIG_IGN);
    if (pthread_sigmask(SIG_BLOCK, &set, NULL) != 0)
        return -1;
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

worker_signal worker_signals_next(int descriptor)
{
    struct signalfd_siginfo info;

    if (read(descriptor, &info, sizeof info) != (ssize_t)sizeof info)
        return WORKER_NONE;
    return info.ssi_signo == SIGHUP ? WORKER_RELOAD : WORKER_STOP;
}
