#include "aws/endpoint.h"

#include <stdio.h>

#include "base/error.h"
#include "base/number.h"

#define HTTP_PORT 80
#define HTTPS_PORT 443
#define PORT_MAX 65535
#define BUCKET_LABEL_MIN 3
#define BUCKET_LABEL_MAX 63

static bool letter(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
}

static bool digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

/* --- Endpoints of the user's own ------------------------------------------------------------------------------------------------ */

static ticker_status wrong_url(const char *origin, const char *why, ticker_error *error)
{
    (void)ti_fail(error, TICKER_FATAL, TICKER_ERROR_USAGE, "%s is no endpoint: %s", origin, why);
    ti_error_hint(error, "write it as http://host:port or https://host");
    return TICKER_FATAL;
}

static bool take_host(ti_slice text, ti_endpoint *endpoint)
{
    bool address = text.size > 2 && text.data[0] == '['; /* [::1] */

    if (text.size == 0 || text.size >= sizeof(endpoint->host) || (address && text.data[text.size - 1] != ']'))
        return false;
    for (size_t i = address; i < text.size - address; i++) {
        char byte = text.data[i];

        if (!letter(byte) && !digit(byte) && byte != '.' && (address ? byte != ':' : byte != '-' && byte != '_'))
            return false;
        endpoint->host[i] = byte >= 'A' && byte <= 'Z' ? (char)(byte - 'A' + 'a') : byte;
    }
    if (address) {
        endpoint->host[0] = '[';
        endpoint->host[text.size - 1] = ']';
    }
    endpoint->host[text.size] = '\0';
    return true;
}

static bool take_port(ti_slice text, ti_endpoint *endpoint)
{
    int64_t port;

    if (!ti_parse_integer(text, false, &port) || port < 1 || port > PORT_MAX)
        return false;
    endpoint->port = port == (endpoint->tls ? HTTPS_PORT : HTTP_PORT) ? 0 : (unsigned)port;
    return true;
}

/* What may stand in a path as it is sent; the slashes at its end go. */
static bool take_path(ti_slice text, ti_endpoint *endpoint)
{
    while (text.size > 0 && text.data[text.size - 1] == '/')
        text.size--;
    if (text.size >= sizeof(endpoint->path))
        return false;
    for (size_t i = 0; i < text.size; i++) {
        char byte = text.data[i];

        if (!letter(byte) && !digit(byte) && (byte == '\0' || strchr("/-._~%!$&'()*+,;=:@", byte) == NULL))
            return false;
        endpoint->path[i] = byte;
    }
    endpoint->path[text.size] = '\0';
    return true;
}

ticker_status ti_endpoint_parse(const char *url, const char *origin, ti_endpoint *endpoint, ticker_error *error)
{
    ti_slice host, port = {NULL, 0};
    const char *colon;

    *endpoint = (ti_endpoint){.set = true};
    if (strncmp(url, "https://", 8) == 0)
        endpoint->tls = true;
    else if (strncmp(url, "http://", 7) != 0)
        return wrong_url(origin, "it begins with neither http:// nor https://", error);
    url += endpoint->tls ? 8 : 7;
    host = (ti_slice){url, strcspn(url, "/?#")};
    url += host.size;
    colon = host.size > 0 && host.data[0] == '[' ? memchr(host.data, ']', host.size) : host.data;
    colon = colon != NULL ? memchr(colon, ':', host.size - (size_t)(colon - host.data)) : NULL;
    if (memchr(host.data, '@', host.size) != NULL)
        return wrong_url(origin, "it holds a user", error);
    if (colon != NULL) {
        port = (ti_slice){colon + 1, host.size - (size_t)(colon + 1 - host.data)};
        host.size = (size_t)(colon - host.data);
    }
    if (!take_host(host, endpoint))
        return wrong_url(origin, "it has no proper host", error);
    if (colon != NULL && !take_port(port, endpoint))
        return wrong_url(origin, "its port is none of 1 to 65535", error);
    if (!take_path(ti_slice_of(url), endpoint))
        return wrong_url(origin, "its path is too long, or holds what must be encoded, or is followed by a query",
                         error);
    return TICKER_OK;
}

