/* The floor: a FastCGI program on libfcgi that answers every request with the bytes of one file. serve_hello SOCKET FILE THREADS */
#include <errno.h>
#include <fcgiapp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

static char *body;
static int size, listener;

static void *serve(void *unused)
{
    FCGX_Request request;

    (void)unused;
    if (FCGX_InitRequest(&request, listener, 0) != 0)
        return NULL;
    while (FCGX_Accept_r(&request) == 0) {
        (void)FCGX_FPrintF(request.out, "Content-Type: application/json\r\nContent-Length: %d\r\n\r\n", size);
        (void)FCGX_PutStr(body, size, request.out);
        FCGX_Finish_r(&request);
    }
    return NULL;
}

static int read_body(const char *path)
{
    FILE *file = fopen(path, "rb");
    long end;

    if (file == NULL || fseek(file, 0, SEEK_END) != 0 || (end = ftell(file)) <= 0)
        return 0;
    rewind(file);
    size = (int)end;
    body = malloc((size_t)size);
    return body != NULL && fread(body, 1, (size_t)size, file) == (size_t)size && fclose(file) == 0;
}

int main(int argc, char **argv)
{
    int threads = 0;

    if (argc != 4 || !read_body(argv[2]) || FCGX_Init() != 0)
        return 2;
    for (const char *digit = argv[3]; *digit >= '0' && *digit <= '9' && threads < 100; digit++)
        threads = threads * 10 + (*digit - '0');
    listener = FCGX_OpenSocket(argv[1], 1024);
    if (listener < 0)
        return 1;
    for (int i = 1; i < threads; i++) {
        pthread_t thread;

        if (pthread_create(&thread, NULL, serve, NULL) != 0)
            return 1;
    }
    serve(NULL);
    return 0;
}
