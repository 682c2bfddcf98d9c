/* What is wrong, in the form of RFC 9457. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "json.h"
#include "server.h"

#define DETAIL_MAX 1024 /* bytes of a detail; longer ones are cut */

static const char fallback[] = "{\"type\":\"about:blank\",\"title\":\"Internal Server Error\",\"status\":500}";

static void free_json(void *json)
{
    front_json_free(json);
}

void problem_answer(exchange *x, int status, const char *detail)
{
    front_json *json = front_json_object();
    const char *line;

    exchange_reset(x);
    front_json_text(json, "type", "about:blank");
    front_json_text(json, "title", exchange_reason(status));
    front_json_integer(json, "status", status);
    if (detail != NULL && detail[0] != '\0')
        front_json_text(json, "detail", detail);
    if (x->id[0] != '\0')
        front_json_text(json, "request_id", x->id);
    line = front_json_line(json);
    (void)exchange_put(x, "Cache-Control", "no-store");
    if (line != NULL) {
        exchange_answer(x, status, "application/problem+json", line, strlen(line), free_json, json);
    } else {
        front_json_free(json);
        exchange_answer(x, 500, "application/problem+json", fallback, sizeof fallback - 1, NULL, NULL);
    }
    if (status == 503)
        (void)exchange_set_format(x, "Retry-After", "%d", SERVER_RETRY_SECONDS);
}

void problem_printf(exchange *x, int status, const char *format, ...)
{
    char detail[DETAIL_MAX];
    va_list list;

    va_start(list, format);
    (void)vsnprintf(detail, sizeof detail, format, list);
    va_end(list);
    problem_answer(x, status, detail);
}

void problem_of(server *s, exchange *x, const ticker_error *error)
{
    char text[FRONT_MESSAGE_MAX];

    (void)ticker_error_format(error, text, sizeof text);
    if (ticker_error_status(error) == TICKER_RETRY) {
        front_detail(s->console, "request %s: %s", x->id, text);
        problem_answer(x, 503, "a service that is needed for the answer cannot be reached; try again in a moment");
        return;
    }
    front_error(s->console, "request %s: %s", x->id, text);
    problem_answer(x, 500, "the server could not do it; its log says more under this request's id");
}

void problem_of_question(server *s, exchange *x, const ticker_error *error)
{
    const char *hint = ticker_error_hint(error);

    if (ticker_error_get_kind(error) == TICKER_ERROR_USAGE)
        problem_printf(x, 400, "%s%s%s", ticker_error_message(error), hint[0] != '\0' ? "; " : "", hint);
    else
        problem_of(s, x, error);
}
