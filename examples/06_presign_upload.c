/* Lets somebody without keys upload: a URL that is good for one object and a quarter of an hour, or a form for a browser.
 *
 *   cc -o 06_presign_upload 06_presign_upload.c $(pkg-config --cflags --libs tickerimport)
 *   ./06_presign_upload put my-bucket in/COTAHIST_A2024.ZIP COTAHIST_A2024.ZIP
 *   ./06_presign_upload post my-bucket 'in/${filename}'
 *
 * Keys, region and endpoint come from the environment or ~/.aws, as for other AWS tools. Shows: a client, presigned requests,
 * and that they are secrets: the URL goes to curl through a pipe, not on its command line, where everyone could read it. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <tickerimport.h>

#define SECONDS 900
#define BYTES_MAX ((int64_t)2 << 30)

/* Runs curl, which knows nothing of AWS, and gives it the URL as a line of its configuration. */
static int upload(const char *url, const char *file)
{
    int ends[2], result = 0;
    pid_t curl;
    FILE *to;

    if (pipe(ends) != 0)
        return -1;
    curl = fork();
    if (curl == 0) {
        (void)dup2(ends[0], STDIN_FILENO);
        (void)close(ends[0]);
        (void)close(ends[1]);
        (void)execlp("curl", "curl", "--silent", "--show-error", "--fail", "--config", "-", "--upload-file", file,
                     (char *)NULL);
        perror("curl");
        _exit(127);
    }
    to = fdopen(ends[1], "w");
    if (to == NULL)
        (void)close(ends[1]);
    else if (fprintf(to, "url = \"%s\"\n", url) < 0 || fclose(to) != 0)
        result = -1;
    (void)close(ends[0]); /* not before: when curl is gone already, writing must not end this program */
    return curl > 0 && waitpid(curl, &result, 0) == curl && to != NULL ? result : -1;
}

static ticker_status put(ticker_aws *aws, const char *bucket, const char *key, const char *file, ticker_error *error)
{
    ticker_s3_object *object = NULL;
    char *url = NULL;
    ticker_status status = ticker_s3_presign(aws, "PUT", bucket, key, SECONDS, &url, error);

    if (status == TICKER_OK && upload(url, file) != 0)
        status = ticker_error_set(error, TICKER_FAILED, TICKER_ERROR_SERVICE, "curl could not upload the file");
    if (status == TICKER_OK)
        status = ticker_s3_head(aws, bucket, key, NULL, &object, error);
    if (status == TICKER_OK)
        printf("s3://%s/%s: %" PRId64 " bytes, ETag %s\n", bucket, key, ticker_s3_object_bytes(object),
               ticker_s3_object_etag(object));
    ticker_s3_object_free(object);
    ticker_free(url);
    return status;
}

/* JSON {"url":…,"fields":{…}}: a page makes a form of it, with one more field "file". */
static ticker_status post(ticker_aws *aws, const char *bucket, const char *key, ticker_error *error)
{
    char *form = NULL;
    ticker_status status = ticker_s3_presign_post(aws, bucket, key, BYTES_MAX, SECONDS, &form, error);

    if (status == TICKER_OK)
        printf("%s\n", form);
    ticker_free(form);
    return status;
}

int main(int argc, char **argv)
{
    ticker_error *error = ticker_error_new();
    ticker_aws *aws = NULL;
    ticker_status status;
    char line[2 * TICKER_ERROR_MESSAGE_MAX + TICKER_NAME_MAX];

    if (!(argc == 5 && strcmp(argv[1], "put") == 0) && !(argc == 4 && strcmp(argv[1], "post") == 0)) {
        fprintf(stderr, "usage: 06_presign_upload put BUCKET KEY FILE | post BUCKET KEY\n");
        ticker_error_free(error);
        return 2;
    }
    status = ticker_aws_new(NULL, NULL, &aws, error);
    if (status == TICKER_OK)
        status = argc == 5 ? put(aws, argv[2], argv[3], argv[4], error) : post(aws, argv[2], argv[3], error);
    if (status != TICKER_OK) {
        (void)ticker_error_format(error, line, sizeof line);
        fprintf(stderr, "06_presign_upload: %s\n", line);
    }
    ticker_aws_free(aws);
    ticker_error_free(error);
    return status == TICKER_OK ? 0 : 1;
}
