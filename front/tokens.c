#define _GNU_SOURCE /* explicit_bzero */
#include "tokens.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define PREFIX "ticker_"
#define SECRET_BYTES 32 /* random ones of a token */
#define LINE_MAX_BYTES 512
#define PATH_TEXT_MAX 4096
#define HASH_PREFIX "sha256:"

struct front_tokens {
    char *path;
    pthread_rwlock_t lock;
    front_token *list;
    size_t count;
};

static const char *const scope_names[] = {"read", "upload", "admin"};

unsigned front_scopes_parse(const char *text)
{
    unsigned scopes = 0;

    while (*text != '\0') {
        size_t size = strcspn(text, ","), i = 0;

        while (i < 3 && (strlen(scope_names[i]) != size || memcmp(scope_names[i], text, size) != 0))
            i++;
        if (i == 3)
            return 0;
        scopes |= 1U << i;
        text += size;
        if (*text == ',' && *++text == '\0')
            return 0;
    }
    return scopes;
}

const char *front_scopes_text(unsigned scopes)
{
    static const char *const texts[] = {"",      "read",       "upload",       "read,upload",
                                        "admin", "read,admin", "upload,admin", "read,upload,admin"};

    return texts[scopes & 7];
}

static bool valid_name(const char *name)
{
    size_t size = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-");

    return size > 0 && size < FRONT_TOKEN_NAME_MAX && name[size] == '\0';
}

static bool hash_of(const char *token, size_t size, unsigned char hash[32])
{
    unsigned length = 0;

    return EVP_Digest(token, size, hash, &length, EVP_sha256(), NULL) == 1 && length == 32;
}

static bool parse_hash(const char *text, unsigned char hash[32])
{
    static const char digits[] = "0123456789abcdef";

    if (strlen(text) != 64)
        return false;
    for (size_t i = 0; i < 64; i++) {
        const char *digit = strchr(digits, text[i]);

        if (digit == NULL)
            return false;
        hash[i / 2] = (unsigned char)((hash[i / 2] << 4) | (digit - digits));
    }
    return true;
}

/* The next word of the line; "" at its end. */
static char *word(char **line)
{
    char *start = *line + strspn(*line, " \t\r\n"), *end = start + strcspn(start, " \t\r\n");

    *line = *end != '\0' ? end + 1 : end;
    *end = '\0';
    return start;
}

static bool parse_line(char *line, front_token *token)
{
    char *name = word(&line), *scopes = word(&line), *created = word(&line), *hash = word(&line);

    memset(token, 0, sizeof *token);
    token->scopes = front_scopes_parse(scopes);
    if (!valid_name(name) || token->scopes == 0 || strlen(created) >= sizeof token->created ||
        strncmp(hash, HASH_PREFIX, strlen(HASH_PREFIX)) != 0 || !parse_hash(hash + strlen(HASH_PREFIX), token->hash) ||
        *word(&line) != '\0')
        return false;
    memcpy(token->name, name, strlen(name) + 1);
    memcpy(token->created, created, strlen(created) + 1);
    return true;
}

static bool is_comment(const char *line)
{
    line += strspn(line, " \t\r\n");
    return *line == '\0' || *line == '#';
}

/* Makes room for one more. */
static bool grow(front_token **list, size_t count)
{
    front_token *larger;

    if (count != 0 && (count & (count - 1)) != 0)
        return true;
    larger = realloc(*list, (count != 0 ? count * 2 : 1) * sizeof **list);
    if (larger == NULL)
        return false;
    *list = larger;
    return true;
}

static bool read_lines(FILE *file, const char *path, front_token **list, size_t *count, front_console *console)
{
    char line[LINE_MAX_BYTES];
    unsigned number = 0;

    while (fgets(line, sizeof line, file) != NULL) {
        number++;
        if (strchr(line, '\n') == NULL && !feof(file)) {
            front_error(console, "%s:%u: the line is too long for a token", path, number);
            return false;
        }
        if (is_comment(line))
            continue;
        if (*count == FRONT_TOKENS_MAX || !grow(list, *count)) {
            front_error(console, "%s:%u: too many tokens", path, number);
            return false;
        }
        if (!parse_line(line, &(*list)[*count])) {
            front_error(console, "%s:%u: this is no line of a file of tokens; 'ticker-cli token new' writes them", path,
                        number);
            return false;
        }
        (*count)++;
    }
    if (!ferror(file))
        return true;
    front_error(console, "%s: %s", path, strerror(errno));
    return false;
}

/* Whoever may write the file could make tokens. */
static bool safe_file(FILE *file, const char *path, front_console *console)
{
    struct stat status;

    if (fstat(fileno(file), &status) != 0 || !S_ISREG(status.st_mode)) {
        front_error(console, "%s: this is no regular file", path);
        return false;
    }
    if ((status.st_mode & S_IWOTH) == 0)
        return true;
    front_error(console, "%s: everybody may write this file of tokens; chmod 600 it", path);
    return false;
}

