/* What the cache reads of others: the URL of Redis, and answers as they stand in an entry. The first byte says which ('u': a URL). */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "cache/cache.h"
#include "cache/redis.h"
#include "query/answers.h"

static void read_url(const uint8_t *data, size_t size)
{
    char *url = malloc(size + 1);
    ti_redis_address address, again;

    CHECK(url != NULL);
    memcpy(url, data, size);
    url[size] = '\0';
    if (ti_redis_url_parse(url, &address, NULL) == TICKER_OK) {
        CHECK(address.host[0] != '\0' && memchr(address.host, '\0', sizeof(address.host)) != NULL);
        CHECK(memchr(address.password, '\0', sizeof(address.password)) != NULL);
        CHECK(address.user[0] == '\0' || address.password[0] != '\0');
        CHECK(address.port >= 0 && address.port <= 65535 && address.database >= 0);
        CHECK(address.port != 0 || address.host[0] == '/');
        CHECK(ti_redis_url_parse(url, &again, NULL) == TICKER_OK && memcmp(&address, &again, sizeof(again)) == 0);
    }
    free(url);
}

static void look_at(ticker_answer *answer)
{
    const char *next;
    size_t sum = 0;

    if (answer == NULL)
        return;
    for (size_t i = 0; i < ticker_answer_size(answer); i++)
        sum += ((const unsigned char *)ticker_answer_data(answer))[i];
    next = ticker_answer_next(answer);
    sum += strlen(ticker_answer_etag(answer)) + (next != NULL ? strlen(next) : 0);
    CHECK(next == NULL || strlen(next) < TICKER_QUERY_CURSOR_MAX);
    CHECK(sum < SIZE_MAX);
    ticker_answer_free(answer);
}

/* As they are, and with good facts behind them. */
static void read_entry(const uint8_t *data, size_t size)
{
    ti_answer_facts facts = {.rows = size, .more = size % 2 == 1, .found = true, .next = size % 2 == 1 ? "abc" : NULL};
    void *copy = malloc(size + 1);
    ticker_cache_entry *entry;
    ticker_answer *answer;
    ti_buffer bytes;

    CHECK(copy != NULL);
    memcpy(copy, data, size);
    entry = ti_entry_new(copy, size);
    CHECK(entry != NULL);
    look_at(ti_answer_open(entry));
    ti_buffer_init(&bytes, size + 1000);
    CHECK(ti_buffer_append(&bytes, data, size) && ti_answer_seal(&bytes, "json", &facts));
    entry = ti_entry_new(bytes.data, bytes.size);
    CHECK(entry != NULL);
    answer = ti_answer_open(entry);
    CHECK(answer != NULL && ticker_answer_size(answer) == size);
    CHECK(memcmp(ticker_answer_data(answer), data, size) == 0 && ticker_answer_rows(answer) == size);
    CHECK((ticker_answer_next(answer) != NULL) == (size % 2 == 1) && ticker_answer_more(answer) == (size % 2 == 1));
    look_at(answer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0 || size > 16 * 1024)
        return 0;
    if (data[0] == 'u')
        read_url(data + 1, size - 1);
    else
        read_entry(data + 1, size - 1);
    return 0;
}
