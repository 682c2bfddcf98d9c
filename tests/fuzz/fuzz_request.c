/* The head of a request. The input's first line is "METHOD TARGET", the others are headers. Whatever comes in: an answer with a known
 * status, whose headers begin no other ones, and whose problems are JSON; and the next request is answered as if this one had not been. */
#include "fuzz.h"

#include <string.h>

#include "life.h"
#include "server.h"

#define TEXT_MAX 40000

static front_console console;
static ticker_options *options;
static server *made;
static life
    *volatile stands; /* kept, so that it is no leak; volatile, or the compiler keeps nothing that nobody reads */

static void make_server(void)
{
    front_exit result;
    ticker_error *error = ticker_error_new();

    front_console_init(&console, "fuzz");
    console.quiet = true;
    options = ticker_options_new();
    CHECK(options != NULL && error != NULL);
    CHECK(ticker_options_set(options, "access-log", "none", error) == TICKER_OK);
    CHECK(ticker_options_set(options, "cors-origin", "https://a.example", error) == TICKER_OK);
    ticker_error_free(error);
    made = server_new(options, &console, &result);
    CHECK(made != NULL);
    stands = life_begin_once(made, &result); /* connects to nothing, as nothing is worked on */
    CHECK(stands != NULL);
}

static void check_answer(const exchange *x)
{
    static const int known[] = {200, 204, 304, 400, 401, 403, 404, 405, 406, 413, 414, 431};
    size_t i = 0;

    while (i < sizeof known / sizeof known[0] && known[i] != x->status)
        i++;
    CHECK(i < sizeof known / sizeof known[0]);
    CHECK(x->answer_count <= EXCHANGE_ANSWER_HEADERS_MAX);
    for (i = 0; i < x->answer_count; i++)
        CHECK(strpbrk(x->answer[i].name, "\r\n: ") == NULL && strpbrk(x->answer[i].value, "\r\n") == NULL);
    CHECK(strcmp(exchange_answer_header(x, "X-Request-Id"), x->id) == 0);
    if (x->status < 400)
        return;
    CHECK(strcmp(exchange_answer_header(x, "Content-Type"), "application/problem+json") == 0);
    CHECK(x->body_size > 2 && ((const char *)x->body)[0] == '{' && ((const char *)x->body)[x->body_size - 1] == '}');
    for (i = 0; i < x->body_size; i++)
        CHECK(((const unsigned char *)x->body)[i] >= 0x20);
}

static void ask_server(exchange *x)
{
    char line[LOG_LINE_MAX];
    size_t size;

    if (server_begin(made, x) == SERVER_ANSWERED)
        check_answer(x);
    else
        CHECK(x->status == 0);
    size = log_describe(x, 0, 0, line, sizeof line);
    CHECK(size > 2 && size <= sizeof line && line[size - 1] == '\n' && line[size - 2] == '}');
    server_end(made, x);
    CHECK(x->memory == NULL && x->owner == NULL);
}

/* Cuts the text at the next line end and returns what is behind it. */
static char *next_line(char *text)
{
    char *end = strchr(text, '\n');

    if (end == NULL)
        return NULL;
    *end = '\0';
    return end + 1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char text[TEXT_MAX + 1];
    exchange_header headers[EXCHANGE_HEADERS_MAX + 10];
    exchange x, plain;
    char *line, *next, *mark;

    if (made == NULL)
        make_server();
    size = size < TEXT_MAX ? size : TEXT_MAX;
    memcpy(text, data, size);
    text[size] = '\0';
    memset(&x, 0, sizeof x);
    x.query = x.remote = x.scheme = "";
    x.headers = headers;
    next = next_line(text);
    x.method = text;
    mark = strchr(text, ' ');
    x.path = mark != NULL ? mark + 1 : "";
    if (mark != NULL) {
        *mark = '\0';
        mark = strchr(mark + 1, '?');
    }
    if (mark != NULL) {
        *mark = '\0';
        x.query = mark + 1;
    }
    while ((line = next) != NULL && x.header_count < sizeof headers / sizeof headers[0]) {
        next = next_line(line);
        mark = strchr(line, ':');
        if (mark == NULL)
            continue;
        *mark = '\0';
        headers[x.header_count].name = line;
        headers[x.header_count++].value = mark + 1 + strspn(mark + 1, " ");
    }
    ask_server(&x);

    memset(&plain, 0, sizeof plain);
    plain.method = "GET";
    plain.path = "/health/live";
    plain.query = plain.remote = plain.scheme = "";
    CHECK(server_begin(made, &plain) == SERVER_ANSWERED && plain.status == 200 && plain.body_size == 15);
    server_end(made, &plain);
    return 0;
}
