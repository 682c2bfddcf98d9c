/* A client over the scripted server, one request, and what came of it. */
#ifndef TESTS_AWS_SCENE_H
#define TESTS_AWS_SCENE_H

#include "aws/handle.h"
#include "base/error.h"
#include "fake_http.h"

typedef struct scene {
    fake_http *fake;
    ticker_aws *aws;
    ti_aws_request request; /* GetObject of "files", "k" */
    ti_http_response response;
    ticker_error error;
} scene;

/* `option` may be NULL. */
void open_scene(scene *mine, const char *option);
void close_scene(scene *mine);
ticker_status performs(scene *mine);
/* It ends well, and so many requests have been made since the scene was opened. */
void succeeds(scene *mine, size_t requests);
void fails(scene *mine, ticker_status expected, ticker_error_kind kind, size_t requests);

#endif
