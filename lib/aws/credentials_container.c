/* The endpoint that ECS and EKS give to a container. */
#include <stdio.h>
#include <string.h>

#include "aws/credentials_provider.h"
#include "aws/json.h"
#include "aws/secret.h"
#include "aws/settings.h"
#include "base/error.h"

#define ECS "http://169.254.170.2"
#define ATTEMPTS 3
#define CONNECT_MILLISECONDS 2000
#define TOTAL_MILLISECONDS 5000
#define WHERE "container credentials"

static bool digits_and_dots(ti_slice text)
{
    for (size_t i = 0; i < text.size; i++)
        if ((text.data[i] < '0' || text.data[i] > '9') && text.data[i] != '.')
            return false;
    return text.size > 0;
}

/* Without TLS only what cannot leave this machine: loopback, and the link-local addresses of ECS and EKS. */
static bool local_host(ti_slice host)
{
    static const char *const names[] = {"localhost", "[::1]", "169.254.170.2", "169.254.170.23", "[fd00:ec2::23]"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (host.size == strlen(names[i]) && strncasecmp(host.data, names[i], host.size) == 0)
            return true;
    return host.size > 4 && memcmp(host.data, "127.", 4) == 0 && digits_and_dots(host);
}

/* The host of a URL without its port. */
static ti_slice host_of(const char *url)
{
    const char *host = strstr(url, "://") + 3;
    size_t size = strcspn(host, "/?#");

    if (*host == '[')
        size = strcspn(host, "]") < size ? strcspn(host, "]") + 1 : size;
    else
        size = strcspn(host, ":/?#");
    return (ti_slice){host, size};
}

static ticker_status wrong(const char *what, const char *hint, ticker_error *error)
{
    (void)ti_fail(error, TICKER_FATAL, TICKER_ERROR_USAGE, "%s", what);
    if (hint != NULL)
        ti_error_hint(error, "%s", hint);
    return TICKER_FATAL;
}

/* A URL may hold an id that is as good as a password: no message quotes it. */
static ticker_status find_url(const ti_credentials_setup *setup, char url[TICKER_URL_MAX], ticker_error *error)
{
    const char *relative = ti_setup_environment(setup, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
    const char *full = ti_setup_environment(setup, "AWS_CONTAINER_CREDENTIALS_FULL_URI");
    int length;

    if (relative == NULL && full == NULL)
        return TICKER_DONE;
    if (relative != NULL && *relative != '/')
        return wrong("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI does not begin with '/'", NULL, error);
    length = relative != NULL ? snprintf(url, TICKER_URL_MAX, "%s%s", ECS, relative)
                              : snprintf(url, TICKER_URL_MAX, "%s", full);
    if (length < 0 || length >= TICKER_URL_MAX || !ti_is_token(ti_slice_of(url)) || strpbrk(url, "#@") != NULL)
        return wrong("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI or _FULL_URI is no URL that can be asked", NULL, error);
    if (strncasecmp(url, "https://", 8) == 0 && host_of(url).size > 0)
        return TICKER_OK;
    if (strncasecmp(url, "http://", 7) != 0)
        return wrong("AWS_CONTAINER_CREDENTIALS_FULL_URI is no http or https URL", NULL, error);
    if (!local_host(host_of(url)))
        return wrong("AWS_CONTAINER_CREDENTIALS_FULL_URI would send keys over the network without TLS",
                     "use https, or a loopback address, or that of ECS (169.254.170.2) or EKS (169.254.170.23, "
                     "fd00:ec2::23)",
                     error);
    return TICKER_OK;
}

/* The value of the Authorization header; empty: none is wanted. EKS replaces the file again and again. */
static ticker_status read_token(const ti_credentials_setup *setup, ti_buffer *file, ti_slice *token,
                                ticker_error *error)
{
    const char *path = ti_setup_environment(setup, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
    const char *text = ti_setup_environment(setup, "AWS_CONTAINER_AUTHORIZATION_TOKEN");
    ticker_status status = TICKER_OK;

    *token = (ti_slice){"", 0};
    if (path != NULL)
        status = ti_secret_file(path, TI_CREDENTIALS_TOKEN_FILE_MAX, file, error);
    if (status == TICKER_DONE)
        status = wrong("the file of AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE does not exist", NULL, error);
    if (status != TICKER_OK)
        return status;
    if (path != NULL)
        *token = ti_trimmed((ti_slice){file->data, file->size});
    else if (text != NULL)
        *token = ti_trimmed(ti_slice_of(text));
    else
        return TICKER_OK;
    for (size_t i = 0; i < token->size; i++) /* "Basic …" has a blank; a line end would begin another header */
        if ((unsigned char)token->data[i] < 0x20 || token->data[i] > '~')
            return wrong("the container's authorization token has line ends or other bytes that no header can hold",
                         NULL, error);
    return token->size > 0 ? TICKER_OK : wrong("the container's authorization token is empty", NULL, error);
}

/* {"code", "message"} */
static ticker_status refused(const ti_http_response *response, ti_slice token, ticker_error *error)
{
    ti_json *json = NULL;
    ti_slice code = {"", 0}, message = {"", 0};
    ticker_status status = ti_response_passing(response) ? TICKER_RETRY : TICKER_FATAL;
    char name[64] = "";

    if (ti_json_read((ti_slice){response->body.data, response->body.size}, &json, NULL) == TICKER_OK) {
        code = ti_json_text(ti_json_member(ti_json_root(json), "code"));
        message = ti_json_text(ti_json_member(ti_json_root(json), "message"));
    }
    if (ti_is_token(code) && code.size < sizeof(name) && !ti_reveals(code, token))
        (void)snprintf(name, sizeof(name), "%.*s", (int)code.size, code.data);
    message.size = ti_reveals(message, token) ? 0 : message.size < 200 ? message.size : 200;
    (void)ti_fail(error, status, status == TICKER_RETRY ? TICKER_ERROR_SERVICE : TICKER_ERROR_USAGE,
                  WHERE ": the endpoint refuses (HTTP %d%s%s)%s%.*s", response->status, *name != '\0' ? ", " : "", name,
                  message.size > 0 ? ": " : "", (int)message.size, message.data);
    ti_error_http(error, response->status, name);
    if (status == TICKER_FATAL)
        ti_error_hint(error, "the task or the pod must have a role (ECS: task role; EKS: pod identity association)");
    ti_json_free(json);
    return status;
}

static ticker_status ask(ti_lookup *lookup, const char *url, ti_slice token, ti_credentials *credentials,
                         ticker_error *error)
{
    ti_document document = {.token = "Token", .code = true, .source = "container", .where = WHERE};
    ti_http_header headers[] = {{ti_slice_of("accept"), ti_slice_of("application/json")},
                                {ti_slice_of("authorization"), token}};
    bool secure = strncasecmp(url, "https:", 6) == 0;
    ti_http_request request = {.method = "GET",
                               .url = url,
                               .headers = headers,
                               .header_count = token.size > 0 ? 2 : 1,
                               .connect_timeout = CONNECT_MILLISECONDS,
                               .timeout = TOTAL_MILLISECONDS,
                               .total_timeout = TOTAL_MILLISECONDS,
                               .no_proxy = !secure,
                               .max_body = TI_CREDENTIALS_ANSWER_MAX};
    ti_http_response response;
    ti_aws_settings settings = {0};
    ticker_status status = secure ? ti_aws_settings_read(lookup->setup, &settings, error) : TICKER_OK;

    ti_http_response_init(&response);
    request.ca_bundle = settings.ca_bundle;
    if (status == TICKER_OK)
        status = ti_lookup_exchange(lookup, WHERE, &request, ATTEMPTS, NULL, &response, error);
    if (status == TICKER_OK && response.status == 200)
        status = ti_credentials_json(credentials, (ti_slice){response.body.data, response.body.size}, &document, error);
    else if (status == TICKER_OK)
        status = refused(&response, token, error);
    ti_response_wipe(&response);
    ti_aws_settings_free(&settings);
    return status;
}

ticker_status ti_container_fetch(ti_lookup *lookup, ti_credentials *credentials, ticker_error *error)
{
    char url[TICKER_URL_MAX];
    ti_buffer file;
    ti_slice token;
    ticker_status status = find_url(lookup->setup, url, error);

    if (status == TICKER_DONE)
        ti_lookup_note(lookup, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI and _FULL_URI are not set");
    if (status != TICKER_OK)
        return status;
    ti_buffer_init(&file, 0);
    status = read_token(lookup->setup, &file, &token, error);
    if (status == TICKER_OK)
        status = ask(lookup, url, token, credentials, error);
    ti_secret_wipe(&file);
    return status;
}

const ti_credentials_provider ti_provider_container = {"container", ti_container_fetch};
