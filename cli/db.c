/* ticker-cli db: the database's schema. */
#include <string.h>

#include "cli.h"
#include "interrupt.h"

static front_exit status(cli_context *cli, ticker_store *store, ticker_error *error)
{
    int found = 0, wanted = 0;
    const char *state = "up to date";

    if (ticker_store_version(store, &found, &wanted, error) != TICKER_OK) {
        front_report(&cli->console, error, NULL);
        return front_exit_of(error);
    }
    if (found == 0)
        state = "empty: the first import makes the tables, or 'ticker-cli db migrate'";
    else if (found < wanted)
        state = "old: run 'ticker-cli db migrate'";
    else if (found > wanted)
        state = "newer than this program: use a newer one";
    (void)front_output_printf(&cli->output, "backend  %s\nfound    %d\nwanted   %d\nschema   %s\n",
                              ticker_store_backend(store), found, wanted, state);
    return found == wanted ? FRONT_OK : FRONT_FAILED;
}

static front_exit migrate(cli_context *cli, ticker_store *store, ticker_error *error)
{
    int before = 0, after = 0;

    if (ticker_store_version(store, &before, NULL, error) != TICKER_OK ||
        ticker_store_migrate(store, error) != TICKER_OK ||
        ticker_store_version(store, &after, NULL, error) != TICKER_OK) {
        front_report(&cli->console, error, NULL);
        return front_exit_of(error);
    }
    if (before == after)
        front_note(&cli->console, "the schema is at version %d already", after);
    else
        front_note(&cli->console, "the schema went from version %d to %d", before, after);
    return FRONT_OK;
}

static front_exit distribute(cli_context *cli, ticker_store *store, ticker_error *error)
{
    if (ticker_store_distribute(store, error) != TICKER_OK) {
        front_report(&cli->console, error, NULL);
        return front_exit_of(error);
    }
    front_note(&cli->console, "quotes and trades are distributed by ticker");
    return FRONT_OK;
}

static const struct {
    const char *name;
    front_exit (*run)(cli_context *cli, ticker_store *store, ticker_error *error);
} actions[] = {{"status", status}, {"migrate", migrate}, {"distribute", distribute}};

#define ACTIONS (sizeof actions / sizeof actions[0])

static front_exit run(cli_context *cli)
{
    const char *what = cli->args.positional[0];
    ticker_error *error = NULL;
    ticker_store *store = NULL;
    front_exit result;
    size_t action = 0;

    while (action < ACTIONS && strcmp(what, actions[action].name) != 0)
        action++;
    if (action == ACTIONS) {
        front_error(&cli->console, "db cannot do \"%s\"; use status, migrate or distribute", what);
        return FRONT_USAGE;
    }
    error = ticker_error_new();
    if (error == NULL) {
        front_error(&cli->console, "out of memory");
        return FRONT_FAILED;
    }
    front_interrupt_at_once(); /* each step is a transaction: the end of the connection undoes it */
    if (ticker_store_open(cli->options, &store, error) != TICKER_OK) {
        front_report(&cli->console, error, NULL);
        result = front_exit_of(error);
    } else {
        result = actions[action].run(cli, store, error);
    }
    ticker_store_free(store);
    ticker_error_free(error);
    return result;
}

static const char *const options[] = {"database-url", NULL};

const cli_command cli_command_db = {
    .name = "db",
    .arguments = "status|migrate|distribute",
    .complete = "status|migrate|distribute",
    .summary = "show, bring up to date or distribute the database's schema",
    .text = "status shows which schema the database has and ends with 1 when it is not the one that\n"
            "this program needs. migrate brings it there; an import does that by itself. It also drops\n"
            "what an import into PostgreSQL that was killed has left half loaded.\n"
            "distribute turns the tables quotes and trades into tables that Citus, an extension of\n"
            "PostgreSQL, spreads over its workers by ticker. Their rows go along.\n",
    .examples = "  " CLI_PROGRAM " db status\n"
                "  DATABASE_URL=postgres://ticker@localhost/ticker " CLI_PROGRAM " db migrate\n",
    .options = options,
    .min = 1,
    .max = 1,
    .run = run,
};
