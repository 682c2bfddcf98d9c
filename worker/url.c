#include "url.h"

#include <string.h>

#define SCHEME "http://"
#define DEFAULT_PATH "/metrics"

static bool copy(char *to, size_t room, const char *from, size_t size)
{
    if (size >= room)
        return false;
    memcpy(to, from, size);
    to[size] = '\0';
    return true;
}

/* Visible ASCII without what means something else in a URL. */
static bool is_plain(const char *text)
{
    for (; *text != '\0'; text++)
        if (*text <= ' ' || *text > '~' || strchr("?#%\"<>\\^`{|}", *text) != NULL)
            return false;
    return true;
}

bool worker_url_read(const char *text, worker_url *url)
{
    const char *host = text + strlen(SCHEME), *path, *bracket;
    size_t size;

    memset(url, 0, sizeof *url);
    if (text[0] == '\0' || strcmp(text, "none:") == 0)
        return true;
    if (strncmp(text, SCHEME, strlen(SCHEME)) != 0 || !is_plain(text))
        return false;
    size = strcspn(host, "/");
    path = host[size] != '\0' && host[size + 1] != '\0' ? host + size : DEFAULT_PATH;
    if (size == 0 || memchr(host, '@', size) != NULL || !copy(url->path, sizeof url->path, path, strlen(path)) ||
        !copy(url->address, sizeof url->address - sizeof ":" WORKER_PORT_DEFAULT, host, size))
        return false;
    bracket = strrchr(url->address, ']');
    if (strchr(bracket != NULL ? bracket : url->address, ':') == NULL)
        memcpy(url->address + size, ":" WORKER_PORT_DEFAULT, sizeof ":" WORKER_PORT_DEFAULT);
    return true;
}
