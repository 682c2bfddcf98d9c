/* The reader of ~/.aws/config and ~/.aws/credentials. The first byte of the input says which ('c': config), the rest is the
 * file. What is read must not change when the file has other line ends or a comment behind it. */
#include "fuzz.h"

#include <string.h>
#include <tickerimport/limits.h>

#include "aws/ini.h"
#include "base/error.h"

static const char *const keys[] = {"region", "aws_access_key_id", "aws_secret_access_key", "s3.endpoint_url", "a",
                                   "b.c"};

static void check_value(const char *value)
{
    size_t size = strlen(value);

    if (size == 0)
        return;
    CHECK(size <= TICKER_INI_BYTES_MAX);
    CHECK(strchr(" \t\r\n", value[0]) == NULL && strchr(" \t\r\n", value[size - 1]) == NULL);
}

/* NULL, NULL is the same too. */
static int same(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static void compare(const ti_ini *a, const ti_ini *b)
{
    for (size_t i = 0; i == 0 || ti_ini_profile(a, i - 1) != NULL; i++) {
        const char *name = ti_ini_profile(a, i);

        CHECK(same(name, ti_ini_profile(b, i)));
        for (size_t k = 0; name != NULL && k < sizeof(keys) / sizeof(keys[0]); k++) {
            unsigned line = 0, other = 0;
            const char *value = ti_ini_value(a, TI_INI_PROFILE, name, keys[k], &line);

            CHECK(ti_ini_has(a, TI_INI_PROFILE, name));
            CHECK(same(value, ti_ini_value(b, TI_INI_PROFILE, name, keys[k], &other)));
            CHECK(line == other && (line > 0) == (value != NULL));
            if (value != NULL)
                check_value(value);
        }
    }
    CHECK(ti_ini_has(a, TI_INI_SERVICES, "s") == ti_ini_has(b, TI_INI_SERVICES, "s"));
    CHECK(same(ti_ini_value(a, TI_INI_SERVICES, "s", "s3.endpoint_url", NULL),
               ti_ini_value(b, TI_INI_SERVICES, "s", "s3.endpoint_url", NULL)));
}

/* The same file with CRLF for LF and a comment at its end; NULL when it has grown past the caps. */
static ti_ini *read_again(ti_ini_kind kind, ti_slice text)
{
    static const char comment[] = "\n  # the end\n";
    char *copy = malloc(text.size * 2 + sizeof(comment));
    ti_ini *ini = NULL;
    ticker_error error;
    size_t size = 0;

    CHECK(copy != NULL);
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] == '\n')
            copy[size++] = '\r';
        copy[size++] = text.data[i];
    }
    memcpy(copy + size, comment, sizeof(comment) - 1);
    ti_error_init(&error);
    if (ti_ini_read(kind, (ti_slice){copy, size + sizeof(comment) - 1}, "again", &ini, &error) != TICKER_OK)
        CHECK(error.kind == TICKER_ERROR_LIMIT);
    free(copy);
    return ini;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ti_ini_kind kind = size > 0 && data[0] == 'c' ? TI_INI_CONFIG : TI_INI_CREDENTIALS;
    ti_slice text = {(const char *)data + (size > 0), size - (size > 0)};
    ti_ini *ini = NULL, *again;
    ticker_error error;
    ticker_status status;

    ti_error_init(&error);
    status = ti_ini_read(kind, text, "file", &ini, &error);
    CHECK((status == TICKER_OK) == (ini != NULL));
    if (status != TICKER_OK) {
        CHECK(status == TICKER_FATAL && (error.kind == TICKER_ERROR_USAGE || error.kind == TICKER_ERROR_LIMIT));
        CHECK(strcmp(error.file, "file") == 0 && error.message[0] != '\0');
        return 0;
    }
    again = read_again(kind, text);
    if (again != NULL)
        compare(ini, again);
    ti_ini_free(again);
    ti_ini_free(ini);
    return 0;
}
