/* Looks AWS keys up as a program does, with its environment: once for each line of its input. Prints "SOURCE KEY", or
 * "STATUS: MESSAGE; HINT". */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tickerimport.h>

static int look(ticker_aws *aws, ticker_error *error)
{
    const char *source = NULL;
    char *key = NULL;
    ticker_status status;

    ticker_error_clear(error);
    status = ticker_aws_keys(aws, &source, &key, error);
    if (status == TICKER_OK)
        (void)printf("%s %s\n", source, key);
    else
        (void)printf("%s: %s%s%s; %s\n", ticker_status_name(status), ticker_error_file(error),
                     *ticker_error_file(error) != '\0' ? ": " : "", ticker_error_message(error),
                     ticker_error_hint(error));
    ticker_free(key);
    return fflush(stdout);
}

int main(void)
{
    ticker_error *error = ticker_error_new();
    ticker_aws *aws = NULL;
    char line[64];
    int failed = 0;

    if (error == NULL)
        return EXIT_FAILURE;
    if (ticker_aws_new(NULL, NULL, &aws, error) != TICKER_OK) {
        (void)printf("%s: %s; %s\n", ticker_status_name(ticker_error_status(error)), ticker_error_message(error),
                     ticker_error_hint(error));
        failed = 1;
    }
    while (failed == 0 && fgets(line, sizeof(line), stdin) != NULL)
        failed = look(aws, error);
    ticker_aws_free(aws);
    ticker_error_free(error);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
