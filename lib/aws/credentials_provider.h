/* Inside the chain of credentials.h: what a provider is, and what providers share. Only one thread at a time is in here
 * for a chain. */
#ifndef TI_AWS_CREDENTIALS_PROVIDER_H
#define TI_AWS_CREDENTIALS_PROVIDER_H

#include <tickerimport/limits.h>

#include "aws/credentials.h"
#include "aws/profile.h"
#include "base/buffer.h"
#include "base/slice.h"

#define TI_CREDENTIALS_ANSWER_MAX (64 * 1024) /* bytes of a document with keys */
#define TI_CREDENTIALS_TOKEN_FILE_MAX TI_SESSION_TOKEN_MAX
#define TI_ROLE_DEPTH_MAX 5 /* profiles that a role's source_profile may lead through */
#define TI_PROCESS_MILLISECONDS 60000

/* One look for keys, and what is kept from one to the next. */
typedef struct ti_lookup {
    const ti_credentials_setup *setup;
    char looked[TICKER_ERROR_MESSAGE_MAX]; /* where there were none */
    size_t looked_size;
    ti_buffer imds_token;
    int64_t imds_token_ends; /* milliseconds of the clock's monotonic() */
    bool imds_answered;      /* this machine has a metadata service */
} ti_lookup;

typedef struct ti_credentials_provider {
    const char *name;
    /* TICKER_OK: keys. TICKER_DONE: this place has none, ask the next. Else it should have some and cannot give them:
     * the search ends. `credentials` is empty before, and filled only with TICKER_OK. */
    ticker_status (*fetch)(ti_lookup *lookup, ti_credentials *credentials, ticker_error *error);
} ti_credentials_provider;

extern const ti_credentials_provider ti_provider_options, ti_provider_environment, ti_provider_named_profile,
    ti_provider_web_identity, ti_provider_default_profile, ti_provider_container, ti_provider_instance;

/* --- What all of them use --- */

/* Remembers where there was nothing, for the message when there is nothing anywhere. */
void ti_lookup_note(ti_lookup *lookup, const char *format, ...) __attribute__((format(printf, 2, 3)));
bool ti_lookup_interrupted(const ti_lookup *lookup);

/* Blanks around it gone. */
ti_slice ti_trimmed(ti_slice text);
/* Printable ASCII without blanks: what a header or a URL can hold. */
bool ti_is_token(ti_slice text);
/* Whether a text from outside quotes a part of the secret. */
bool ti_reveals(ti_slice text, ti_slice secret);

typedef struct ti_keys {
    ti_slice access_key, secret_key, session_token; /* empty: not there */
    int64_t expires;
} ti_keys;

/* Fills the credentials. `where` says in messages whose keys they are. TICKER_FATAL with USAGE: one of a pair is missing,
 * or one is too long or has bytes that no key has. */
ticker_status ti_credentials_fill(ti_credentials *credentials, const ti_keys *keys, const char *source,
                                  const char *where, ticker_error *error);

/* What a document {"AccessKeyId", "SecretAccessKey", …, "Expiration"} looks like. */
typedef struct ti_document {
    const char *token; /* what it calls the session token */
    bool version;      /* must have "Version": 1 */
    bool code;         /* has "Code": "Success", or why there are no keys */
    bool temporary;    /* must have an "Expiration" */
    bool local;        /* comes from a program of the user's: asking again later gives the same */
    const char *source, *where;
} ti_document;
/* TICKER_RETRY with SERVICE (FATAL with USAGE when local): it is no such document. */
ticker_status ti_credentials_json(ti_credentials *credentials, ti_slice text, const ti_document *document,
                                  ticker_error *error);
/* Moves; `from` is empty then. */
void ti_credentials_move(ti_credentials *to, ti_credentials *from);

/* Asks until an answer comes that is no passing failure (429, 5xx; `again` may name more), three times at most with a
 * pause between. TICKER_OK: an answer, to be wiped by ti_response_wipe() as also on failure. The error says `who`. */
ticker_status ti_lookup_exchange(ti_lookup *lookup, const char *who, const ti_http_request *request, unsigned attempts,
                                 bool (*again)(const ti_http_response *response), ti_http_response *response,
                                 ticker_error *error);
void ti_response_wipe(ti_http_response *response);
bool ti_response_passing(const ti_http_response *response);

/* --- STS --- */

/* Adds "&Name=value". */
void ti_sts_parameter(ti_buffer *form, const char *name, ti_slice value);
/* "ticker-1795694400000": a session's name when nobody gave one. */
#define TI_SESSION_NAME_MAX 65
void ti_sts_session_name(const ti_lookup *lookup, char name[TI_SESSION_NAME_MAX]);

typedef struct ti_sts {
    const char *action;           /* "AssumeRole" */
    const ti_buffer *form;        /* the parameters */
    const ti_credentials *signer; /* NULL: not signed */
    ti_slice secrets[2];          /* what no message may quote */
    const char *source, *where;
    const char *expired; /* the hint when STS says that what it was shown has expired */
} ti_sts;
/* TICKER_FATAL with USAGE: STS refuses; with SERVICE: it cannot be
 * reached or passes. */
ticker_status ti_sts_ask(ti_lookup *lookup, const ti_sts *sts, ti_credentials *credentials, ticker_error *error);

/* --- Ways that also a profile can name --- */

ticker_status ti_environment_fetch(ti_lookup *lookup, ti_credentials *credentials, ticker_error *error);
ticker_status ti_container_fetch(ti_lookup *lookup, ti_credentials *credentials, ticker_error *error);
ticker_status ti_instance_fetch(ti_lookup *lookup, ti_credentials *credentials, ticker_error *error);

typedef struct ti_web_identity {
    const char *token_file, *role, *session_name; /* session_name: NULL, made up */
    const char *where;
} ti_web_identity;
ticker_status ti_web_identity_fetch(ti_lookup *lookup, const ti_web_identity *identity, ti_credentials *credentials,
                                    ticker_error *error);
ticker_status ti_process_fetch(ti_lookup *lookup, const char *command, const char *where, ti_credentials *credentials,
                               ticker_error *error);
/* A profile's role_arn with `source`, the credentials that may take it. */
ticker_status ti_role_fetch(ti_lookup *lookup, const ti_profiles *profiles, const char *profile,
                            const ti_credentials *source, ti_credentials *credentials, ticker_error *error);

#endif
