#include "input/input.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/symbols.h"
#include "input/ahead.h"
#include "input/layer.h"
#include "input/raw.h"

struct ti_input {
    ti_input_limits limits;
    ti_layer *layers[TICKER_NESTING_MAX + 1];  /* [0] is the source */
    unsigned depth;                            /* of the layer whose entry is read */
    uint64_t produced[TICKER_NESTING_MAX + 1]; /* at each depth by the archives that are done with */
    ti_ahead *ahead;                           /* NULL: nothing is read ahead */
    uint64_t from, given;                      /* from which byte of a member on it is; how many it gave */
    bool prompt;                               /* the source never waits long */
    bool failed;
    ticker_status held; /* what ended the member, behind bytes that were given first */
    ticker_error held_error;
    bool looked;          /* the next entry was found already, by ti_input_look_behind() */
    ticker_status behind; /* what was found there */
    ticker_error behind_error;
    ti_symbols *names;                        /* of the members so far: the ledger knows a member by its name */
    uint32_t next_number[TICKER_MEMBERS_MAX]; /* for another member of each of these names: all below are taken */
    char name[TICKER_NAME_MAX];
    char member[TICKER_NAME_MAX];
};

ti_input *ti_input_new(ticker_source *source, const ti_input_limits *limits)
{
    ti_input *input = calloc(1, sizeof(*input));

    if (input == NULL) {
        ticker_source_free(source);
        return NULL;
    }
    input->limits = *limits;
    if (input->limits.ratio == 0)
        input->limits.ratio = 1;
    if (input->limits.nesting > TICKER_NESTING_MAX)
        input->limits.nesting = TICKER_NESTING_MAX;
    memcpy(input->name, source->name, sizeof(input->name));
    input->layers[0] = ti_raw_new(source, limits->bytes);
    if (input->layers[0] == NULL) {
        free(input);
        return NULL;
    }
    input->prompt = ti_raw_can_hash_first(input->layers[0]);
    return input;
}

void ti_input_read_ahead(ti_input *input, uint64_t from)
{
    input->from = from;
    if (input->ahead == NULL)
        input->ahead = ti_ahead_new(input->layers[0], input->prompt);
}

static void pop(ti_input *input)
{
    ti_layer *layer = input->layers[input->depth];

    input->produced[input->depth] = layer->produced;
    layer->ops->free(layer);
    input->layers[input->depth--] = NULL;
}

void ti_input_free(ti_input *input)
{
    if (input == NULL)
        return;
    ti_ahead_abort(input->ahead);
    while (input->depth > 0)
        pop(input);
    ti_ahead_free(input->ahead);
    input->layers[0]->ops->free(input->layers[0]);
    ti_symbols_free(input->names);
    free(input);
}

/* Two members may have the same name, or the same one once it is cut: the later ones get a number. A name stays taken, so each search
 * for a number goes on where the last one for that name ended. */
static ticker_status keep_name(ti_input *input, ticker_error *error)
{
    size_t size = strlen(input->member);
    char number[24];
    uint32_t first, symbol;
    bool added;

    _Static_assert(TI_SYMBOL_TEXT_MAX >= TICKER_NAME_MAX - 1, "every name is a symbol");
    if (input->names == NULL)
        input->names = ti_symbols_new(TICKER_MEMBERS_MAX);
    if (input->names == NULL)
        return ti_fail_memory(error);
    if (ti_symbols_count(input->names) == TICKER_MEMBERS_MAX)
        return ti_fail(error, TICKER_FAILED, TICKER_ERROR_LIMIT, "the archive has more than %d data members",
                       TICKER_MEMBERS_MAX);
    first = symbol = ti_symbols_add(input->names, ti_slice_of(input->member), &added);
    while (symbol != TI_SYMBOL_NONE && !added) {
        size_t length = (size_t)snprintf(number, sizeof(number), "#%u", input->next_number[first]++);
        size_t at = size + length < sizeof(input->member) ? size : sizeof(input->member) - 1 - length;

        memcpy(input->member + at, number, length + 1);
        symbol = ti_symbols_add(input->names, ti_slice_of(input->member), &added);
    }
    if (symbol == TI_SYMBOL_NONE)
        return ti_fail_memory(error);
    input->next_number[symbol] = 2;
    return TICKER_OK;
}

