/* API tokens. The file keeps names, scopes and hashes, so that who reads it can use none of them; a token itself is
 * seen once, when it is made. Lines of the file: NAME SCOPES CREATED sha256:HEX; '#' begins a comment. */
#ifndef FRONT_TOKENS_H
#define FRONT_TOKENS_H

#include <stdbool.h>
#include <stddef.h>

#include "console.h"

#define FRONT_TOKEN_NAME_MAX 65    /* bytes of a name, NUL included */
#define FRONT_TOKEN_TEXT_MAX 64    /* bytes of a token, NUL included */
#define FRONT_TOKEN_CREATED_MAX 21 /* "2026-11-26T13:30:00Z" */
#define FRONT_TOKENS_MAX 10000     /* of one file */

/* What a token may be used for; bits. */
typedef enum front_scope { FRONT_SCOPE_READ = 1, FRONT_SCOPE_UPLOAD = 2, FRONT_SCOPE_ADMIN = 4 } front_scope;

typedef struct front_token {
    char name[FRONT_TOKEN_NAME_MAX];
    char created[FRONT_TOKEN_CREATED_MAX];
    unsigned scopes;
    unsigned char hash[32];
} front_token;

typedef struct front_tokens front_tokens;

/* Reads the file. NULL after saying on the console what is wrong. */
front_tokens *front_tokens_load(const char *path, front_console *console);
void front_tokens_free(front_tokens *tokens);
/* Reads it again. When that fails the tokens stay as they were, and the console is told. Any thread. */
bool front_tokens_reload(front_tokens *tokens, front_console *console);

/* The scopes of the token that a client sent, and its name; 0: there is no such token. Takes as long for a wrong one as
 * for a right one. Any thread. */
unsigned front_tokens_find(front_tokens *tokens, const char *token, char name[FRONT_TOKEN_NAME_MAX]);

/* One after the other, for lists; NULL: there are no more. Not while another thread reloads. */
const front_token *front_tokens_at(const front_tokens *tokens, size_t index);

/* Makes a token and puts it into the file, which is made when it is missing. False after saying why. The caller wipes
 * `token`. */
bool front_tokens_add(const char *path, const char *name, unsigned scopes, char token[FRONT_TOKEN_TEXT_MAX],
                      front_console *console);
/* Takes the token of this name out of the file. False after saying why. */
bool front_tokens_remove(const char *path, const char *name, front_console *console);

/* "read,upload" as bits; 0: no such scope. And back; "" when there are none. */
unsigned front_scopes_parse(const char *text);
const char *front_scopes_text(unsigned scopes);

#endif
