#include "sockets.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "text.h"

#define UNIX_PREFIX "unix:"
#define MODE_MARK "?mode="
#define SYSTEMD_FIRST 3

/* "unix:PATH[?mode=OCTAL]". False: too long, or no such mode. */
static bool unix_name(const char *name, struct sockaddr_un *address, mode_t *mode)
{
    const char *path = name + strlen(UNIX_PREFIX), *mark = strstr(path, MODE_MARK);
    size_t size = mark != NULL ? (size_t)(mark - path) : strlen(path);

    memset(address, 0, sizeof(*address));
    address->sun_family = AF_UNIX;
    *mode = SOCKETS_UNIX_MODE;
    if (size == 0 || size >= sizeof(address->sun_path))
        return false;
    memcpy(address->sun_path, path, size);
    if (mark == NULL)
        return true;
    *mode = 0;
    mark += strlen(MODE_MARK);
    if (*mark == '\0' || strlen(mark) > 4)
        return false;
    for (; *mark != '\0'; mark++) {
        if (*mark < '0' || *mark > '7')
            return false;
        *mode = *mode * 8 + (mode_t)(*mark - '0');
    }
    return *mode <= 0777;
}

/* What connecting to it fails with; 0: nothing. */
static int probe(const struct sockaddr_un *address)
{
    int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), wrong = 0;

    if (descriptor < 0 || connect(descriptor, (const struct sockaddr *)address, sizeof(*address)) != 0)
        wrong = errno;
    if (descriptor >= 0)
        (void)close(descriptor);
    return wrong;
}

static bool is_socket(const char *path)
{
    struct stat status;

    return lstat(path, &status) == 0 && S_ISSOCK(status.st_mode);
}

/* The file is nobody's until its mode is right; its first one is the descriptor's. (umask() would be for the files that other threads make
 * meanwhile, too.) */
static int bind_unix(int descriptor, const struct sockaddr_un *address, mode_t mode)
{
    int result = fchmod(descriptor, 0) == 0 ? bind(descriptor, (const struct sockaddr *)address, sizeof(*address)) : -1;

    if (result != 0 && errno == EADDRINUSE && is_socket(address->sun_path) && probe(address) == ECONNREFUSED &&
        unlink(address->sun_path) == 0)
        result = bind(descriptor, (const struct sockaddr *)address, sizeof(*address));
    return result != 0 ? result : chmod(address->sun_path, mode);
}

static int refuse(front_console *console, int descriptor, const char *name, const char *setting)
{
    front_error(console, "%s: cannot listen there: %s%s%s", name, strerror(errno),
                setting != NULL ? "; choose another address with " : "", setting != NULL ? setting : "");
    if (descriptor >= 0)
        (void)close(descriptor);
    return -1;
}

static int listen_unix(const char *name, const char *setting, front_console *console)
{
    struct sockaddr_un address;
    mode_t mode;
    int descriptor;

    if (!unix_name(name, &address, &mode)) {
        front_error(console,
                    "%s: no name of a socket; it is unix:PATH or unix:PATH?mode=0660, the path of at most %zu bytes",
                    name, sizeof(address.sun_path) - 1);
        return SOCKETS_NO_NAME;
    }
    descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (descriptor < 0 || bind_unix(descriptor, &address, mode) != 0 || listen(descriptor, SOCKETS_BACKLOG) != 0)
        return refuse(console, descriptor, name, setting);
    return descriptor;
}

/* "HOST:PORT", "[HOST]:PORT", ":PORT". False: something else. */
static bool split(const char *name, char host[SOCKETS_TEXT_MAX], const char **port)
{
    const char *colon = strrchr(name, ':'), *from = name;
    int64_t number;
    size_t size;

    if (colon == NULL || !front_parse_number(colon + 1, 0, 65535, &number))
        return false;
    *port = colon + 1;
    size = (size_t)(colon - name);
    if (size >= 2 && from[0] == '[' && from[size - 1] == ']') {
        from++;
        size -= 2;
    } else if (memchr(from, ':', size) != NULL) {
        return false; /* an IPv6 address without its brackets */
    }
    if (size >= SOCKETS_TEXT_MAX)
        return false;
    memcpy(host, from, size);
    host[size] = '\0';
    return true;
}

static int try_address(const struct addrinfo *address)
{
    int descriptor = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), on = 1, off = 0, saved;

    if (descriptor < 0)
        return -1;
    (void)setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (address->ai_family == AF_INET6)
        (void)setsockopt(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
    if (bind(descriptor, address->ai_addr, address->ai_addrlen) == 0 && listen(descriptor, SOCKETS_BACKLOG) == 0)
        return descriptor;
    saved = errno;
    (void)close(descriptor);
    errno = saved;
    return -1;
}

static int listen_port(const char *name, const char *setting, front_console *console)
{
    struct addrinfo wish = {.ai_flags = AI_PASSIVE | AI_NUMERICSERV, .ai_socktype = SOCK_STREAM}, *found = NULL;
    char host[SOCKETS_TEXT_MAX];
    const char *port;
    int descriptor = -1, code;

    if (!split(name, host, &port)) {
        front_error(console, "%s: no name of a socket; it is HOST:PORT, [IPV6]:PORT, :PORT or unix:PATH", name);
        return SOCKETS_NO_NAME;
    }
    code = getaddrinfo(host[0] != '\0' ? host : NULL, port, &wish, &found);
    if (code != 0) {
        front_error(console, "%s: cannot listen there: %s", name, gai_strerror(code));
        return -1;
    }
    /* All addresses: the IPv6 socket takes the IPv4 ones too. */
    for (int pass = 0; pass < 2 && descriptor < 0; pass++)
        for (const struct addrinfo *at = found; at != NULL && descriptor < 0; at = at->ai_next)
            if (host[0] != '\0' || (at->ai_family == AF_INET6) == (pass == 0))
                descriptor = try_address(at);
    freeaddrinfo(found);
    return descriptor >= 0 ? descriptor : refuse(console, -1, name, setting);
}

