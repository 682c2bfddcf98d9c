/* What is left in memory of keys that were looked up and wiped: nothing that this library or json-c wrote there. (libxml2
 * does not wipe its own: answers of STS, whose keys live for an hour, are not looked at here.) */
#include "credentials_run.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* The secret, every byte one too high, so that neither the search nor what prepares it leaves it in memory. */
#define MOVED "xijtqfs!uibu!jt!mpohfs!uibo!b!ifbefs"

static char byte_at(size_t index)
{
    return MOVED[index] == '!' ? '+' : (char)(MOVED[index] - 1);
}

#define SIZE (sizeof(MOVED) - 1)
#define TAIL 16 /* what is looked for: malloc() writes over the first bytes of what is freed */

static uintptr_t hex_number(const char **at)
{
    uintptr_t number = 0;

    for (; **at != '-' && **at != ' '; (*at)++)
        number = number * 16 + (uintptr_t)(**at <= '9' ? **at - '0' : **at - 'a' + 10);
    return number;
}

/* Where malloc() has its memory; false: this one (a sanitizer's, Valgrind's) has it elsewhere. */
static bool find_heap(const char **begin, const char **end)
{
    FILE *maps = fopen("/proc/self/maps", "re");
    char line[512], *probe = malloc(100);
    bool found = false;

    while (maps != NULL && probe != NULL && !found && fgets(line, sizeof(line), maps) != NULL) {
        const char *at = line;

        *begin = (const char *)hex_number(&at);
        at++;
        *end = (const char *)hex_number(&at);
        found = strstr(line, "[heap]") != NULL && probe >= *begin && probe < *end;
    }
    if (maps != NULL)
        (void)fclose(maps); /* only read from */
    free(probe);
    return found;
}

/* How often the end of the secret stands in the heap. */
static size_t left_in_heap(void)
{
    const char *text, *end;
    size_t found = 0;

    ck_assert(find_heap(&text, &end));
    for (; text + TAIL <= end; text++) {
        size_t i = 0;

        while (i < TAIL && text[i] == byte_at(SIZE - TAIL + i))
            i++;
        found += i == TAIL;
    }
    return found;
}

static void write_text(int descriptor, const char *text)
{
    ck_assert_int_eq(write(descriptor, text, strlen(text)), (ssize_t)strlen(text));
}

/* Writes a file with the secret in it. */
static void write_secret(const credentials_run *run, const char *name, const char *before, const char *behind)
{
    char path[128];
    int descriptor;

    (void)snprintf(path, sizeof(path), "%s/%s", run->home, name);
    descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    ck_assert_int_ge(descriptor, 0);
    write_text(descriptor, before);
    for (size_t i = 0; i < SIZE; i++) {
        char byte = byte_at(i);

        ck_assert_int_eq(write(descriptor, &byte, 1), 1);
    }
    write_text(descriptor, behind);
    ck_assert_int_eq(close(descriptor), 0);
}

/* Looks the keys up, sees that they are there, and that nothing is left of them afterwards. */
static void check_wiped(credentials_run *run, const char *source)
{
    run_check(run, "AKID", source);
    ck_assert_uint_ge(left_in_heap(), 1); /* in the chain */
    ti_credentials_wipe(&run->got);
    run_again(run);
    ck_assert_uint_eq(left_in_heap(), 0);
    run_end(run);
}

START_TEST(keys_of_a_file)
{
    credentials_run run;

    run_begin(&run);
    write_secret(&run, ".aws/credentials", "[default]\naws_access_key_id = AKID\naws_secret_access_key = ", "\n");
    check_wiped(&run, "profile");
}
END_TEST

START_TEST(a_token_of_a_file)
{
    credentials_run run;

    run_begin(&run);
    write_secret(&run, ".aws/credentials",
                 "[default]\naws_access_key_id = AKID\naws_secret_access_key = x\naws_session_token = ", "\n[other]\n");
    check_wiped(&run, "profile");
}
END_TEST

START_TEST(keys_of_a_process)
{
    credentials_run run;

    run_begin(&run);
    write_secret(&run, "token", "{\"Version\": 1, \"AccessKeyId\": \"AKID\", \"SecretAccessKey\": \"", "\"}");
    run_file(&run, ".aws/config", "[default]\ncredential_process = /bin/sh -c 'cat $HOME_OF_TEST/token'\n");
    ck_assert_int_eq(setenv("HOME_OF_TEST", run.home, 1), 0);
    check_wiped(&run, "process");
}
END_TEST

/* --- Over HTTP ------------------------------------------------------------------------------------------------------------------ */

typedef struct answering {
    const char *before, *behind; /* of the secret in every answer */
} answering;

static ticker_status perform(void *self, const ti_http_request *request, ti_http_response *response,
                             ticker_error *error)
{
    const answering *mine = self;
    bool done;

    (void)request;
    ti_http_response_clear(response);
    response->status = 200;
    done = ti_buffer_text(&response->body, mine->before);
    for (size_t i = 0; i < SIZE; i++)
        done = ti_buffer_byte(&response->body, byte_at(i)) && done;
    return ti_buffer_text(&response->body, mine->behind) && done ? TICKER_OK : ti_fail_memory(error);
}

static ticker_status refuse(void *self, const ti_http_request *request, ti_http_response *response, ticker_error *error)
{
    (void)self;
    (void)request;
    ti_http_response_clear(response);
    response->status = 400;
    return ti_buffer_text(&response->body, "<E><Error><Code>Odd</Code></Error></E>") ? TICKER_OK
                                                                                     : ti_fail_memory(error);
}

static void close_nothing(void *self)
{
    (void)self;
}

START_TEST(keys_of_a_container)
{
    answering http = {"{\"AccessKeyId\": \"AKID\", \"Token\": \"HIDDEN\", \"SecretAccessKey\": \"", "\"}"};
    credentials_run run;

    run_begin(&run);
    run_set(&run, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI=/x");
    run.http = (ti_http){perform, close_nothing, &http};
    check_wiped(&run, "container");
}
END_TEST

/* The token of a web identity, in its file and in the form that is sent. */
START_TEST(a_token_that_is_sent)
{
    credentials_run run;
    char text[128];

    run_begin(&run);
    write_secret(&run, "token", "", "\n");
    (void)snprintf(text, sizeof(text), "AWS_WEB_IDENTITY_TOKEN_FILE=%s/token", run.home);
    run_set(&run, text);
    run_set(&run, "AWS_ROLE_ARN=arn");
    run.http = (ti_http){refuse, close_nothing, NULL};
    run_get(&run, TICKER_FATAL);
    run_again(&run);
    ck_assert_uint_eq(left_in_heap(), 0);
    run_end(&run);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {keys_of_a_file, a_token_of_a_file, keys_of_a_process, keys_of_a_container,
                                  a_token_that_is_sent};

    const char *begin, *end;

    if (!find_heap(&begin, &end)) {
        puts("SKIPPED: the memory of this allocator cannot be looked through");
        return 77;
    }
    return run_tests("aws_wiping", tests, COUNT(tests));
}