static bool read_file(const char *path, front_token **list, size_t *count, front_console *console)
{
    FILE *file = fopen(path, "re");
    bool done;

    *list = NULL;
    *count = 0;
    if (file == NULL) {
        front_error(console, "%s: %s; 'ticker-cli token new' makes the file of tokens", path, strerror(errno));
        return false;
    }
    done = safe_file(file, path, console) && read_lines(file, path, list, count, console);
    (void)fclose(file);
    if (!done) {
        free(*list);
        *list = NULL;
        *count = 0;
    }
    return done;
}

front_tokens *front_tokens_load(const char *path, front_console *console)
{
    front_tokens *tokens = calloc(1, sizeof *tokens);

    if (tokens == NULL || pthread_rwlock_init(&tokens->lock, NULL) != 0) {
        free(tokens);
        front_error(console, "out of memory");
        return NULL;
    }
    tokens->path = strdup(path);
    if (tokens->path == NULL)
        front_error(console, "out of memory");
    if (tokens->path != NULL && read_file(path, &tokens->list, &tokens->count, console))
        return tokens;
    front_tokens_free(tokens);
    return NULL;
}

void front_tokens_free(front_tokens *tokens)
{
    if (tokens == NULL)
        return;
    (void)pthread_rwlock_destroy(&tokens->lock);
    free(tokens->list);
    free(tokens->path);
    free(tokens);
}

bool front_tokens_reload(front_tokens *tokens, front_console *console)
{
    front_token *list, *old;
    size_t count;

    if (!read_file(tokens->path, &list, &count, console))
        return false;
    (void)pthread_rwlock_wrlock(&tokens->lock);
    old = tokens->list;
    tokens->list = list;
    tokens->count = count;
    (void)pthread_rwlock_unlock(&tokens->lock);
    free(old);
    return true;
}

unsigned front_tokens_find(front_tokens *tokens, const char *token, char name[FRONT_TOKEN_NAME_MAX])
{
    size_t size = strnlen(token, FRONT_TOKEN_TEXT_MAX);
    unsigned char hash[32];
    unsigned scopes = 0;

    name[0] = '\0';
    if (size == FRONT_TOKEN_TEXT_MAX || !hash_of(token, size, hash))
        return 0;
    (void)pthread_rwlock_rdlock(&tokens->lock);
    /* All of them are looked at, and each in constant time: how long it takes tells nothing. */
    for (size_t i = 0; i < tokens->count; i++) {
        const front_token *at = &tokens->list[i];

        if (CRYPTO_memcmp(at->hash, hash, sizeof hash) == 0) {
            scopes = at->scopes;
            memcpy(name, at->name, sizeof at->name);
        }
    }
    (void)pthread_rwlock_unlock(&tokens->lock);
    explicit_bzero(hash, sizeof hash);
    return scopes;
}

const front_token *front_tokens_at(const front_tokens *tokens, size_t index)
{
    return index < tokens->count ? &tokens->list[index] : NULL;
}

/* "ticker_" and the random bytes in base64url. */
static bool make_token(char token[FRONT_TOKEN_TEXT_MAX])
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    unsigned char secret[SECRET_BYTES];
    size_t used = strlen(PREFIX);
    unsigned bits = 0, value = 0;

    if (getrandom(secret, sizeof secret, 0) != (ssize_t)sizeof secret)
        return false;
    memcpy(token, PREFIX, used);
    for (size_t i = 0; i < sizeof secret; i++) {
        value = (value << 8) | secret[i];
        for (bits += 8; bits >= 6; bits -= 6)
            token[used++] = digits[(value >> (bits - 6)) & 63];
    }
    if (bits > 0)
        token[used++] = digits[(value << (6 - bits)) & 63];
    token[used] = '\0';
    explicit_bzero(secret, sizeof secret);
    return true;
}

static bool write_token(FILE *file, const front_token *token)
{
    char hash[65];

    for (size_t i = 0; i < sizeof token->hash; i++)
        (void)snprintf(hash + 2 * i, 3, "%02x", token->hash[i]);
    return fprintf(file, "%s %s %s " HASH_PREFIX "%s\n", token->name, front_scopes_text(token->scopes), token->created,
                   hash) > 0;
}

/* A whole new file takes the place of the old one, so that nobody ever reads half of it. It keeps the old one's mode: a service whose
 * user has no name yet reads it as anybody does, and hashes of random tokens may be read. */