int sockets_listen(const char *name, const char *setting, front_console *console)
{
    return strncmp(name, UNIX_PREFIX, strlen(UNIX_PREFIX)) == 0 ? listen_unix(name, setting, console)
                                                                : listen_port(name, setting, console);
}

void sockets_forget(const char *name)
{
    struct sockaddr_un address;
    mode_t mode;
    int wrong;

    if (strncmp(name, UNIX_PREFIX, strlen(UNIX_PREFIX)) != 0 || !unix_name(name, &address, &mode) ||
        !is_socket(address.sun_path))
        return;
    wrong = probe(&address);
    if (wrong != 0 && wrong != EAGAIN) /* its queue is full */
        (void)unlink(address.sun_path);
}

const char *sockets_name(int descriptor, char text[SOCKETS_TEXT_MAX])
{
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
        struct sockaddr_un local;
        struct sockaddr_storage room;
    } address;
    socklen_t size = sizeof(address);
    char host[INET6_ADDRSTRLEN];

    memset(&address, 0, sizeof(address));
    (void)snprintf(text, SOCKETS_TEXT_MAX, "descriptor %d", descriptor);
    if (getsockname(descriptor, &address.any, &size) != 0)
        return text;
    if (address.any.sa_family == AF_INET && inet_ntop(AF_INET, &address.v4.sin_addr, host, sizeof(host)) != NULL)
        (void)snprintf(text, SOCKETS_TEXT_MAX, "%s:%u", host, (unsigned)ntohs(address.v4.sin_port));
    else if (address.any.sa_family == AF_INET6 &&
             inet_ntop(AF_INET6, &address.v6.sin6_addr, host, sizeof(host)) != NULL)
        (void)snprintf(text, SOCKETS_TEXT_MAX, "[%s]:%u", host, (unsigned)ntohs(address.v6.sin6_port));
    else if (address.any.sa_family == AF_UNIX && address.local.sun_path[0] != '\0')
        (void)snprintf(text, SOCKETS_TEXT_MAX, UNIX_PREFIX "%.*s", (int)sizeof(address.local.sun_path),
                       address.local.sun_path);
    return text;
}

static bool is_listening(int descriptor)
{
    int listening = 0, type = 0;
    socklen_t size = sizeof(listening), type_size = sizeof(type);

    return getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) == 0 && listening != 0 &&
           getsockopt(descriptor, SOL_SOCKET, SO_TYPE, &type, &type_size) == 0 && type == SOCK_STREAM;
}

static bool is_unix(int descriptor)
{
    struct sockaddr_storage address;
    socklen_t size = sizeof(address);

    return getsockname(descriptor, (struct sockaddr *)&address, &size) == 0 && address.ss_family == AF_UNIX;
}

static void prepare(int descriptor)
{
    int flags = fcntl(descriptor, F_GETFL);

    (void)fcntl(descriptor, F_SETFD, FD_CLOEXEC);
    if (flags >= 0)
        (void)fcntl(descriptor, F_SETFL, flags | O_NONBLOCK);
}

/* The name-th of "a:b:c"; its length in *size. */
static const char *nth_name(const char *names, int nth, size_t *size)
{
    for (; nth > 0 && *names != '\0'; names++)
        nth -= *names == ':';
    *size = strcspn(names, ":");
    return names;
}

static bool name_has(const char *name, size_t size, const char *word)
{
    for (size_t length = strlen(word); size >= length; name++, size--)
        if (strncasecmp(name, word, length) == 0)
            return true;
    return false;
}

static sockets_protocol protocol_of(int descriptor, const char *names, int nth)
{
    size_t size;
    const char *name = nth_name(names, nth, &size);

    if (name_has(name, size, "fastcgi"))
        return SOCKETS_FASTCGI;
    if (name_has(name, size, "http"))
        return SOCKETS_HTTP;
    return is_unix(descriptor) ? SOCKETS_FASTCGI : SOCKETS_HTTP;
}

size_t sockets_inherit(sockets_inherited found[SOCKETS_MAX])
{
    const char *owner = getenv("LISTEN_PID"), *number = getenv("LISTEN_FDS"), *names = getenv("LISTEN_FDNAMES");
    int64_t pid = 0, left = 0;
    size_t count = 0;

    if (owner != NULL && number != NULL && front_parse_number(owner, 1, INT32_MAX, &pid) && pid == (int64_t)getpid() &&
        front_parse_number(number, 0, SOCKETS_MAX - 1, &left))
        for (int nth = 0; nth < (int)left; nth++) {
            int descriptor = SYSTEMD_FIRST + nth;

            if (!is_listening(descriptor))
                continue;
            prepare(descriptor);
            found[count++] = (sockets_inherited){descriptor, protocol_of(descriptor, names != NULL ? names : "", nth)};
        }
    (void)unsetenv("LISTEN_PID");
    (void)unsetenv("LISTEN_FDS");
    (void)unsetenv("LISTEN_FDNAMES");
    if (count < SOCKETS_MAX && is_listening(STDIN_FILENO)) {
        prepare(STDIN_FILENO);
        found[count++] = (sockets_inherited){STDIN_FILENO, SOCKETS_FASTCGI};
    }
    return count;
}
