/* Listening sockets by name. */
#include "server_scene.h"

#include <stdatomic.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sockets.h"

/* In place of the C library's: other threads make files, and the mask is theirs too. */
static atomic_uint masked;

mode_t umask(mode_t mask)
{
    (void)mask;
    (void)atomic_fetch_add(&masked, 1);
    return 022;
}

typedef struct place {
    char folder[64], path[96], name[128];
    front_console console;
} place;

static void open_place(place *p, const char *mode)
{
    (void)snprintf(p->folder, sizeof p->folder, "/tmp/ticker-sockets-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(p->folder));
    (void)snprintf(p->path, sizeof p->path, "%s/s", p->folder);
    (void)snprintf(p->name, sizeof p->name, "unix:%s%s", p->path, mode);
    front_console_init(&p->console, "test");
}

static void close_place(place *p)
{
    (void)unlink(p->path);
    ck_assert_int_eq(rmdir(p->folder), 0);
    front_console_free(&p->console);
}

static unsigned mode_of(const char *path)
{
    struct stat status;

    return stat(path, &status) == 0 && S_ISSOCK(status.st_mode) ? status.st_mode & 07777u : 01u;
}

START_TEST(modes)
{
    static const char *const names[] = {"", "?mode=0600", "?mode=0666", "?mode=060"};
    static const unsigned wanted[] = {0660, 0600, 0666, 060};
    place p;

    for (size_t i = 0; i < SCENE_COUNT(names); i++) {
        int listener;

        open_place(&p, names[i]);
        listener = sockets_listen(p.name, NULL, &p.console);
        ck_assert_int_ge(listener, 0);
        ck_assert_uint_eq(mode_of(p.path), wanted[i]);
        (void)close(listener);
        sockets_forget(p.name);
        ck_assert_int_ne(access(p.path, F_OK), 0);
        close_place(&p);
    }
    ck_assert_uint_eq(masked, 0);
}
END_TEST

/* A server that ends while the next one has taken its place already. */
START_TEST(one_after_the_other)
{
    int old, new;
    place p;

    open_place(&p, "");
    old = sockets_listen(p.name, NULL, &p.console);
    ck_assert_int_ge(old, 0);
    ck_assert_int_eq(sockets_listen(p.name, NULL, &p.console), -1); /* it is in use */
    (void)close(old);
    new = sockets_listen(p.name, NULL, &p.console);
    ck_assert_int_ge(new, 0);
    sockets_forget(p.name); /* by the old one */
    ck_assert_uint_eq(mode_of(p.path), 0660);
    (void)close(new);
    sockets_forget(p.name);
    ck_assert_int_ne(access(p.path, F_OK), 0);
    close_place(&p);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {modes, one_after_the_other};

    return scene_run("server_sockets", tests, SCENE_COUNT(tests));
}
