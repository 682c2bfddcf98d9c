/* Quotes, trades, summaries, tickers and imports: a question made of the
 * request, handed to the library, and its answer sent. */
#include <inttypes.h>
#include <string.h>

#include "server.h"
#include "text.h"

/* What the kind of the library's query calls what stands for {…} in the path.
 */
static const char *segment_name(const server_route *route)
{
    return strcmp(route->kind, "imports") == 0 ? "id" : "ticker";
}

/* Lists have pages; all quotes of one ticker and single objects have none
 * unless a limit is asked for. */
static bool is_paged(const server_route *route)
{
    return strstr(route->pattern, "{id}") == NULL && strcmp(route->kind, "summary") != 0 &&
           strcmp(route->pattern, "/api/quotes/{ticker}") != 0;
}

static bool has_parameter(const server_route *route, const char *name)
{
    for (size_t i = 0; route->parameters[i] != NULL; i++)
        if (strcmp(route->parameters[i], name) == 0)
            return true;
    return false;
}

/* --- From the request to the question. */

static bool set(server *s, exchange *x, ticker_query *query, const char *name, const char *value, ticker_error *error)
{
    if (ticker_query_set(query, name, value, error) == TICKER_OK)
        return true;
    problem_of_question(s, x, error);
    return false;
}

/* "all" is for downloads: it leaves the query without a limit, and the answer
 * is streamed. */
static bool set_limit(server *s, exchange *x, const request *r, ticker_query *query, ticker_error *error)
{
    const char *given = request_value(r, "limit");
    int64_t rows = 0;

    if (!has_parameter(r->route, "limit"))
        return true;
    if (given == NULL || given[0] == '\0')
        return !is_paged(r->route) || set(s, x, query, "limit", SERVER_ROWS_DEFAULT_TEXT, error);
    if (strcmp(given, "all") == 0)
        return true;
    if (front_parse_number(given, 1, SERVER_ROWS_MAX, &rows))
        return set(s, x, query, "limit", given, error);
    problem_printf(x, 400, "limit cannot be \"%.32s\"; write a whole number from 1 to %d, or all", given,
                   SERVER_ROWS_MAX);
    return false;
}

/* A form sends fields that were left empty; they ask for nothing. But no ticker
 * is not every ticker. */
static bool is_left_out(const server_parameter *parameter)
{
    return strcmp(parameter->name, "format") == 0 || strcmp(parameter->name, "limit") == 0 ||
           (parameter->value[0] == '\0' && strcmp(parameter->name, "ticker") != 0);
}

static bool fill_query(server *s, exchange *x, const request *r, ticker_query *query, ticker_error *error)
{
    if (strcmp(r->route->kind, "imports") == 0 && !set(s, x, query, "location", "key", error))
        return false;
    if (r->segment != NULL && !set(s, x, query, segment_name(r->route), r->segment, error))
        return false;
    for (size_t i = 0; i < r->parameter_count; i++)
        if (!is_left_out(&r->parameters[i]) && !set(s, x, query, r->parameters[i].name, r->parameters[i].value, error))
            return false;
    if (!set_limit(s, x, r, query, error))
        return false;
    if (ticker_query_check(query, error) == TICKER_OK)
        return true;
    problem_of_question(s, x, error);
    return false;
}

/* --- From the answer to the response. */

/* The path of the request, written anew. */
static const char *own_path(exchange *x, const request *r)
{
    const char *pattern = r->route->pattern, *open = strchr(pattern, '{'), *segment;

    if (open == NULL)
        return pattern;
    segment = encode_text(x, r->segment);
    return segment != NULL
               ? exchange_printf(x, "%.*s%s%s", (int)(open - pattern), pattern, segment, strchr(open, '}') + 1)
               : NULL;
}

/* The same question with the cursor in it, relative to the server: whatever it is called from outside. 0, or the status that refuses
 * the question: a link that is too long could not be followed, and an answer without it would look whole. */
static int set_next(exchange *x, const request *r, const char *cursor)
{
    const char *path = own_path(x, r),
               *target = path != NULL ? exchange_printf(x, "<%s?cursor=%s", path, cursor) : NULL;

    for (size_t i = 0; i < r->parameter_count && target != NULL; i++) {
        const server_parameter *parameter = &r->parameters[i];
        const char *value;

        if (strcmp(parameter->name, "cursor") == 0 || parameter->value[0] == '\0')
            continue;
        value = encode_text(x, parameter->value);
        target = value != NULL ? exchange_printf(x, "%s&%s=%s", target, parameter->name, value) : NULL;
    }
    if (target != NULL && strlen(target) - strlen(path) - 2 > EXCHANGE_QUERY_MAX)
        return 414;
    return target != NULL && exchange_put(x, "Link", exchange_printf(x, "%s>; rel=\"next\"", target)) ? 0 : 500;
}