/* --- AWS's own ------------------------------------------------------------------------------------------------------------------ */

/* The partitions of AWS by the beginning of their regions' names. */
static const char *domain_of(const char *region)
{
    static const struct {
        const char *begin, *domain;
    } partitions[] = {{"cn-", "amazonaws.com.cn"},    {"us-iso-", "c2s.ic.gov"},      {"us-isob-", "sc2s.sgov.gov"},
                      {"eu-isoe-", "cloud.adc-e.uk"}, {"us-isof-", "csp.hci.ic.gov"}, {"eusc-", "amazonaws.eu"}};

    for (size_t i = 0; i < sizeof(partitions) / sizeof(partitions[0]); i++)
        if (strncmp(region, partitions[i].begin, strlen(partitions[i].begin)) == 0)
            return partitions[i].domain;
    return "amazonaws.com";
}

void ti_endpoint_of_aws(const char *service, const char *region, ti_endpoint *endpoint)
{
    *endpoint = (ti_endpoint){.tls = true};
    (void)snprintf(endpoint->host, sizeof(endpoint->host), "%s.%s.%s", service, region, domain_of(region));
}

/* --- Queue URLs ----------------------------------------------------------------------------------------------------------------- */

static ti_slice label_at(const char *at)
{
    return (ti_slice){at, strcspn(at, ".")};
}

/* "us-east-1", "us-gov-west-1": at least two hyphens, and a digit at the end. */
static bool region_like(ti_slice label)
{
    unsigned hyphens = 0;

    for (size_t i = 0; i < label.size; i++)
        hyphens += label.data[i] == '-';
    return hyphens >= 2 && letter(label.data[0]) && digit(label.data[label.size - 1]);
}

/* sqs.REGION.amazonaws.com, vpce-….sqs.REGION.vpce.amazonaws.com, and the old REGION.queue.amazonaws.com. */
ti_slice ti_endpoint_region(const ti_endpoint *endpoint)
{
    const char *at = endpoint->host;

    if (strcmp(at, "queue.amazonaws.com") == 0)
        return ti_slice_of("us-east-1");
    while (*at != '\0') {
        ti_slice label = label_at(at);
        const char *next = at + label.size + (at[label.size] == '.');

        if (ti_slice_is(label, "sqs") && region_like(label_at(next)))
            return label_at(next);
        if (region_like(label) && ti_slice_is(label_at(next), "queue"))
            return label;
        at = next;
    }
    return (ti_slice){"", 0};
}

/* --- Buckets -------------------------------------------------------------------------------------------------------------------- */

static bool only(ti_slice text, bool (*test)(char), const char *others)
{
    for (size_t i = 0; i < text.size; i++)
        if (!test(text.data[i]) && strchr(others, text.data[i]) == NULL)
            return false;
    return true;
}

static bool bucket_byte(char byte)
{
    return (byte >= 'a' && byte <= 'z') || digit(byte);
}

bool ti_bucket_fits_host(ti_slice bucket, bool tls)
{
    if (bucket.size < BUCKET_LABEL_MIN || bucket.size > BUCKET_LABEL_MAX || memchr(bucket.data, '\0', bucket.size))
        return false;
    if (!only(bucket, bucket_byte, "-.") || !bucket_byte(bucket.data[0]) || !bucket_byte(bucket.data[bucket.size - 1]))
        return false;
    if (only(bucket, digit, ".")) /* an address */
        return false;
    for (size_t i = 0; i + 1 < bucket.size; i++)
        if (bucket.data[i] == '.' && (tls || !bucket_byte(bucket.data[i - 1]) || !bucket_byte(bucket.data[i + 1])))
            return false;
    return true;
}

bool ti_endpoint_host(const ti_endpoint *endpoint, ti_slice bucket, ti_buffer *host)
{
    if (bucket.size > 0) {
        (void)ti_buffer_slice(host, bucket);
        (void)ti_buffer_byte(host, '.');
    }
    (void)ti_buffer_text(host, endpoint->host);
    if (endpoint->port != 0)
        (void)ti_buffer_printf(host, ":%u", endpoint->port);
    return !ti_buffer_failed(host);
}
