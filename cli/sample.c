/* A configuration file to start from, made from the table of options: every key, what it does, and its default. */
#include <stdio.h>
#include <string.h>

#include "cli.h"
#include "config_file.h"

#define LINE_COLUMNS 80

/* Before which option a part begins; the table of options keeps those of a part together. */
static const struct {
    const char *option, *title;
} parts[] = {
    {"database-url", "The database"},
    {"format", "Imports"},
    {"storage-url", "Uploads, and who is told of them"},
    {"redis-url", "The cache of answers"},
    {"aws-region", "AWS: ticker-aws(5)"},
    {"s3-addressing", "S3 and SQS"},
    {"listen", "ticker-server"},
    {"concurrency", "ticker-worker"},
};

/* Columns that the text takes: bytes that go on with a character of UTF-8 take none. */
static size_t columns(const char *text, size_t size)
{
    size_t count = 0;

    for (size_t i = 0; i < size; i++)
        count += ((unsigned char)text[i] & 0xC0) != 0x80;
    return count;
}

/* "# " and the words of both texts, in lines of their own. */
static void comment(front_output *output, const char *text, const char *more)
{
    size_t column = 1;

    (void)front_output_text(output, "#");
    for (int i = 0; i < 2; i++, text = more)
        while (*text != '\0') {
            size_t word = strcspn(text, " "), width = columns(text, word);

            if (column > 1 && column + 1 + width > LINE_COLUMNS) {
                (void)front_output_text(output, "\n#");
                column = 1;
            }
            (void)front_output_text(output, " ");
            (void)front_output_write(output, text, word);
            column += 1 + width;
            text += word;
            text += strspn(text, " ");
        }
    (void)front_output_text(output, "\n");
}

static void show_option(front_output *output, size_t index)
{
    const char *argument = ticker_option_argument(index), *fallback = ticker_option_default(index);
    char key[FRONT_CONFIG_KEY_MAX], form[256];

    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        if (strcmp(ticker_option_name(index), parts[i].option) == 0)
            (void)front_output_printf(output, "\n\n#### %s\n", parts[i].title);
    (void)snprintf(form, sizeof form, "%s:", argument != NULL ? argument : "yes|no");
    (void)front_output_text(output, "\n");
    comment(output, form, ticker_option_help(index));
    front_config_key(index, key);
    (void)front_output_printf(output, "#%s =%s%s\n", key, fallback[0] != '\0' ? " " : "", fallback);
}

void cli_sample_config(front_output *output)
{
    (void)front_output_text(output,
                            "# Settings of ticker-cli, ticker-server and ticker-worker: ticker.conf(5)\n"
                            "#\n"
                            "# A line is \"key = value\", and a line that begins with # is a comment. All keys that\n"
                            "# there are stand below with their defaults: take the # before one away and change it.\n"
                            "#\n"
                            "# What stands on the command line or in the environment goes before what stands here.\n"
                            "# Passwords, keys and URLs that hold them are better kept in the environment of the\n"
                            "# service that needs them, for this file may be read by others.\n");
    for (size_t i = 0; i < ticker_option_count(); i++)
        show_option(output, i);
}