static bool replace_file(const char *path, const front_token *list, size_t count, front_console *console)
{
    char temporary[PATH_TEXT_MAX];
    struct stat status;
    int length = snprintf(temporary, sizeof temporary, "%s.XXXXXX", path);
    int descriptor = length > 0 && (size_t)length < sizeof temporary ? mkostemp(temporary, O_CLOEXEC) : -1;
    FILE *file = descriptor >= 0 ? fdopen(descriptor, "w") : NULL;
    bool done = file != NULL;

    if (done && stat(path, &status) == 0 && status.st_size > 0) {
        done = fchmod(descriptor, status.st_mode & 0644) == 0;
        /* The server may run as somebody else, who reads it as the group; without the right to do so it stays ours. */
        if (done && fchown(descriptor, (uid_t)-1, status.st_gid) != 0)
            front_detail(console, "%s: the group of the file could not be kept", path);
    }
    done = done && fputs("# API tokens of ticker-server; 'ticker-cli token' writes this file.\n", file) >= 0;
    for (size_t i = 0; done && i < count; i++)
        done = write_token(file, &list[i]);
    done = done && fflush(file) == 0 && fsync(descriptor) == 0;
    if (file != NULL)
        done = fclose(file) == 0 && done;
    done = done && rename(temporary, path) == 0;
    if (!done) {
        front_error(console, "%s: %s", path, strerror(errno));
        if (descriptor >= 0)
            (void)unlink(temporary);
    }
    return done;
}

/* Two commands at once must not lose one another's token. The lock is a file of its own, as the list is replaced; it stays,
 * because who waits for it would hold the lock of a file that is gone. Closing it lets go. */
static int lock_file(const char *path, front_console *console)
{
    char name[PATH_TEXT_MAX];
    int length = snprintf(name, sizeof name, "%s.lock", path), descriptor = -1;

    if (length > 0 && (size_t)length < sizeof name)
        descriptor = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    else
        errno = ENAMETOOLONG;
    if (descriptor >= 0 && flock(descriptor, LOCK_EX) == 0)
        return descriptor;
    front_error(console, "%s: %s", path, strerror(errno));
    if (descriptor >= 0)
        (void)close(descriptor);
    return -1;
}

static size_t find_name(const front_token *list, size_t count, const char *name)
{
    size_t i = 0;

    while (i < count && strcmp(list[i].name, name) != 0)
        i++;
    return i;
}

static bool new_token(front_token *entry, const char *name, unsigned scopes, char token[FRONT_TOKEN_TEXT_MAX])
{
    time_t now = time(NULL);
    struct tm parts;

    memset(entry, 0, sizeof *entry);
    memcpy(entry->name, name, strlen(name) + 1);
    entry->scopes = scopes;
    return gmtime_r(&now, &parts) != NULL &&
           strftime(entry->created, sizeof entry->created, "%Y-%m-%dT%H:%M:%SZ", &parts) > 0 && make_token(token) &&
           hash_of(token, strlen(token), entry->hash);
}

bool front_tokens_add(const char *path, const char *name, unsigned scopes, char token[FRONT_TOKEN_TEXT_MAX],
                      front_console *console)
{
    front_token *list = NULL;
    size_t count = 0;
    int lock;
    bool done = false;

    token[0] = '\0';
    if (!valid_name(name)) {
        front_error(console, "a token's name has up to %d letters, digits, '.', '_' or '-', not \"%s\"",
                    FRONT_TOKEN_NAME_MAX - 1, name);
        return false;
    }
    lock = lock_file(path, console);
    if (lock < 0)
        return false;
    if (access(path, F_OK) == 0 && !read_file(path, &list, &count, console))
        goto out;
    if (find_name(list, count, name) < count) {
        front_error(console, "%s: there is a token \"%s\" already; revoke it first, or choose another name", path,
                    name);
    } else if (count == FRONT_TOKENS_MAX || !grow(&list, count)) {
        front_error(console, "%s: too many tokens", path);
    } else if (!new_token(&list[count], name, scopes, token)) {
        front_error(console, "no token could be made: %s", strerror(errno));
    } else {
        done = replace_file(path, list, count + 1, console);
    }

out:
    (void)close(lock);
    free(list);
    if (!done)
        explicit_bzero(token, FRONT_TOKEN_TEXT_MAX);
    return done;
}

bool front_tokens_remove(const char *path, const char *name, front_console *console)
{
    front_token *list = NULL;
    size_t count = 0, at;
    int lock = lock_file(path, console);
    bool done = false;

    if (lock < 0)
        return false;
    if (!read_file(path, &list, &count, console))
        goto out;
    at = find_name(list, count, name);
    if (at == count) {
        front_error(console, "%s: there is no token \"%s\"", path, name);
        goto out;
    }
    memmove(list + at, list + at + 1, (count - at - 1) * sizeof *list);
    done = replace_file(path, list, count - 1, console);

out:
    (void)close(lock);
    free(list);
    return done;
}
