/* The page and the description of the API: what is served is what stands in the tree, and a browser may run nothing else. */
#include "server_scene.h"

#include <stdio.h>

#define FILE_BYTES_MAX ((size_t)1 << 20)

typedef struct asset {
    const char *path, *file, *type;
} asset;

static const asset assets[] = {
    {"/", "server/page/index.html", "text/html; charset=utf-8"},
    {"/app.js", "server/page/app.js", "text/javascript; charset=utf-8"},
    {"/style.css", "server/page/style.css", "text/css; charset=utf-8"},
    {"/openapi.yaml", "docs/openapi.yaml", "application/yaml; charset=utf-8"},
};

/* A file of the tree, with a NUL behind it; to be freed. */
static char *read_source(const char *name, size_t *size)
{
    const char *tree = getenv("TICKER_SOURCE");
    char path[4096], *data = malloc(FILE_BYTES_MAX + 1);
    FILE *file;

    if (tree == NULL)
        tree = getenv("srcdir"); /* as make and scripts/check-valgrind say it */
    ck_assert_ptr_nonnull(data);
    (void)snprintf(path, sizeof(path), "%s/%s", tree != NULL ? tree : ".", name);
    file = fopen(path, "re");
    ck_assert_msg(file != NULL, "cannot open %s", path);
    *size = fread(data, 1, FILE_BYTES_MAX, file);
    ck_assert_int_eq(fclose(file), 0);
    data[*size] = '\0';
    return data;
}

START_TEST(they_are_the_files)
{
    scene s;

    scene_open(&s, NULL);
    for (size_t i = 0; i < SCENE_COUNT(assets); i++) {
        size_t size = 0;
        char *data = read_source(assets[i].file, &size), etag[100];

        ck_assert_int_eq(scene_ask(&s, "GET", assets[i].path, NULL), 200);
        ck_assert_str_eq(scene_header(&s, "Content-Type"), assets[i].type);
        ck_assert_uint_eq(s.body_size, size);
        ck_assert_mem_eq(s.body, data, size);
        (void)snprintf(etag, sizeof(etag), "if-none-match: %s", scene_header(&s, "ETag"));
        ck_assert_int_eq(scene_ask(&s, "GET", assets[i].path, etag, NULL), 304);
        ck_assert_uint_eq(s.body_size, 0);
        ck_assert_int_eq(scene_ask(&s, "GET", assets[i].path, "if-none-match: \"0\"", NULL), 200);
        ck_assert_int_eq(scene_ask(&s, "POST", assets[i].path, NULL), 405);
        free(data);
    }
    scene_close(&s);
}
END_TEST

/* A browser gets a policy that runs scripts and styles of this server's own files only, so the page must do without any in it. */
START_TEST(the_page_obeys_its_policy)
{
    const char *policy, *at;
    size_t size = 0;
    char *script;
    scene s;

    scene_open(&s, NULL);
    ck_assert_int_eq(scene_ask(&s, "GET", "/", NULL), 200);
    policy = scene_header(&s, "Content-Security-Policy");
    ck_assert_ptr_nonnull(policy);
    ck_assert_ptr_nonnull(strstr(policy, "default-src 'none'; script-src 'self'; style-src 'self';"));
    ck_assert_ptr_null(strstr(policy, "unsafe"));
    for (at = strstr(s.body, "<script"); at != NULL; at = strstr(at + 1, "<script"))
        ck_assert_msg(strncmp(at, "<script src=\"/app.js\" defer></script>", 37) == 0, "%.60s", at);
    ck_assert_ptr_null(strstr(s.body, "<style"));
    ck_assert_ptr_null(strstr(s.body, " style="));
    for (at = strstr(s.body, " on"); at != NULL; at = strstr(at + 1, " on")) {
        size_t letters = strspn(at + 1, "abcdefghijklmnopqrstuvwxyz");

        ck_assert_msg(at[1 + letters] != '=', "%.40s", at);
    }
    ck_assert_ptr_null(strstr(s.body, "://"));
    /* Texts of files and answers are never taken for HTML. */
    script = read_source("server/page/app.js", &size);
    ck_assert_ptr_null(strstr(script, "innerHTML"));
    ck_assert_ptr_null(strstr(script, "insertAdjacentHTML"));
    ck_assert_ptr_null(strstr(script, "eval("));
    ck_assert_ptr_null(strstr(script, "://"));
    free(script);
    scene_close(&s);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {they_are_the_files, the_page_obeys_its_policy};

    return scene_run("server assets", tests, SCENE_COUNT(tests));
}
