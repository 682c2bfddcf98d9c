/* One answer: its bytes, and behind them in the same entry of the cache what is known of it. */
#include "query/answers.h"

#include <stdlib.h>

#include "base/encode.h"
#include "base/hash.h"

#define MAGIC 0x31414954u /* also tells machines of another byte order */

/* At the end of an entry; before it the next page's cursor and a NUL, before that the bytes. */
typedef struct tail {
    uint32_t magic, next_size; /* with its NUL; 0: none */
    uint64_t rows;
    unsigned char more, found;
    char etag[TI_ANSWER_TAG_MAX];
} tail;

/* Over the bytes, the tail without its tag, and the format: two formats of nothing are not the same. */
static bool make_tag(const ti_buffer *bytes, const char *format, tail *last)
{
    unsigned char digest[TI_SHA256_BYTES];
    ti_sha256 *hash = ti_sha256_new();
    bool made = hash != NULL && ti_sha256_update(hash, format, strlen(format) + 1) &&
                ti_sha256_update(hash, last, sizeof(*last)) && ti_sha256_update(hash, bytes->data, bytes->size) &&
                ti_sha256_digest(hash, digest);

    ti_sha256_free(hash);
    if (made)
        ti_hex(digest, (TI_ANSWER_TAG_MAX - 1) / 2, last->etag);
    return made;
}

bool ti_answer_seal(ti_buffer *bytes, const char *format, const ti_answer_facts *facts)
{
    tail last;

    memset(&last, 0, sizeof(last)); /* what lies between the members is hashed too */
    last.magic = MAGIC;
    last.rows = facts->rows;
    last.more = facts->more;
    last.found = facts->found;
    if (facts->next != NULL) {
        last.next_size = (uint32_t)strlen(facts->next) + 1;
        (void)ti_buffer_append(bytes, facts->next, last.next_size);
    }
    if (ti_buffer_failed(bytes) || !make_tag(bytes, format, &last))
        return false;
    return ti_buffer_append(bytes, &last, sizeof(last));
}

ticker_answer *ti_answer_open(ticker_cache_entry *entry)
{
    const char *data = ticker_cache_entry_data(entry);
    size_t size = ticker_cache_entry_size(entry);
    ticker_answer *answer = size >= sizeof(tail) ? malloc(sizeof(*answer)) : NULL;
    tail last;

    if (answer == NULL)
        goto fail;
    size -= sizeof(last);
    memcpy(&last, data + size, sizeof(last));
    if (last.magic != MAGIC || last.next_size > size || last.next_size > TICKER_QUERY_CURSOR_MAX ||
        memchr(last.etag, '\0', sizeof(last.etag)) == NULL || (last.next_size > 0 && data[size - 1] != '\0'))
        goto fail;
    answer->entry = entry;
    answer->data = data;
    answer->size = size - last.next_size;
    answer->next = last.next_size > 0 ? data + answer->size : NULL;
    answer->rows = last.rows;
    answer->more = last.more != 0;
    answer->found = last.found != 0;
    memcpy(answer->etag, last.etag, sizeof(answer->etag));
    return answer;
fail:
    free(answer);
    ticker_cache_entry_free(entry);
    return NULL;
}

const void *ticker_answer_data(const ticker_answer *answer)
{
    return answer->data;
}

size_t ticker_answer_size(const ticker_answer *answer)
{
    return answer->size;
}

const char *ticker_answer_etag(const ticker_answer *answer)
{
    return answer->etag;
}

uint64_t ticker_answer_rows(const ticker_answer *answer)
{
    return answer->rows;
}

int ticker_answer_more(const ticker_answer *answer)
{
    return answer->more;
}

const char *ticker_answer_next(const ticker_answer *answer)
{
    return answer->next;
}

int ticker_answer_found(const ticker_answer *answer)
{
    return answer->found;
}

void ticker_answer_free(ticker_answer *answer)
{
    if (answer == NULL)
        return;
    ticker_cache_entry_free(answer->entry);
    free(answer);
}