static void not_found(exchange *x, const request *r)
{
    if (strcmp(r->route->kind, "imports") == 0)
        problem_printf(x, 404, "there is no import %.64s", r->segment);
    else if (strcmp(r->route->kind, "summary") == 0)
        problem_printf(x, 404, "there are no quotes of %.64s, or none on the days that were asked for", r->segment);
    else
        problem_printf(x, 404, "there is no ticker \"%.64s\"; %s", r->segment,
                       strpbrk(r->segment, "abcdefghijklmnopqrstuvwxyz") != NULL ? "the codes are in capitals"
                                                                                 : "/api/tickers?q=… looks for one");
}

/* Before the body: what the client may keep, and by what it is the same. */
static bool set_common(exchange *x, const char *etag)
{
    const char *vary = exchange_answer_header(x, "Vary");
    bool done = exchange_put(x, "Cache-Control", "no-cache") &&
                exchange_put(x, "Vary", vary != NULL ? "Accept, Origin" : "Accept");

    return done && (etag[0] == '\0' || exchange_set(x, "ETag", etag));
}

/* An answer that goes out, and what it counts as. */
typedef struct held {
    server *server;
    ticker_answer *answer;
    int64_t bytes;
} held;

static void free_held(void *owner)
{
    const held *it = owner;

    (void)atomic_fetch_sub(&it->server->held, it->bytes);
    ticker_answer_free(it->answer);
}

/* Takes the answer over. How fast clients take theirs is up to them, so what all of them may keep waiting has an end. NULL after
 * answering. */
static held *hold(server *s, exchange *x, ticker_answer *answer)
{
    size_t size = ticker_answer_size(answer);
    held *it = exchange_memory(x, sizeof *it);

    if (it == NULL) {
        ticker_answer_free(answer);
        problem_answer(x, 500, NULL);
        return NULL;
    }
    *it = (held){s, answer, size > SERVER_LONG_ANSWER ? (int64_t)size : 0};
    if (atomic_fetch_add(&s->held, it->bytes) + it->bytes <= SERVER_HELD_MAX || it->bytes == 0)
        return it;
    free_held(it);
    problem_answer(x, 503, "too many long answers are on their way; try again in a moment, or ask for less");
    return NULL;
}

/* The ETag of an answer as it is sent; "" when it has none. */
static const char *etag_of(exchange *x, const ticker_answer *answer)
{
    const char *mark = ticker_answer_etag(answer);

    return mark[0] != '\0' ? exchange_printf(x, "\"%s\"", mark) : "";
}

/* Takes the answer over. */
static void send_answer(server *s, exchange *x, const request *r, ticker_answer *answer)
{
    held *it;
    const char *etag = etag_of(x, answer), *next = ticker_answer_next(answer);
    int wrong = 500;

    /* A list may be empty; a summary of nothing is not there. */
    if (r->segment != NULL &&
        (!ticker_answer_found(answer) || (strcmp(r->route->kind, "summary") == 0 && ticker_answer_rows(answer) == 0))) {
        ticker_answer_free(answer);
        not_found(x, r);
        return;
    }
    if (etag != NULL && set_common(x, etag) &&
        exchange_set_format(x, "X-Row-Count", "%" PRIu64, ticker_answer_rows(answer)))
        wrong = next != NULL ? set_next(x, r, next) : 0;
    if (wrong != 0) {
        ticker_answer_free(answer);
        problem_answer(x, wrong,
                       wrong == 414 ? "the address of the next page would be too long; ask for less at once" : NULL);
    } else if (etag[0] != '\0' && etag_matches(x, etag)) {
        ticker_answer_free(answer);
        exchange_empty(x, 304);
    } else if ((it = hold(s, x, answer)) != NULL) {
        exchange_answer(x, 200, format_type(r->format), ticker_answer_data(answer), ticker_answer_size(answer),
                        free_held, it);
    }
}

/* --- Answers that are too large to be held. */

typedef struct stream {
    server *server;
    exchange *x;
    bool counted;
} stream;

/* A download keeps a thread and a connection for as long as its client takes. Half of them stay free for everybody else. */
static bool count_stream(stream *to)
{
    server *s = to->server;
    unsigned others = atomic_fetch_add(&s->streams, 1);

    if (others < s->streams_max && others + atomic_load(&s->receiving) < s->long_max) {
        to->counted = true;
        return true;
    }
    (void)atomic_fetch_sub(&s->streams, 1);
    problem_answer(to->x, 503, "too many downloads are running; try again in a moment");
    return false;
}

