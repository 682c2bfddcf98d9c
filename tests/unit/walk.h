/* A walk over all members of an input, for the tests of what stands between stored bytes and data. */
#ifndef TEST_WALK_H
#define TEST_WALK_H

#include "input/input.h"
#include "support.h"

#define ONE(text)                                                                                                      \
    {                                                                                                                  \
        .name = "one.txt", .data = (text), .size = strlen(text)                                                        \
    }

/* What a walk over all members saw. */
typedef struct walk {
    ticker_status status; /* the first failure, or TICKER_DONE */
    ticker_error error;
    size_t members;
    uint64_t bytes; /* of all members */
    ti_buffer log;  /* "member=first 40 bytes\n" … */
} walk;

/* 64 GiB, 200-fold, 3 deep. */
extern const ti_input_limits usual;

/* Takes the source over; the log is to be freed. */
void walk_source(walk *seen, ticker_source *source, const ti_input_limits *limits);
/* The rest of the member that the input stands at. */
ticker_status walk_member(walk *seen, ti_input *input);
/* All members can be read, in pieces of any size, and this is what they are. */
void gives(const ti_buffer *bytes, const char *log);
/* TICKER_FAILED of this kind, with `message` in the message. */
void refuses(const ti_buffer *bytes, ticker_error_kind kind, const char *message);

#endif
