/* ticker-cli token: the API tokens of the server's file. */
#define _GNU_SOURCE /* explicit_bzero */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cli.h"
#include "json.h"
#include "tokens.h"

static front_exit new_token(cli_context *cli, const char *path)
{
    const char *name = front_args_value(&cli->args, "name"), *list = front_args_value(&cli->args, "scopes");
    unsigned scopes = list != NULL ? front_scopes_parse(list) : FRONT_SCOPE_READ | FRONT_SCOPE_UPLOAD;
    char token[FRONT_TOKEN_TEXT_MAX], made_up[32];
    front_exit result = FRONT_OK;

    if (scopes == 0) {
        front_error(&cli->console, "--scopes cannot be \"%s\"; use read, upload and admin, with commas between them",
                    list);
        return FRONT_USAGE;
    }
    if (name == NULL) {
        (void)snprintf(made_up, sizeof made_up, "token-%lld", (long long)time(NULL));
        name = made_up;
    }
    if (!front_tokens_add(path, name, scopes, token, &cli->console))
        return FRONT_FAILED;
    if (!front_output_printf(&cli->output, "%s\n", token))
        result = FRONT_FAILED;
    explicit_bzero(token, sizeof token);
    front_note(&cli->console, "this is \"%s\" for %s; it is shown this once. A running server knows it after SIGHUP",
               name, front_scopes_text(scopes));
    return result;
}

static void show(cli_context *cli, const front_token *token)
{
    front_json *json;
    const char *line;

    if (!front_args_given(&cli->args, "json")) {
        (void)front_output_printf(&cli->output, "%-24s %-18s %s\n", token->name, front_scopes_text(token->scopes),
                                  token->created);
        return;
    }
    json = front_json_object();
    front_json_text(json, "name", token->name);
    front_json_text(json, "scopes", front_scopes_text(token->scopes));
    front_json_text(json, "created_at", token->created);
    line = front_json_line(json);
    if (line != NULL)
        (void)front_output_line(&cli->output, line);
    front_json_free(json);
}

static front_exit list_tokens(cli_context *cli, const char *path)
{
    front_tokens *tokens = front_tokens_load(path, &cli->console);
    const front_token *token;

    if (tokens == NULL)
        return FRONT_FAILED;
    for (size_t i = 0; (token = front_tokens_at(tokens, i)) != NULL; i++)
        show(cli, token);
    front_tokens_free(tokens);
    return FRONT_OK;
}

static front_exit revoke(cli_context *cli, const char *path)
{
    const char *name = cli->args.positional_count > 1 ? cli->args.positional[1] : front_args_value(&cli->args, "name");

    if (name == NULL) {
        front_error(&cli->console, "which token? '" CLI_PROGRAM " token list' shows their names");
        return FRONT_USAGE;
    }
    if (!front_tokens_remove(path, name, &cli->console))
        return FRONT_FAILED;
    front_note(&cli->console, "\"%s\" is revoked; a running server knows it after SIGHUP", name);
    return FRONT_OK;
}

static front_exit run(cli_context *cli)
{
    const char *action = cli->args.positional[0], *path = ticker_options_get(cli->options, "tokens");

    if (strcmp(action, "new") != 0 && strcmp(action, "list") != 0 && strcmp(action, "revoke") != 0) {
        front_error(&cli->console, "token cannot \"%s\"; use new, list or revoke", action);
        return FRONT_USAGE;
    }
    if (strcmp(action, "revoke") != 0 && cli->args.positional_count > 1) {
        front_error(&cli->console, "too many arguments: token %s; try '%s help token'", action, CLI_PROGRAM);
        return FRONT_USAGE;
    }
    if (path == NULL || path[0] == '\0') {
        front_error(&cli->console, "which file are the tokens in? Name it with --tokens, or set TICKER_TOKENS for the "
                                   "server and for this");
        return FRONT_USAGE;
    }
    if (strcmp(action, "new") == 0)
        return new_token(cli, path);
    return strcmp(action, "list") == 0 ? list_tokens(cli, path) : revoke(cli, path);
}

static const char *const options[] = {"tokens", NULL};
static const front_flag flags[] = {
    {"name", 0, false, "NAME", "the name of the token: letters, digits, '.', '_' and '-'"},
    {"scopes", 0, false, "LIST",
     "what it is for: read, upload, admin, with commas between them (default: read,upload)"},
    {"json", 0, false, NULL, "list as JSON, one object a line"},
};

const cli_command cli_command_token = {
    .name = "token",
    .arguments = "new|list|revoke [NAME]",
    .complete = "new|list|revoke",
    .summary = "make, list and revoke the API tokens of ticker-server",
    .text = "The server asks for tokens when TICKER_TOKENS names a file of them. 'new' makes one, puts its\n"
            "hash into the file and prints the token: this once, it can be read nowhere afterwards.\n"
            "Clients send it as \"Authorization: Bearer TOKEN\". The scope admin has all the others in it.\n"
            "A server that runs reads the file again when it gets the signal SIGHUP.\n",
    .examples = "  " CLI_PROGRAM " token new --tokens /etc/ticker/tokens --name laptop\n"
                "  " CLI_PROGRAM " token new --name dashboard --scopes read\n"
                "  " CLI_PROGRAM " token list\n"
                "  " CLI_PROGRAM " token revoke laptop\n",
    .options = options,
    .flags = flags,
    .flag_count = sizeof flags / sizeof flags[0],
    .min = 1,
    .max = 2,
    .run = run,
};