/* Before the database is asked: does the client have it? "*" cannot be told yet: there may be no such thing. */
static int stream_known(const ticker_answer *head, void *payload)
{
    exchange *x = ((stream *)payload)->x;
    const char *etag = etag_of(x, head), *wanted = exchange_header_of(x, "if-none-match");

    if (etag == NULL || etag[0] == '\0' || wanted == NULL || wanted[strspn(wanted, " \t")] == '*' ||
        !etag_matches(x, etag) || !set_common(x, etag))
        return 0;
    exchange_empty(x, 304);
    return 1;
}

static int stream_begin(const ticker_answer *head, void *payload)
{
    exchange *x = ((stream *)payload)->x;
    const request *r = x->route;
    const char *etag = etag_of(x, head);

    if (!count_stream(payload))
        return 1;
    if (etag == NULL || !set_common(x, etag) || !exchange_put(x, "Content-Type", format_type(r->format)))
        return 1;
    x->status = 200;
    return x->ops->start(x, -1) && !x->head ? 0 : 1;
}

static int stream_write(const void *data, size_t size, void *payload)
{
    exchange *x = ((stream *)payload)->x;

    return x->ops->write(x, data, size) ? 0 : 1;
}

static void free_query(void *query)
{
    ticker_query_free(query);
}

/* --- The two steps. */

static server_step begin(server *s, exchange *x, request *r)
{
    ticker_query *query = ticker_query_new(r->route->kind);
    ticker_error *error = ticker_error_new();
    ticker_answer *answer = NULL;
    bool good;

    r->state = query;
    r->free_state = free_query;
    if (query == NULL || error == NULL) {
        ticker_error_free(error);
        problem_answer(x, 500, NULL);
        return SERVER_ANSWERED;
    }
    good = fill_query(s, x, r, query, error);
    ticker_error_free(error);
    if (!good)
        return SERVER_ANSWERED;
    if (ticker_answers_look(s->answers, query, format_name(r->format), &answer) != TICKER_OK)
        return SERVER_WORK;
    send_answer(s, x, r, answer);
    return SERVER_ANSWERED;
}

static void work(server *s, exchange *x, request *r)
{
    stream to = {s, x, false};
    ticker_answer_sink sink = {sizeof sink, stream_known, stream_begin, stream_write, &to};
    ticker_error *error = ticker_error_new();
    ticker_answer *answer = NULL;
    ticker_status status;

    if (error == NULL) {
        problem_answer(x, 500, NULL);
        return;
    }
    status = ticker_answers_run(s->answers, r->state, format_name(r->format), &sink, &answer, error);
    if (to.counted)
        (void)atomic_fetch_sub(&s->streams, 1);
    if (x->streamed) {
        x->failed = status != TICKER_DONE && !x->head;
        ticker_answer_free(answer);
    } else if (status == TICKER_OK) {
        send_answer(s, x, r, answer);
    } else if (status != TICKER_DONE) {
        problem_of(s, x, error);
    }
    ticker_error_free(error);
}

static const char *const of_quotes[] = {"ticker", "from",  "to",     "date",   "market", "interval",
                                        "limit",  "order", "cursor", "format", NULL};
static const char *const of_ticker[] = {"from",  "to",    "date",   "market", "interval",
                                        "limit", "order", "cursor", "format", NULL};
static const char *const of_summary[] = {"from", "to", "format", NULL};
static const char *const of_trades[] = {"date", "from", "to", "interval", "limit", "order", "cursor", "format", NULL};
static const char *const of_tickers[] = {"q", "pattern", "market", "limit", "order", "cursor", "format", NULL};
static const char *const of_imports[] = {"status", "limit", "order", "cursor", "format", NULL};
static const char *const of_import[] = {"format", NULL};

#define LIST(path, of, what)                                                                                           \
    {                                                                                                                  \
        .method = "GET", .pattern = path, .scope = SERVER_READ, .formats = SERVER_JSON | SERVER_CSV | SERVER_NDJSON,   \
        .parameters = of, .kind = what, .begin = begin, .work = work                                                   \
    }

const server_route routes_data[] = {
    LIST("/api/quotes", of_quotes, "quotes"),
    LIST("/api/quotes/{ticker}", of_ticker, "quotes"),
    LIST("/api/quotes/{ticker}/summary", of_summary, "summary"),
    LIST("/api/trades/{ticker}", of_trades, "trades"),
    LIST("/api/tickers", of_tickers, "tickers"),
    LIST("/api/imports", of_imports, "imports"),
    LIST("/api/imports/{id}", of_import, "imports"),
    {.method = NULL},
};