/* Joins the names of the entries, outermost first. */
static void name_member(ti_input *input)
{
    size_t size = 0;

    input->member[0] = '\0';
    for (unsigned i = 1; i <= input->depth; i++) {
        const char *name = input->layers[i]->name;
        int length;

        if (name[0] == '\0' || size >= sizeof(input->member) - 1)
            continue;
        length = snprintf(input->member + size, sizeof(input->member) - size, "%s%s", size > 0 ? "/" : "", name);
        if (length > 0)
            size += (size_t)length;
    }
}

/* Opens the archive that the current entry is. TICKER_DONE: it is no archive but data. */
static ticker_status descend(ti_input *input, ticker_error *error)
{
    ti_layer *top = input->layers[input->depth], *layer, *below;
    bool zip = ti_zip_recognise(top->head, top->head_size), gzip = ti_gzip_recognise(top->head, top->head_size);

    if (!zip && !gzip)
        return TICKER_DONE;
    if (input->depth >= input->limits.nesting) {
        (void)ti_fail(error, TICKER_FAILED, TICKER_ERROR_LIMIT, "archives are nested more than %u deep",
                      input->limits.nesting);
        ti_error_hint(error, "unpack the outer archive first");
        return TICKER_FAILED;
    }
    below = input->depth == 0 && input->ahead != NULL ? ti_ahead_layer(input->ahead) : top;
    layer = zip ? ti_zip_new(below) : ti_gzip_new(below);
    if (layer == NULL)
        return ti_fail_memory(error);
    input->layers[++input->depth] = layer;
    layer->produced = input->produced[input->depth]; /* the limits are for all archives at this depth together */
    return TICKER_OK;
}

static ticker_status find_member(ti_input *input, ticker_error *error)
{
    ticker_status status;

    if (input->ahead != NULL)
        ti_ahead_end(input->ahead);
    input->given = 0;
    input->held = TICKER_OK;
    for (;;) {
        status = ti_layer_next(input->layers[input->depth], error);
        if (status < TICKER_OK)
            return status;
        if (status == TICKER_DONE) {
            if (input->depth == 0)
                return TICKER_DONE;
            pop(input);
            continue;
        }
        status = descend(input, error);
        if (status == TICKER_DONE)
            return TICKER_OK;
        if (status != TICKER_OK)
            return status;
    }
}

ticker_status ti_input_next(ti_input *input, ticker_error *error)
{
    ticker_status status;

    if (input->failed)
        return TICKER_DONE;
    status = input->looked ? input->behind : find_member(input, error);
    if (input->looked && status < TICKER_OK)
        ti_error_copy(error, &input->behind_error);
    input->looked = false;
    name_member(input);
    if (status == TICKER_OK)
        status = keep_name(input, error);
    if (status < TICKER_OK) {
        input->failed = true;
        ti_error_file(error, input->name);
    }
    return status;
}

/* What makes the next member unreadable (a password, too deep an archive) is that member's matter; damage is everybody's. */
static bool concerns_all(ticker_status status, const ticker_error *error)
{
    return status < TICKER_OK && (status != TICKER_FAILED || error->kind == TICKER_ERROR_INPUT);
}

ticker_status ti_input_look_behind(ti_input *input, ticker_error *error)
{
    if (input->failed || input->looked)
        return TICKER_OK;
    ti_error_init(&input->behind_error);
    input->behind = find_member(input, &input->behind_error);
    input->looked = true;
    if (!concerns_all(input->behind, &input->behind_error))
        return TICKER_OK;
    input->failed = true;
    ti_error_copy(error, &input->behind_error);
    ti_error_file(error, input->name);
    return input->behind;
}

