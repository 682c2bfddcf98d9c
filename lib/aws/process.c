#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1 /* pipe2(), environ */
#endif
#include "aws/process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"

#define SLICE 100 /* milliseconds between two looks at the time and at the caller's wish to stop */

static bool blank(char byte)
{
    return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r';
}

/* Reads one word from *from and writes it to *to, which is not before it. False: a quote does not end. */
static bool take_word(const char **from, char **to)
{
    char quote = '\0';

    for (; **from != '\0' && (quote != '\0' || !blank(**from)); (*from)++) {
        char byte = **from;

        if (quote == '\0' && (byte == '"' || byte == '\'')) {
            quote = byte;
        } else if (byte == quote && quote != '\0') {
            quote = '\0';
        } else if (byte == '\\' && quote != '\'' && (*from)[1] != '\0' &&
                   (quote == '\0' || (*from)[1] == '"' || (*from)[1] == '\\')) {
            *(*to)++ = *++*from;
        } else {
            *(*to)++ = byte;
        }
    }
    return quote == '\0';
}

ticker_status ti_arguments_split(const char *command, ti_arguments *arguments, ticker_error *error)
{
    size_t count = 0;
    char *to;

    *arguments = (ti_arguments){.size = strlen(command) + 1};
    arguments->text = to = calloc(1, arguments->size);
    if (to == NULL)
        return ti_fail_memory(error);
    for (;;) {
        while (blank(*command))
            command++;
        if (*command == '\0')
            break;
        if (count == TI_PROCESS_ARGUMENTS_MAX)
            return ti_fail(error, TICKER_FATAL, TICKER_ERROR_LIMIT, "the command has more than %d words",
                           TI_PROCESS_ARGUMENTS_MAX);
        arguments->words[count++] = to;
        if (!take_word(&command, &to))
            return ti_fail(error, TICKER_FATAL, TICKER_ERROR_USAGE, "the command has a quote that does not end");
        *to++ = '\0';
    }
    if (count == 0 || *arguments->words[0] == '\0')
        return ti_fail(error, TICKER_FATAL, TICKER_ERROR_USAGE, "the command is empty");
    return TICKER_OK;
}

void ti_arguments_wipe(ti_arguments *arguments)
{
    if (arguments->text != NULL)
        explicit_bzero(arguments->text, arguments->size);
    free(arguments->text);
    *arguments = (ti_arguments){0};
}

/* A running program and our ends of its output and error. */
typedef struct child {
    pid_t pid;
    int output, errors; /* -1: closed */
} child;

static void shut(int *descriptor)
{
    if (*descriptor >= 0)
        (void)close(*descriptor); /* only read from: nothing can be lost */
    *descriptor = -1;
}

