#define _GNU_SOURCE 1 /* nftw() */
#include "upload_scene.h"

#include <ftw.h>
#include <stdio.h>

static int files;

static int count_one(const char *path, const struct stat *status, int kind, struct FTW *walk)
{
    (void)path;
    (void)walk;
    files += kind == FTW_F && S_ISREG(status->st_mode);
    return 0;
}

int stored(const scene *s)
{
    char path[128];

    files = 0;
    (void)snprintf(path, sizeof path, "%s/uploads", s->folder);
    (void)nftw(path, count_one, 16, FTW_PHYS);
    return files;
}

static const char *unwanted;

static int remove_named(const char *path, const struct stat *status, int kind, struct FTW *walk)
{
    (void)status;
    return kind == FTW_F && strcmp(path + walk->base, unwanted) == 0 ? remove(path) : 0;
}

void remove_stored(const scene *s, const char *name)
{
    char path[128];

    unwanted = name;
    (void)snprintf(path, sizeof path, "%s/uploads", s->folder);
    ck_assert_int_eq(nftw(path, remove_named, 16, FTW_PHYS), 0);
}

ticker_store *open_store(const scene *s)
{
    ticker_store *store = NULL;

    ck_assert_int_eq(ticker_store_open(s->options, &store, NULL), TICKER_OK);
    ck_assert_int_eq(ticker_store_migrate(store, NULL), TICKER_OK);
    return store;
}

static int drop(const void *data, size_t size, void *payload)
{
    (void)data;
    (void)size;
    (void)payload;
    return 0;
}

int rows_of(const scene *s, const char *kind, const char *name, const char *value)
{
    ticker_store *store = open_store(s);
    ticker_query *query = ticker_query_new(kind);
    uint64_t rows = 0;

    if (name != NULL)
        ck_assert_int_eq(ticker_query_set(query, name, value, NULL), TICKER_OK);
    ck_assert_int_eq(ticker_query_run(query, store, "ndjson", drop, NULL, &rows, NULL, NULL), TICKER_OK);
    ticker_query_free(query);
    ticker_store_free(store);
    return (int)rows;
}

void messages(const scene *s, int64_t waiting, int64_t dead)
{
    ticker_store *store = open_store(s);
    ticker_queue *queue = NULL;
    int64_t found = -1, found_dead = -1;

    ck_assert_int_eq(ticker_queue_open(s->options, NULL, store, &queue, NULL), TICKER_OK);
    ck_assert_int_eq(ticker_queue_counts(queue, &found, NULL, &found_dead, NULL), TICKER_OK);
    ck_assert_int_eq(found, waiting);
    ck_assert_int_eq(found_dead, dead);
    ticker_queue_free(queue);
    ticker_store_free(store);
}

void holds(const scene *s, int count)
{
    ck_assert_int_eq(stored(s), count);
    ck_assert_int_eq(rows_of(s, "imports", NULL, NULL), count);
    messages(s, count, 0);
}

front_json *answer(const scene *s)
{
    front_json *json = front_json_read(s->body, s->body_size);

    ck_assert_msg(json != NULL, "%s", s->body);
    return json;
}

/* Of the answer, by the text that has to be in it. */
void says(const scene *s, const char *text)
{
    ck_assert_msg(strstr(s->body, text) != NULL, "\"%s\" is not in %s", text, s->body);
}

void give(scene *s, const void *data, size_t size, size_t piece)
{
    s->send = data;
    s->send_size = size;
    s->send_piece = piece;
}

int post(scene *s, const char *form, size_t piece)
{
    give(s, form, strlen(form), piece);
    return scene_ask(s, "POST", "/api/quotes/upload", FORM, NULL);
}