/* Every layer is looked at: what an archive within a bomb unpacks to may be small again. */
static ticker_status check_limits(const ti_input *input, ticker_error *error)
{
    uint64_t stored = input->ahead != NULL ? ti_ahead_layer(input->ahead)->produced : ti_raw_position(input->layers[0]);

    for (unsigned i = 0; i <= input->depth; i++) {
        uint64_t produced = i == 0 ? stored : input->layers[i]->produced;

        if (produced > input->limits.bytes) {
            (void)ti_fail(error, TICKER_FAILED, TICKER_ERROR_LIMIT,
                          "the input is larger than %llu bytes when decompressed",
                          (unsigned long long)input->limits.bytes);
            ti_error_hint(error, "raise --max-input-bytes if the file is what it should be");
            return TICKER_FAILED;
        }
        if (i > 0 && produced > TI_RATIO_FROM && produced / input->limits.ratio > stored) {
            (void)ti_fail(error, TICKER_FAILED, TICKER_ERROR_LIMIT,
                          "the archive grows more than %llu-fold: it may be a zip bomb",
                          (unsigned long long)input->limits.ratio);
            ti_error_hint(error, "raise --max-expansion-ratio if the file is what it should be");
            return TICKER_FAILED;
        }
    }
    return TICKER_OK;
}

/* A ti_fill; by the other thread when it reads ahead. */
static ticker_status read_piece(void *self, void *buffer, size_t capacity, size_t *got, ticker_error *error)
{
    ti_input *input = self;
    ticker_status status = ti_layer_read(input->layers[input->depth], buffer, capacity, got, error);

    return status == TICKER_OK ? check_limits(input, error) : status;
}

/* As many bytes as there are before the end, of a file: then its rows and its failures are the same whatever pieces it was read in. A
 * pipe's bytes are given as they come. */
static ticker_status read_pieces(ti_input *input, unsigned char *buffer, size_t capacity, size_t *got)
{
    bool ahead = input->ahead != NULL && ti_ahead_runs(input->ahead);
    ticker_status status;

    *got = 0;
    do {
        size_t piece = 0;

        status = ahead ? ti_ahead_read(input->ahead, buffer + *got, capacity - *got, &piece, &input->held_error)
                       : read_piece(input, buffer + *got, capacity - *got, &piece, &input->held_error);
        if (status == TICKER_OK)
            *got += piece;
    } while (status == TICKER_OK && *got < capacity && input->prompt && input->depth > 0);
    return status;
}

ticker_status ti_input_read(void *self, void *buffer, size_t capacity, size_t *got, ticker_error *error)
{
    ti_input *input = self;
    ticker_status status = input->held;

    *got = 0;
    if (input->ahead != NULL && input->depth > 0 && input->given >= input->from && !ti_ahead_runs(input->ahead) &&
        status == TICKER_OK && !ti_ahead_begin(input->ahead, read_piece, input))
        input->from = UINT64_MAX; /* there is no thread to be had: it goes on without */
    if (status == TICKER_OK) {
        ti_error_init(&input->held_error);
        status = read_pieces(input, buffer, capacity, got);
    }
    input->given += *got;
    input->held = status;
    if (*got > 0)
        return TICKER_OK;
    if (status < TICKER_OK) {
        input->failed = true;
        ti_error_copy(error, &input->held_error);
        ti_error_file(error, input->name);
    }
    return status;
}

const char *ti_input_member(const ti_input *input)
{
    return input->member;
}

const char *ti_input_name(const ti_input *input)
{
    return input->name;
}

ticker_status ti_input_keep_hash(ti_input *input, ticker_error *error)
{
    return ti_raw_keep_hash(input->layers[0], error);
}

ticker_status ti_input_sha256(ti_input *input, char text[TI_SHA256_TEXT_MAX], ticker_error *error)
{
    return ti_raw_sha256(input->layers[0], text, error);
}

bool ti_input_can_hash_first(const ti_input *input)
{
    return ti_raw_can_hash_first(input->layers[0]);
}

bool ti_input_can_hash_now(const ti_input *input)
{
    return ti_raw_can_hash_now(input->layers[0]);
}

ticker_status ti_input_check_unchanged(const ti_input *input, ticker_error *error)
{
    return ti_raw_check_unchanged(input->layers[0], error);
}

uint64_t ti_input_position(const ti_input *input)
{
    return ti_raw_position(input->layers[0]);
}

int64_t ti_input_size(const ti_input *input)
{
    return ti_raw_size(input->layers[0]);
}