/* A group of its own, so that all of it can be ended; no signal blocked or ignored that the caller has so. */
static int set_attributes(posix_spawnattr_t *attributes)
{
    sigset_t none, all;
    int failed;

    (void)sigemptyset(&none);
    (void)sigfillset(&all);
    failed = posix_spawnattr_setflags(attributes,
                                      POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    if (failed == 0)
        failed = posix_spawnattr_setpgroup(attributes, 0);
    if (failed == 0)
        failed = posix_spawnattr_setsigmask(attributes, &none);
    return failed != 0 ? failed : posix_spawnattr_setsigdefault(attributes, &all);
}

static int set_files(posix_spawn_file_actions_t *files, int output, int errors)
{
    int failed = posix_spawn_file_actions_addopen(files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);

    if (failed == 0)
        failed = posix_spawn_file_actions_adddup2(files, output, STDOUT_FILENO);
    return failed != 0 ? failed : posix_spawn_file_actions_adddup2(files, errors, STDERR_FILENO);
}

static int spawn(char *const *arguments, int output, int errors, pid_t *pid)
{
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    int failed = posix_spawn_file_actions_init(&files);

    if (failed != 0)
        return failed;
    failed = posix_spawnattr_init(&attributes);
    if (failed == 0) {
        failed = set_files(&files, output, errors);
        if (failed == 0)
            failed = set_attributes(&attributes);
        if (failed == 0)
            failed = posix_spawnp(pid, arguments[0], &files, &attributes, arguments, environ);
        (void)posix_spawnattr_destroy(&attributes);
    }
    (void)posix_spawn_file_actions_destroy(&files);
    return failed;
}

static ticker_status start(char *const *arguments, child *started, ticker_error *error)
{
    int output[2] = {-1, -1}, errors[2] = {-1, -1}, failed = 0;

    if (pipe2(output, O_CLOEXEC) != 0 || pipe2(errors, O_CLOEXEC) != 0)
        failed = errno;
    if (failed == 0)
        failed = spawn(arguments, output[1], errors[1], &started->pid);
    shut(&output[1]);
    shut(&errors[1]);
    if (failed == 0) {
        started->output = output[0];
        started->errors = errors[0];
        return TICKER_OK;
    }
    shut(&output[0]);
    shut(&errors[0]);
    return ti_fail(error, TICKER_FATAL, TICKER_ERROR_USAGE, "cannot run \"%s\": %s", arguments[0], strerror(failed));
}

/* What there is to read, up to the cap. */
static ticker_status take_output(const ti_process *process, child *from, ti_buffer *output, ticker_error *error)
{
    char *to = output->size <= process->max ? ti_buffer_reserve(output, process->max + 1 - output->size) : NULL;
    ssize_t count;

    if (to == NULL)
        return ti_fail_memory(error);
    count = read(from->output, to, process->max + 1 - output->size);
    if (count < 0 && errno == EINTR)
        return TICKER_OK;
    if (count <= 0) {
        shut(&from->output);
        return TICKER_OK;
    }
    output->size += (size_t)count;
    if (output->size > process->max)
        return ti_fail(error, TICKER_FATAL, TICKER_ERROR_LIMIT, "\"%s\" writes more than %zu bytes",
                       process->arguments[0], process->max);
    return TICKER_OK;
}

/* What it complains of may hold secrets: only that it did is kept. */
static void take_errors(ti_process *process, child *from)
{
    char bytes[512];
    ssize_t count = read(from->errors, bytes, sizeof(bytes));

    if (count > 0) {
        process->complained = true;
        explicit_bzero(bytes, (size_t)count);
    } else if (count == 0 || errno != EINTR) {
        shut(&from->errors);
    }
}

static int64_t now(void)
{
    return ti_clock_system.monotonic(NULL); /* a program takes real time, whatever clock a test has */
}

static ticker_status may_go_on(const ti_process *process, int64_t until, ticker_error *error)
{
    if (process->interrupted != NULL && process->interrupted(process->payload))
        return ti_fail(error, TICKER_RETRY, TICKER_ERROR_CANCELLED, "cancelled while \"%s\" was running",
                       process->arguments[0]);
    if (now() < until)
        return TICKER_OK;
    return ti_fail(error, TICKER_RETRY, TICKER_ERROR_SERVICE, "\"%s\" did not end within %lld seconds",
                   process->arguments[0], (long long)((process->timeout + 999) / 1000));
}

/* Until its output ends; whoever else holds its error open is not waited for. */
static ticker_status read_all(ti_process *process, child *from, int64_t until, ti_buffer *output, ticker_error *error)
{
    ticker_status status = TICKER_OK;

    while (status == TICKER_OK && from->output >= 0) {
        struct pollfd files[2] = {{.fd = from->output, .events = POLLIN}, {.fd = from->errors, .events = POLLIN}};
        int ready = poll(files, 2, SLICE);

        if (ready > 0 && files[1].revents != 0)
            take_errors(process, from);
        if (ready > 0 && files[0].revents != 0)
            status = take_output(process, from, output, error);
        if (status == TICKER_OK)
            status = may_go_on(process, until, error);
    }
    return status;
}

/* What it wrote to its error by the time it ended. */
static void read_last_errors(ti_process *process, child *from)
{
    struct pollfd file = {.fd = from->errors, .events = POLLIN};

    if (from->errors >= 0 && poll(&file, 1, 0) > 0)
        take_errors(process, from);
}

static ticker_status wait_for(ti_process *process, const child *from, int64_t until, ticker_error *error)
{
    ticker_status status = TICKER_OK;
    int how = 0;
    pid_t pid;

    for (int64_t pause = 1; status == TICKER_OK; pause = pause < SLICE / 2 ? pause * 2 : SLICE) {
        pid = waitpid(from->pid, &how, WNOHANG);
        if (pid == from->pid && WIFEXITED(how))
            process->exit_code = WEXITSTATUS(how);
        if (pid == from->pid && WIFSIGNALED(how))
            process->signal = WTERMSIG(how);
        if (pid != 0 && (pid > 0 || errno != EINTR))
            return TICKER_OK; /* with ECHILD somebody else took its status */
        ti_clock_system.sleep(NULL, pause);
        status = may_go_on(process, until, error);
    }
    return status;
}

static void end(const child *from)
{
    (void)kill(-from->pid, SIGKILL);
    while (waitpid(from->pid, NULL, 0) < 0 && errno == EINTR)
        continue;
}

ticker_status ti_process_run(ti_process *process, ti_buffer *output, ticker_error *error)
{
    child running = {.output = -1, .errors = -1};
    int64_t until = now() + process->timeout;
    ticker_status status;

    process->exit_code = -1;
    process->signal = 0;
    process->complained = false;
    status = start(process->arguments, &running, error);
    if (status != TICKER_OK)
        return status;
    status = read_all(process, &running, until, output, error);
    if (status == TICKER_OK)
        status = wait_for(process, &running, until, error);
    if (status != TICKER_OK)
        end(&running);
    read_last_errors(process, &running);
    shut(&running.output);
    shut(&running.errors);
    return status;
}
