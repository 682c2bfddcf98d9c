#include "aws_scene.h"

#include "support.h"

void open_scene(scene *mine, const char *option)
{
    mine->fake = fake_http_new();
    mine->aws = fake_http_client(mine->fake, option, NULL);
    mine->request = (ti_aws_request){.service = TI_AWS_S3,
                                     .operation = "GetObject",
                                     .method = "GET",
                                     .bucket = ti_slice_of("files"),
                                     .path = ti_slice_of("k")};
    ti_http_response_init(&mine->response);
}

void close_scene(scene *mine)
{
    ti_http_response_free(&mine->response);
    ticker_aws_free(mine->aws);
    fake_http_free(mine->fake);
}

ticker_status performs(scene *mine)
{
    ti_error_init(&mine->error);
    return ti_aws_perform(mine->aws, &mine->request, &mine->response, &mine->error);
}

void succeeds(scene *mine, size_t requests)
{
    ticker_status status = performs(mine);

    ck_assert_msg(status == TICKER_OK, "%s", mine->error.message);
    ck_assert_int_eq(mine->error.kind, TICKER_ERROR_NONE);
    ck_assert_uint_eq(fake_http_count(mine->fake), requests);
}

void fails(scene *mine, ticker_status expected, ticker_error_kind kind, size_t requests)
{
    ticker_status status = performs(mine);

    ck_assert_msg(status == expected && mine->error.kind == kind, "%d %d: %s", status, mine->error.kind,
                  mine->error.message);
    ck_assert_int_eq(mine->error.status, expected);
    ck_assert_msg(fake_http_count(mine->fake) == requests, "%zu requests: %s", fake_http_count(mine->fake),
                  mine->error.message);
}
