/* A token that somebody else issued (Kubernetes, a CI system) against keys of a role: AssumeRoleWithWebIdentity. */
#include "aws/credentials_provider.h"
#include "aws/secret.h"
#include "base/error.h"

#define FORM_MAX (4 * TI_CREDENTIALS_TOKEN_FILE_MAX)

static ticker_status ask(ti_lookup *lookup, const ti_web_identity *identity, ti_slice token,
                         ti_credentials *credentials, ticker_error *error)
{
    char session[TI_SESSION_NAME_MAX];
    ti_buffer form;
    ti_sts sts = {.action = "AssumeRoleWithWebIdentity",
                  .form = &form,
                  .secrets = {token},
                  .source = "web identity",
                  .where = identity->where,
                  .expired = "the token in the file has expired: is what renews it still running?"};
    ticker_status status;

    ti_sts_session_name(lookup, session);
    if (!ti_secret_init(&form, FORM_MAX))
        return ti_fail_memory(error);
    (void)ti_buffer_printf(&form, "Action=%s&Version=2011-06-15", sts.action);
    ti_sts_parameter(&form, "RoleArn", ti_slice_of(identity->role));
    ti_sts_parameter(&form, "RoleSessionName",
                     ti_slice_of(identity->session_name != NULL ? identity->session_name : session));
    ti_sts_parameter(&form, "WebIdentityToken", token);
    if (ti_buffer_failed(&form))
        status = ti_fail(error, TICKER_FATAL, TICKER_ERROR_LIMIT, "%s: the role's ARN or the token is too long",
                         identity->where);
    else
        status = ti_sts_ask(lookup, &sts, credentials, error);
    ti_secret_wipe(&form);
    return status;
}

/* The file is read each time: it is replaced long before the token in it expires. */
ticker_status ti_web_identity_fetch(ti_lookup *lookup, const ti_web_identity *identity, ti_credentials *credentials,
                                    ticker_error *error)
{
    ti_buffer file;
    ti_slice token;
    ticker_status status = ti_secret_file(identity->token_file, TI_CREDENTIALS_TOKEN_FILE_MAX, &file, error);

    if (status == TICKER_DONE) {
        (void)ti_fail(error, TICKER_FATAL, TICKER_ERROR_IO, "%s: the file with the token does not exist",
                      identity->where);
        ti_error_file(error, identity->token_file);
        return TICKER_FATAL;
    }
    if (status != TICKER_OK)
        return status;
    token = ti_trimmed((ti_slice){file.data, file.size});
    if (ti_is_token(token)) {
        status = ask(lookup, identity, token, credentials, error);
    } else {
        status = ti_fail(error, TICKER_FATAL, TICKER_ERROR_USAGE, "%s: the file %s", identity->where,
                         token.size == 0 ? "is empty" : "holds no token");
        ti_error_file(error, identity->token_file);
    }
    ti_secret_wipe(&file);
    return status;
}

static ticker_status fetch(ti_lookup *lookup, ti_credentials *credentials, ticker_error *error)
{
    const ti_credentials_setup *setup = lookup->setup;
    ti_web_identity identity = {.token_file = ti_setup_environment(setup, "AWS_WEB_IDENTITY_TOKEN_FILE"),
                                .role = ti_setup_environment(setup, "AWS_ROLE_ARN"),
                                .session_name = ti_setup_environment(setup, "AWS_ROLE_SESSION_NAME"),
                                .where = "web identity (AWS_WEB_IDENTITY_TOKEN_FILE)"};

    if (identity.token_file == NULL) {
        ti_lookup_note(lookup, "AWS_WEB_IDENTITY_TOKEN_FILE is not set");
        return TICKER_DONE;
    }
    if (identity.role == NULL)
        return ti_fail(error, TICKER_FATAL, TICKER_ERROR_USAGE,
                       "AWS_WEB_IDENTITY_TOKEN_FILE is set, but AWS_ROLE_ARN is not");
    return ti_web_identity_fetch(lookup, &identity, credentials, error);
}

const ti_credentials_provider ti_provider_web_identity = {"web identity", fetch};
