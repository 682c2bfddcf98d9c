/* Signing when memory runs out: each allocation fails once, and the call says so. And what signing leaves in memory that
 * it gave back: neither the secret key nor the session token. Linked so that the library's calls come through here. */
#include "support.h"

#include <malloc.h>
#include <stdlib.h>

#include "signing.h"

#define TOKEN "TokenThatNobodyShouldFind/+="
#define ENCODED_TOKEN "TokenThatNobodyShouldFind%2F%2B%3D"

/* Volatile, because the compiler takes malloc() and free() for functions that do not change them. fail_at 0: never. */
static volatile unsigned long allocations, fail_at, found;
static volatile bool looking;

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void __real_free(void *memory);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);
char *__wrap_strdup(const char *text);
void __wrap_free(void *memory);

static bool fails(void)
{
    return looking && ++allocations == fail_at;
}

/* All memory is set to 0, so that all of it may be looked at later. */
void *__wrap_malloc(size_t size)
{
    return fails() ? NULL : __real_calloc(1, size > 0 ? size : 1);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return fails() ? NULL : __real_calloc(count, size);
}

void __wrap_free(void *memory)
{
    static const char *const secrets[] = {EXAMPLE_SECRET, TOKEN, ENCODED_TOKEN};
    size_t size = memory != NULL ? malloc_usable_size(memory) : 0;

    for (size_t i = 0; looking && i < COUNT(secrets); i++) {
        size_t length = strlen(secrets[i]);

        for (size_t at = 0; at + length <= size; at++)
            found += memcmp((const char *)memory + at, secrets[i], length) == 0;
    }
    __real_free(memory);
}

/* Always moves, as realloc() may. */
void *__wrap_realloc(void *memory, size_t size)
{
    size_t old = memory != NULL ? malloc_usable_size(memory) : 0;
    char *moved = __wrap_malloc(size);

    if (moved == NULL)
        return NULL;
    if (memory != NULL)
        memcpy(moved, memory, old < size ? old : size);
    __wrap_free(memory);
    return moved;
}

char *__wrap_strdup(const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = __wrap_malloc(size);

    if (copy != NULL)
        memcpy(copy, text, size);
    return copy;
}

typedef struct variant {
    const char *service, *expires, *query;
} variant;

/* Check allocates too: none of its assertions in here. */
static ticker_status sign(ticker_signing *signing, const variant *of, ticker_error *error)
{
    const char *const values[][2] = {
        {"access-key", EXAMPLE_KEY}, {"secret-key", EXAMPLE_SECRET}, {"session-token", TOKEN},
        {"region", "us-east-1"},     {"service", of->service},       {"time", "20150830T123600Z"},
        {"path", "/a/b/../c%20d"},   {"query", of->query},           {"expires", of->expires}};
    ticker_status status = ticker_signing_header(signing, "host", "h", error);
    const char *text;

    for (size_t i = 0; status == TICKER_OK && i < COUNT(values); i++)
        status = ticker_signing_set(signing, values[i][0], values[i][1], error);
    if (status == TICKER_OK)
        status = ticker_signing_body(signing, "body", 4, error);
    if (status == TICKER_OK)
        status = ticker_signing_canonical_request(signing, &text, error);
    if (status == TICKER_OK)
        status = ticker_signing_string_to_sign(signing, &text, error);
    if (status == TICKER_OK)
        status = ticker_signing_authorization(signing, &text, error);
    return status;
}

/* True: it never came to that many allocations. */
static bool failing(const variant *of, unsigned long n)
{
    ticker_status status = TICKER_FATAL;
    ticker_signing *signing;
    ticker_error error;

    ti_error_init(&error);
    allocations = found = 0;
    fail_at = n;
    looking = true;
    signing = ticker_signing_new();
    if (signing != NULL)
        status = sign(signing, of, &error);
    fail_at = 0;
    if (signing != NULL && status == TICKER_FATAL)
        status = sign(signing, of, NULL) == TICKER_OK ? TICKER_RETRY : TICKER_FATAL; /* it works when there is memory */
    ticker_signing_free(signing);
    looking = false;
    ck_assert_msg(found == 0, "allocation %lu: %lu secrets left", n, found);
    if (allocations < n) {
        ck_assert_int_eq(status, TICKER_OK);
        return true;
    }
    if (signing != NULL && status != TICKER_OK) {
        ck_assert_msg(status == TICKER_RETRY && error.kind == TICKER_ERROR_MEMORY, "allocation %lu: %s", n,
                      error.message);
    }
    return false;
}

START_TEST(each_allocation_fails)
{
    static const char many[] = "a&b=%20&c&d&e&f&g&h&i&j&k&l&m&n&o&p&q&r&s&t&u&v&w&x&y&z&aa&ab&ac&ad";
    static const variant variants[] = {{"s3", "0", ""}, {"s3", "60", many}, {"sqs", "0", many}, {"sqs", "60", "a=b"}};

    for (size_t i = 0; i < COUNT(variants); i++) {
        unsigned long n = 1;

        while (!failing(&variants[i], n))
            n++;
        ck_assert_uint_gt(n, 20);
    }
}
END_TEST

/* The look itself works. */
START_TEST(what_is_left_is_found)
{
    char *volatile text; /* or the compiler leaves all of it out */

    found = 0;
    looking = true;
    text = strdup("x" TOKEN "x");
    free(text);
    looking = false;
    ck_assert_uint_eq(found, 1);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {each_allocation_fails, what_is_left_is_found};

    return run_tests("signing memory", tests, COUNT(tests));
}
