/* The metrics that Prometheus's clients give of their own process. */
#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "metrics/metrics.h"

#include "base/number.h"
#include "base/slice.h"

#define STAT_MAX 4096
#define MICROSECONDS INT64_C(1000000)

/* Fields of /proc/self/stat, numbered as in proc(5), from 3 on. */
enum { STAT_FIRST = 3, STAT_THREADS = 20, STAT_START = 22, STAT_VIRTUAL = 23, STAT_RESIDENT = 24, STAT_FIELDS = 25 };

static void one(ti_buffer *text, const char *name, const char *kind, const char *help, int64_t value)
{
    (void)ti_metrics_head(text, name, kind, help);
    (void)ti_buffer_printf(text, "%s %" PRId64 "\n", name, value);
}

static void one_time(ti_buffer *text, const char *name, const char *kind, const char *help, int64_t microseconds)
{
    (void)ti_metrics_head(text, name, kind, help);
    (void)ti_buffer_printf(text, "%s ", name);
    (void)ti_metrics_seconds(text, microseconds);
    (void)ti_buffer_byte(text, '\n');
}

/* As much of a file as fits, with NUL behind it. */
static bool read_file(const char *path, char text[STAT_MAX])
{
    FILE *file = fopen(path, "re");
    size_t got;

    if (file == NULL)
        return false;
    got = fread(text, 1, STAT_MAX - 1, file);
    (void)fclose(file);
    text[got] = '\0';
    return got > 0;
}

/* The name in parentheses may hold anything: what follows the last parenthesis counts. */
static bool read_stat(int64_t fields[STAT_FIELDS])
{
    char text[STAT_MAX];
    char *at = read_file("/proc/self/stat", text) ? strrchr(text, ')') : NULL;

    if (at == NULL)
        return false;
    at++;
    for (size_t i = STAT_FIRST; i < STAT_FIELDS; i++) {
        size_t size;

        at += strspn(at, " \n");
        size = strcspn(at, " \n");
        fields[i] = -1;
        if (size == 0)
            return false;
        (void)ti_parse_integer((ti_slice){at, size}, true, &fields[i]); /* the state (a letter) stays -1 */
        at += size;
    }
    return true;
}

/* What CLOCK_BOOTTIME counts from, in microseconds since 1970. */
static int64_t boot_time(void)
{
    struct timespec now, up;

    if (clock_gettime(CLOCK_REALTIME, &now) != 0 || clock_gettime(CLOCK_BOOTTIME, &up) != 0)
        return -1;
    return (now.tv_sec - up.tv_sec) * MICROSECONDS + (now.tv_nsec - up.tv_nsec) / 1000;
}

/* Looked at once: the clock is corrected now and then, and a start that moves looks like another process. /proc/stat knows it too, but
 * services are often kept from seeing it. */
int64_t ti_metrics_started(void)
{
    int64_t fields[STAT_FIELDS], boot = boot_time(), ticks = sysconf(_SC_CLK_TCK);

    if (boot < 0 || ticks <= 0 || !read_stat(fields))
        return -1;
    return boot + fields[STAT_START] / ticks * MICROSECONDS + fields[STAT_START] % ticks * MICROSECONDS / ticks;
}

static void write_stat(ti_buffer *text)
{
    int64_t fields[STAT_FIELDS], page = sysconf(_SC_PAGESIZE);

    if (!read_stat(fields))
        return;
    one(text, "process_virtual_memory_bytes", "gauge", "Virtual memory size in bytes.", fields[STAT_VIRTUAL]);
    if (page > 0)
        one(text, "process_resident_memory_bytes", "gauge", "Resident memory size in bytes.",
            fields[STAT_RESIDENT] * page);
    one(text, "process_threads", "gauge", "Threads of the process.", fields[STAT_THREADS]);
}

static void write_descriptors(ti_buffer *text)
{
    DIR *folder = opendir("/proc/self/fd");
    int64_t count = -1; /* the folder's own */

    if (folder == NULL)
        return;
    for (const struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder))
        count += entry->d_name[0] != '.';
    (void)closedir(folder);
    one(text, "process_open_fds", "gauge", "Number of open file descriptors.", count);
}

static void write_limit(ti_buffer *text, __rlimit_resource_t which, const char *name, const char *help)
{
    struct rlimit limit;

    if (getrlimit(which, &limit) != 0)
        return;
    (void)ti_metrics_head(text, name, "gauge", help);
    if (limit.rlim_cur == RLIM_INFINITY)
        (void)ti_buffer_printf(text, "%s +Inf\n", name);
    else
        (void)ti_buffer_printf(text, "%s %" PRIu64 "\n", name, (uint64_t)limit.rlim_cur);
}

void ti_metrics_process(ti_buffer *text, int64_t started)
{
    struct rusage usage;

    if (getrusage(RUSAGE_SELF, &usage) == 0)
        one_time(text, "process_cpu_seconds_total", "counter", "Total user and system CPU time spent in seconds.",
                 (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * MICROSECONDS + usage.ru_utime.tv_usec +
                     usage.ru_stime.tv_usec);
    write_descriptors(text);
    write_limit(text, RLIMIT_NOFILE, "process_max_fds", "Maximum number of open file descriptors.");
    write_stat(text);
    if (started >= 0)
        one_time(text, "process_start_time_seconds", "gauge", "Start time of the process since unix epoch in seconds.",
                 started);
    write_limit(text, RLIMIT_AS, "process_virtual_memory_max_bytes", "Maximum amount of virtual memory in bytes.");
}
