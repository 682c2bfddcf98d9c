/* API tokens: their file, and what they let through. */
#include "server_scene.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/stat.h>

static char folder[64], path[96];
static front_console console;

static void begin(void)
{
    front_console_init(&console, "test");
    (void)snprintf(folder, sizeof folder, "/tmp/ticker-tokens-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    (void)snprintf(path, sizeof path, "%s/tokens", folder);
}

static void end(void)
{
    char lock[128];

    (void)snprintf(lock, sizeof lock, "%s.lock", path);
    (void)unlink(path);
    (void)unlink(lock);
    ck_assert_int_eq(rmdir(folder), 0); /* nothing else was left there */
    front_console_free(&console);
}

static void write_file(const char *text)
{
    FILE *file = fopen(path, "we");

    ck_assert_ptr_nonnull(file);
    ck_assert_int_ge(fputs(text, file), 0);
    ck_assert_int_eq(fclose(file), 0);
}

static void read_file(char text[4096])
{
    FILE *file = fopen(path, "re");
    size_t size;

    ck_assert_ptr_nonnull(file);
    size = fread(text, 1, 4095, file);
    text[size] = '\0';
    (void)fclose(file);
}

START_TEST(made_and_found)
{
    char first[FRONT_TOKEN_TEXT_MAX], second[FRONT_TOKEN_TEXT_MAX], name[FRONT_TOKEN_NAME_MAX], text[4096];
    front_tokens *tokens;
    struct stat status;

    begin();
    ck_assert(front_tokens_add(path, "laptop", FRONT_SCOPE_READ | FRONT_SCOPE_UPLOAD, first, &console));
    ck_assert(front_tokens_add(path, "robot-2", FRONT_SCOPE_ADMIN, second, &console));
    ck_assert_uint_eq(strlen(first), 7 + 43);
    ck_assert_str_ne(first, second);
    ck_assert_int_eq(stat(path, &status), 0);
    ck_assert_uint_eq(status.st_mode & 0777, 0600);
    read_file(text);
    ck_assert_ptr_null(strstr(text, first + 7));
    ck_assert_ptr_nonnull(strstr(text, "\nlaptop read,upload 20"));
    ck_assert_ptr_nonnull(strstr(text, "Z sha256:"));
    tokens = front_tokens_load(path, &console);
    ck_assert_ptr_nonnull(tokens);
    ck_assert_uint_eq(front_tokens_find(tokens, first, name), FRONT_SCOPE_READ | FRONT_SCOPE_UPLOAD);
    ck_assert_str_eq(name, "laptop");
    ck_assert_uint_eq(front_tokens_find(tokens, second, name), FRONT_SCOPE_ADMIN);
    ck_assert_str_eq(name, "robot-2");
    ck_assert_str_eq(front_tokens_at(tokens, 1)->name, "robot-2");
    ck_assert_ptr_null(front_tokens_at(tokens, 2));
    first[20] ^= 1;
    ck_assert_uint_eq(front_tokens_find(tokens, first, name), 0);
    ck_assert_str_eq(name, "");
    first[20] ^= 1;
    ck_assert_uint_eq(front_tokens_find(tokens, "", name), 0);
    ck_assert(front_tokens_remove(path, "laptop", &console));
    ck_assert_uint_ne(front_tokens_find(tokens, first, name), 0); /* not before it is read again */
    ck_assert(front_tokens_reload(tokens, &console));
    ck_assert_uint_eq(front_tokens_find(tokens, first, name), 0);
    ck_assert_uint_ne(front_tokens_find(tokens, second, name), 0);
    front_tokens_free(tokens);
    end();
}
END_TEST

START_TEST(refused)
{
    char token[FRONT_TOKEN_TEXT_MAX], text[4096];

    begin();
    ck_assert(front_tokens_add(path, "a", FRONT_SCOPE_READ, token, &console));
    ck_assert(!front_tokens_add(path, "a", FRONT_SCOPE_READ, token, &console));
    ck_assert_str_eq(token, "");
    ck_assert(!front_tokens_add(path, "", FRONT_SCOPE_READ, token, &console));
    ck_assert(!front_tokens_add(path, "two words", FRONT_SCOPE_READ, token, &console));
    ck_assert(!front_tokens_add(path, "a\nb", FRONT_SCOPE_READ, token, &console));
    ck_assert(!front_tokens_add(path, "1234567890123456789012345678901234567890123456789012345678901234x",
                                FRONT_SCOPE_READ, token, &console));
    ck_assert(!front_tokens_remove(path, "b", &console));
    read_file(text);
    ck_assert_ptr_nonnull(strstr(text, "\na read "));
    end();
}
END_TEST

static const char *const broken[] = {
    "a read 2026-01-01T00:00:00Z\n",
    "a read 2026-01-01T00:00:00Z sha256:00\n",
    "a read 2026-01-01T00:00:00Z sha256:zz00000000000000000000000000000000000000000000000000000000000000\n",
    "a read 2026-01-01T00:00:00Z 0000000000000000000000000000000000000000000000000000000000000000\n",
    "a write 2026-01-01T00:00:00Z sha256:0000000000000000000000000000000000000000000000000000000000000000\n",
    "a read, 2026-01-01T00:00:00Z sha256:0000000000000000000000000000000000000000000000000000000000000000\n",
    "a/b read 2026-01-01T00:00:00Z sha256:0000000000000000000000000000000000000000000000000000000000000000\n",
    "a read 2026-01-01T00:00:00Z sha256:0000000000000000000000000000000000000000000000000000000000000000 more\n",
    "a read 2026-01-01T00:00:00.000Z sha256:0000000000000000000000000000000000000000000000000000000000000000\n",
    "{}\n",
};

/* A file that is not understood lets nobody in, and takes nothing from those who are. */
START_TEST(broken_files)
{
    char token[FRONT_TOKEN_TEXT_MAX], name[FRONT_TOKEN_NAME_MAX], line[600];
    front_tokens *tokens;

    begin();
    ck_assert_ptr_null(front_tokens_load(path, &console)); /* missing */
    ck_assert(front_tokens_add(path, "a", FRONT_SCOPE_READ, token, &console));
    tokens = front_tokens_load(path, &console);
    ck_assert_ptr_nonnull(tokens);
    for (size_t i = 0; i < SCENE_COUNT(broken); i++) {
        write_file(broken[i]);
        ck_assert_msg(front_tokens_load(path, &console) == NULL, "%s", broken[i]);
        ck_assert(!front_tokens_reload(tokens, &console));
        ck_assert_uint_ne(front_tokens_find(tokens, token, name), 0);
    }
    memset(line, 'a', sizeof line - 2);
    line[sizeof line - 2] = '\n';
    line[sizeof line - 1] = '\0';
    write_file(line);
    ck_assert_ptr_null(front_tokens_load(path, &console));
    write_file("# only a comment\n\n  \t\n");
    ck_assert(front_tokens_reload(tokens, &console));
    ck_assert_uint_eq(front_tokens_find(tokens, token, name), 0);
    ck_assert_int_eq(chmod(path, 0602), 0);
    ck_assert(!front_tokens_reload(tokens, &console));
    front_tokens_free(tokens);
    ck_assert_ptr_null(front_tokens_load(folder, &console));
    end();
}
END_TEST

static void *add_some(void *payload)
{
    char token[FRONT_TOKEN_TEXT_MAX], name[32];

    for (int i = 0; i < 10; i++) {
        (void)snprintf(name, sizeof name, "t%d-%d", *(int *)payload, i);
        if (!front_tokens_add(path, name, FRONT_SCOPE_READ, token, &console))
            return payload;
    }
    return NULL;
}

START_TEST(at_once)
{
    pthread_t threads[4];
    int numbers[4];
    front_tokens *tokens;
    void *failed;

    begin();
    for (int i = 0; i < 4; i++) {
        numbers[i] = i;
        ck_assert_int_eq(pthread_create(&threads[i], NULL, add_some, &numbers[i]), 0);
    }
    for (int i = 0; i < 4; i++) {
        ck_assert_int_eq(pthread_join(threads[i], &failed), 0);
        ck_assert_ptr_null(failed);
    }
    tokens = front_tokens_load(path, &console);
    ck_assert_ptr_nonnull(front_tokens_at(tokens, 39));
    ck_assert_ptr_null(front_tokens_at(tokens, 40));
    front_tokens_free(tokens);
    end();
}
END_TEST

START_TEST(scopes)
{
    ck_assert_uint_eq(front_scopes_parse("read,admin"), FRONT_SCOPE_READ | FRONT_SCOPE_ADMIN);
    ck_assert_uint_eq(front_scopes_parse("upload"), FRONT_SCOPE_UPLOAD);
    ck_assert_uint_eq(front_scopes_parse(""), 0);
    ck_assert_uint_eq(front_scopes_parse("Read"), 0);
    ck_assert_uint_eq(front_scopes_parse("read,"), 0);
    ck_assert_uint_eq(front_scopes_parse(",read"), 0);
    ck_assert_str_eq(front_scopes_text(FRONT_SCOPE_READ | FRONT_SCOPE_UPLOAD | FRONT_SCOPE_ADMIN), "read,upload,admin");
}
END_TEST

static server_step fine(server *s, exchange *x, request *r)
{
    (void)s;
    (void)r;
    exchange_answer(x, 200, "text/plain", "fine", 4, NULL, NULL);
    return SERVER_ANSWERED;
}

static const server_route routes[] = {
    {.method = "GET", .pattern = "/read", .scope = SERVER_READ, .begin = fine},
    {.method = "POST", .pattern = "/upload", .scope = SERVER_UPLOAD, .begin = fine, .body = true},
    {.method = "GET", .pattern = "/admin", .scope = SERVER_ADMIN, .begin = fine},
    {.method = NULL},
};
static const server_route *const tables[] = {routes, NULL};

static int send_with(scene *s, const char *method, const char *target, const char *token)
{
    char header[256];

    (void)snprintf(header, sizeof header, "authorization: %s", token);
    return scene_ask(s, method, target, header, NULL);
}

START_TEST(doors)
{
    char reader[100] = "Bearer ", uploader[100] = "bearer   ", admin[100] = "Bearer ", *log;
    scene s;

    begin();
    ck_assert(front_tokens_add(path, "reader", FRONT_SCOPE_READ, reader + 7, &console));
    ck_assert(front_tokens_add(path, "uploader", FRONT_SCOPE_UPLOAD, uploader + 9, &console));
    ck_assert(front_tokens_add(path, "admin", FRONT_SCOPE_ADMIN, admin + 7, &console));
    scene_open(&s, "tokens", path, NULL);
    s.server->tables = tables;
    ck_assert_int_eq(scene_ask(&s, "GET", "/read", NULL), 200);
    ck_assert_int_eq(send_with(&s, "GET", "/read", "Bearer wrong"), 200);
    ck_assert_int_eq(scene_ask(&s, "POST", "/upload", NULL), 401);
    ck_assert_str_eq(scene_header(&s, "WWW-Authenticate"), "Bearer realm=\"ticker\"");
    ck_assert_int_eq(send_with(&s, "POST", "/upload", "Bearer wrong"), 401);
    ck_assert_ptr_nonnull(strstr(scene_header(&s, "WWW-Authenticate"), "error=\"invalid_token\""));
    ck_assert_int_eq(send_with(&s, "POST", "/upload", "Bearer "), 401);
    ck_assert_int_eq(send_with(&s, "POST", "/upload", "Basic YTpi"), 401);
    ck_assert_int_eq(send_with(&s, "POST", "/upload", reader + 7), 401);
    ck_assert_int_eq(send_with(&s, "POST", "/upload", reader), 403);
    ck_assert_ptr_nonnull(strstr(scene_header(&s, "WWW-Authenticate"), "scope=\"upload\""));
    ck_assert_int_eq(send_with(&s, "POST", "/upload", uploader), 200);
    ck_assert_int_eq(send_with(&s, "POST", "/upload", admin), 200);
    ck_assert_int_eq(send_with(&s, "GET", "/admin", uploader), 403);
    ck_assert_int_eq(send_with(&s, "GET", "/admin", admin), 200);
    log = scene_log(&s);
    ck_assert_ptr_nonnull(strstr(log, "\"token\":\"uploader\""));
    ck_assert_ptr_null(strstr(log, admin + 7));
    free(log);
    ck_assert(front_tokens_remove(path, "uploader", &console));
    server_reload(s.server);
    ck_assert_int_eq(send_with(&s, "POST", "/upload", uploader), 401);
    scene_close(&s);
    scene_open(&s, "tokens", path, "private", "yes", NULL);
    s.server->tables = tables;
    ck_assert_int_eq(scene_ask(&s, "GET", "/read", NULL), 401);
    ck_assert_int_eq(send_with(&s, "GET", "/read", reader), 200);
    ck_assert_int_eq(send_with(&s, "HEAD", "/read", admin), 200);
    scene_close(&s);
    end();
}
END_TEST

/* A page on the internet must not make a browser upload to a server on this machine. */
START_TEST(foreign_pages)
{
    scene s;

    scene_open(&s, NULL);
    s.server->tables = tables;
    ck_assert_int_eq(scene_ask(&s, "POST", "/upload", "host: localhost:4000", NULL), 200);
    ck_assert_int_eq(scene_ask(&s, "POST", "/upload", "host: localhost:4000", "origin: http://localhost:4000", NULL),
                     200);
    ck_assert_int_eq(scene_ask(&s, "POST", "/upload", "host: localhost:4000", "origin: https://evil.example", NULL),
                     403);
    ck_assert_int_eq(scene_ask(&s, "POST", "/upload", "host: localhost:4000", "origin: null", NULL), 403);
    ck_assert_int_eq(scene_ask(&s, "POST", "/upload", "sec-fetch-site: cross-site", NULL), 403);
    ck_assert_int_eq(scene_ask(&s, "POST", "/upload", "sec-fetch-site: same-origin", NULL), 200);
    ck_assert_int_eq(scene_ask(&s, "GET", "/read", "origin: https://evil.example", NULL), 200);
    scene_close(&s);
    scene_open(&s, NULL);
    s.server->tables = tables;
    /* A name that stands for this machine only since a moment ago. */
    ck_assert_int_eq(
        scene_ask(&s, "POST", "/upload", "host: evil.example:4000", "origin: http://evil.example:4000", NULL), 403);
    ck_assert_int_eq(
        scene_ask(&s, "POST", "/upload", "host: localhost.evil.example", "origin: http://localhost.evil.example", NULL),
        403);
    ck_assert_int_eq(scene_ask(&s, "POST", "/upload", "host: 1.evil.example", "origin: http://1.evil.example", NULL),
                     403);
    ck_assert_int_eq(scene_ask(&s, "POST", "/upload", "host: 127.0.0.1:4000", "origin: http://127.0.0.1:4000", NULL),
                     200);
    ck_assert_int_eq(scene_ask(&s, "POST", "/upload", "host: [::1]:4000", "origin: http://[::1]:4000", NULL), 200);
    scene_close(&s);
    scene_open(&s, "cors-origin", "*", NULL);
    s.server->tables = tables;
    ck_assert_int_eq(scene_ask(&s, "POST", "/upload", "host: localhost", "origin: https://any.example", NULL), 403);
    ck_assert_int_eq(scene_ask(&s, "GET", "/read", "host: localhost", "origin: https://any.example", NULL), 200);
    scene_close(&s);
    scene_open(&s, "cors-origin", "http://ticker.example", NULL);
    s.server->tables = tables;
    ck_assert_int_eq(scene_ask(&s, "POST", "/upload", "host: ticker.example", "origin: http://ticker.example", NULL),
                     200);
    scene_close(&s);
    scene_open(&s, "cors-origin", "https://good.example", NULL);
    s.server->tables = tables;
    ck_assert_int_eq(scene_ask(&s, "POST", "/upload", "host: localhost:4000", "origin: https://good.example", NULL),
                     200);
    scene_close(&s);
}
END_TEST

START_TEST(too_large)
{
    scene s;

    scene_open(&s, "max-upload", "1MiB", NULL);
    s.server->tables = tables;
    ck_assert_int_eq(scene_ask(&s, "POST", "/upload", "content-length: 1114112", NULL), 200);
    ck_assert_int_eq(s.body_max, 1048576 + SERVER_FORM_OVERHEAD);
    ck_assert_int_eq(scene_ask(&s, "POST", "/upload", "content-length: 1114113", NULL), 413);
    ck_assert_int_eq(scene_ask(&s, "GET", "/read", NULL), 200);
    ck_assert_int_eq(s.body_max, 0);
    scene_close(&s);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {made_and_found, refused, broken_files,  at_once,
                                  scopes,         doors,   foreign_pages, too_large};

    return scene_run("server_tokens", tests, SCENE_COUNT(tests));
}
