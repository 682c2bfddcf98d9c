/* The server while the clock of the day is set back: what happens every now and then must go on. */
#define _GNU_SOURCE 1 /* syscall */
#include "server_scene.h"

#include <stdatomic.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <time.h>

#include "life.h"

/* As if it were so many seconds later than it is: times that are waited for by that clock come when it is as late. */
static atomic_int ahead;

int clock_gettime(clockid_t clock, struct timespec *now)
{
    int result = (int)syscall(SYS_clock_gettime, clock, now);

    if (result == 0 && clock == CLOCK_REALTIME)
        now->tv_sec += ahead;
    return result;
}

static void pause_ms(long milliseconds)
{
    struct timespec step = {0, milliseconds * 1000000L};

    (void)nanosleep(&step, NULL);
}

START_TEST(the_log_is_written)
{
    char text[4096] = "";
    scene s;

    ahead = 3600;
    scene_open(&s, NULL);
    pause_ms(100); /* its thread waits by now */
    ck_assert_int_eq(scene_ask(&s, "GET", "/health/live", NULL), 200);
    for (int i = 0; i < 200 && text[0] == '\0'; i++) {
        FILE *file = fopen(s.log, "re");

        pause_ms(20);
        ck_assert_ptr_nonnull(file);
        text[fread(text, 1, sizeof text - 1, file)] = '\0';
        (void)fclose(file);
    }
    ck_assert_msg(strstr(text, "/health/live") != NULL, "%s", text);
    scene_close(&s);
}
END_TEST

/* Another process imports, which a cache in memory learns from the thread that tends it. */
START_TEST(imports_are_noticed)
{
    scene s, other;
    front_exit result;
    char url[128];
    const char *rows = NULL;

    ahead = 3600;
    scene_open(&s, "importer", "no", NULL);
    (void)snprintf(url, sizeof url, "sqlite:%s/t.db", s.folder);
    scene_import(&s, 1, 2);
    life_end(s.life);
    s.life = life_begin(s.server, &result);
    ck_assert_ptr_nonnull(s.life);
    for (int i = 0; i < 3; i++) {
        pause_ms(100);
        ck_assert_int_eq(scene_ask(&s, "GET", "/api/quotes/T0", NULL), 200);
        ck_assert_str_eq(scene_header(&s, "X-Row-Count"), "2");
    }
    ck_assert_msg(!s.worked, "the answer comes from the cache");
    scene_open(&other, "database-url", url, NULL);
    scene_import(&other, 1, 5);
    for (int i = 0; i < 200 && (rows == NULL || strcmp(rows, "5") != 0); i++) {
        pause_ms(20);
        ck_assert_int_eq(scene_ask(&s, "GET", "/api/quotes/T0", NULL), 200);
        rows = scene_header(&s, "X-Row-Count");
    }
    ck_assert_str_eq(rows, "5");
    scene_close(&other);
    scene_close(&s);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {the_log_is_written, imports_are_noticed};

    return scene_run("server_clock", tests, SCENE_COUNT(tests));
}
