/* Zip, gzip and archives in archives, by the member. An input is 'b' and a recipe, which archives are made by, or 'r' and an archive
 * itself. What a recipe made and nothing damaged must come out again, byte for byte; all else must come out in the same way whether it is
 * read at once or in pieces. With libFuzzer recipes also become archives, so that it works on their bytes.
 *
 * A recipe has a line each:
 *   text WORDS         what is to be packed: these
 *   repeat N           N times what there was
 *   gzip               packed by gzip
 *   member[sdeb] NAME  becomes a member: stored, with a descriptor, said to be encrypted, with a bad CRC
 *   zip                the members so far become a zip
 *   cut N              so many bytes of the end are missing
 *   flip AT N          a byte is changed
 *   limit N            so many bytes may come out
 *   hash N             the hash is asked for before member N (else at the end) */
#include "fuzz.h"

#include <string.h>

#include "base/error.h"
#include "base/mix.h"
#include "input/input.h"
#include "input/layer.h"
#include "unit/archives.h"

#define LINES_MAX 100
#define MEMBERS_MAX 12
#define BYTES_MAX ((size_t)64 * 1024) /* of what is packed */
#define PACKED_MAX ((size_t)512 * 1024)
#define LINE_BYTES_MAX 200
#define INPUT_BYTES_MAX ((size_t)128 * 1024)

/* Bytes, and what will come out of them. */
typedef struct content {
    ti_buffer bytes;
    ti_buffer plain;  /* of all data members in them, one after the other */
    unsigned members; /* how many of these */
    unsigned depth;   /* archives in each other */
} content;

typedef struct recipe {
    content now;
    content members[MEMBERS_MAX];
    char names[MEMBERS_MAX][LINE_BYTES_MAX];
    zip_member facts[MEMBERS_MAX];
    size_t count;
    bool damaged; /* nobody knows what comes out */
    bool zips;    /* there may be a zip in it */
    uint64_t limit;
    unsigned hash_at;
} recipe;

/* --- Making archives ------------------------------------------------------------------------------------------------------------ */

static void content_init(content *made)
{
    memset(made, 0, sizeof(*made));
    ti_buffer_init(&made->bytes, PACKED_MAX);
    ti_buffer_init(&made->plain, PACKED_MAX);
    made->members = 1; /* no bytes are data too */
}

static void content_free(content *made)
{
    ti_buffer_free(&made->bytes);
    ti_buffer_free(&made->plain);
}

static void put(ti_buffer *to, const void *data, size_t size)
{
    CHECK(size == 0 || ti_buffer_append(to, data, size));
}

static bool is_packed(const ti_buffer *bytes)
{
    const unsigned char *data = (const unsigned char *)bytes->data;

    return bytes->size > 0 && (ti_zip_recognise(data, bytes->size) || ti_gzip_recognise(data, bytes->size));
}

static void be_text(recipe *all, const char *text)
{
    content_free(&all->now);
    content_init(&all->now);
    put(&all->now.bytes, text, strlen(text));
    put(&all->now.plain, text, strlen(text));
    if (is_packed(&all->now.bytes))
        all->damaged = true;
}

/* Archives one behind the other are no archive; of plain bytes there are more. */
static void be_repeated(recipe *all, unsigned times)
{
    size_t size = all->now.bytes.size, plain = all->now.plain.size;

    if (all->now.depth > 0)
        all->damaged = true;
    for (unsigned i = 1; i < times && all->now.bytes.size + size <= BYTES_MAX; i++) {
        CHECK(ti_buffer_reserve(&all->now.bytes, size + 1) != NULL);
        CHECK(ti_buffer_reserve(&all->now.plain, plain + 1) != NULL);
        put(&all->now.bytes, all->now.bytes.data, size);
        if (all->now.plain.size + plain <= BYTES_MAX)
            put(&all->now.plain, all->now.plain.data, plain);
    }
}

static void be_gzip(recipe *all)
{
    ti_buffer packed;

    ti_buffer_init(&packed, PACKED_MAX);
    make_gzip(&packed, all->now.bytes.data != NULL ? all->now.bytes.data : "", all->now.bytes.size);
    ti_buffer_free(&all->now.bytes);
    all->now.bytes = packed;
    all->now.depth++;
}

/* What the library takes for no data is left to the unit tests. */
static bool plain_name(const char *name)
{
    return name[0] != '\0' && name[0] != '.' && name[0] != '_' && strpbrk(name, "/\\") == NULL;
}

static void be_member(recipe *all, const char *flags, const char *name)
{
    zip_member *facts = &all->facts[all->count];

    if (all->count == MEMBERS_MAX || all->now.bytes.size > BYTES_MAX)
        return;
    all->members[all->count] = all->now;
    content_init(&all->now);
    (void)snprintf(all->names[all->count], sizeof(all->names[0]), "%s", name);
    *facts = (zip_member){.name = all->names[all->count],
                          .data = all->members[all->count].bytes.data,
                          .size = all->members[all->count].bytes.size,
                          .stored = strchr(flags, 's') != NULL,
                          .descriptor = strchr(flags, 'd') != NULL,
                          .encrypted = strchr(flags, 'e') != NULL,
                          .bad_crc = strchr(flags, 'b') != NULL};
    if (facts->data == NULL)
        facts->data = "";
    if (facts->encrypted || facts->bad_crc || (facts->stored && facts->descriptor) || !plain_name(name))
        all->damaged = true;
    all->count++;
}

static void be_zip(recipe *all)
{
    content made;

    content_init(&made);
    made.members = 0;
    make_zip(&made.bytes, all->facts, all->count);
    for (size_t i = 0; i < all->count; i++) {
        content *member = &all->members[i];

        put(&made.plain, member->plain.data, member->plain.size);
        made.members += member->members;
        made.depth = member->depth > made.depth ? member->depth : made.depth;
        content_free(member);
    }
    made.depth++;
    all->count = 0;
    all->zips = true;
    content_free(&all->now);
    all->now = made;
}

/* The digits at *text, after blanks; 0 when there are none. */
static size_t take_number(const char **text)
{
    size_t number = 0;

    *text += strspn(*text, " ");
    for (; **text >= '0' && **text <= '9'; (*text)++)
        number = number < BYTES_MAX * 16 ? number * 10 + (size_t)(**text - '0') : number;
    return number;
}

static void damage(recipe *all, const char *word, const char *rest)
{
    size_t at = take_number(&rest), by = take_number(&rest);
    ti_buffer *bytes = &all->now.bytes;

    if (bytes->size == 0)
        return;
    all->damaged = true;
    if (word[0] == 'c')
        bytes->size -= at % bytes->size;
    else
        bytes->data[at % bytes->size] ^= (char)(by & 0xff);
}

static void follow_line(recipe *all, char *line)
{
    char *rest = strchr(line, ' ');
    size_t number;

    if (rest != NULL)
        *rest++ = '\0';
    else
        rest = line + strlen(line);
    number = take_number(&(const char *){rest});
    if (strcmp(line, "text") == 0)
        be_text(all, rest);
    else if (strcmp(line, "repeat") == 0)
        be_repeated(all, (unsigned)(number % 4096));
    else if (strcmp(line, "gzip") == 0 && all->now.bytes.size <= BYTES_MAX)
        be_gzip(all);
    else if (strcmp(line, "member") == 0)
        be_member(all, "", rest);
    else if (strncmp(line, "member", 6) == 0)
        be_member(all, line + 6, rest);
    else if (strcmp(line, "zip") == 0)
        be_zip(all);
    else if (strcmp(line, "cut") == 0 || strcmp(line, "flip") == 0)
        damage(all, line, rest);
    else if (strcmp(line, "limit") == 0)
        all->limit = number;
    else if (strcmp(line, "hash") == 0)
        all->hash_at = (unsigned)number;
}

static void recipe_begin(recipe *all)
{
    memset(all, 0, sizeof(*all));
    content_init(&all->now);
    all->limit = UINT64_C(2) << 20;
    all->hash_at = 1000;
}

static void recipe_follow(recipe *all, const uint8_t *data, size_t size)
{
    char line[LINE_BYTES_MAX];

    for (unsigned i = 0; i < LINES_MAX && size > 0; i++) {
        const uint8_t *end = memchr(data, '\n', size);
        size_t length = end != NULL ? (size_t)(end - data) : size;
        size_t kept = length < sizeof(line) - 1 ? length : sizeof(line) - 1;

        memcpy(line, data, kept);
        line[kept] = '\0';
        follow_line(all, line);
        length += end != NULL;
        data += length;
        size -= length;
    }
}

static void recipe_end(recipe *all)
{
    for (size_t i = 0; i < all->count; i++)
        content_free(&all->members[i]);
    content_free(&all->now);
}

/* --- Reading them --------------------------------------------------------------------------------------------------------------- */

typedef struct outcome {
    ticker_status status; /* TICKER_DONE: all was read */
    ticker_error error;
    unsigned members;
    uint64_t names, digest; /* of the members that were read to their end */
    ti_buffer plain;
    char sha256[TI_SHA256_TEXT_MAX]; /* "": reading failed before it was asked for */
} outcome;

typedef struct pieces {
    const uint8_t *data;
    size_t size, at, piece;
} pieces;

static ticker_status read_piece(void *self, void *buffer, size_t capacity, size_t *got, ticker_error *error)
{
    pieces *from = self;
    size_t count = from->size - from->at;

    (void)error;
    count = count < capacity ? count : capacity;
    count = count < from->piece ? count : from->piece;
    if (count == 0)
        return TICKER_DONE;
    memcpy(buffer, from->data + from->at, count);
    from->at += count;
    *got = count;
    return TICKER_OK;
}

static ticker_status read_member(outcome *seen, ti_input *input, size_t block)
{
    char bytes[8192];
    size_t got, before = seen->plain.size;
    ticker_status status;

    while ((status = ti_input_read(input, bytes, block, &got, &seen->error)) == TICKER_OK) {
        CHECK(got > 0 && got <= block);
        put(&seen->plain, bytes, got < PACKED_MAX - seen->plain.size ? got : PACKED_MAX - seen->plain.size);
    }
    if (status != TICKER_DONE)
        return status;
    status = ti_input_look_behind(input, &seen->error);
    if (status != TICKER_OK)
        return status;
    seen->names = ti_mix_bytes(seen->names, ti_slice_of(ti_input_member(input)));
    seen->digest = ti_mix(seen->digest + seen->plain.size - before, 0x9e3779b97f4a7c15u);
    if (seen->plain.size > before)
        seen->digest = ti_mix_bytes(seen->digest, (ti_slice){seen->plain.data + before, seen->plain.size - before});
    return TICKER_DONE;
}

static void read_all(outcome *seen, const ti_buffer *bytes, size_t piece, uint64_t limit, unsigned hash_at)
{
    static const ticker_source_ops ops = {sizeof(ops), read_piece, NULL};
    pieces from = {(const uint8_t *)bytes->data, bytes->size, 0, piece};
    ti_input_limits limits = {limit, 200, 3};
    ti_input *input = ti_input_new(ticker_source_new(&ops, &from, "input", -1), &limits);

    memset(seen, 0, sizeof(*seen));
    ti_buffer_init(&seen->plain, PACKED_MAX + sizeof(limits));
    ti_error_init(&seen->error);
    CHECK(input != NULL && ti_input_keep_hash(input, &seen->error) == TICKER_OK);
    for (;;) {
        if (seen->members == hash_at && seen->sha256[0] == '\0')
            seen->status = ti_input_sha256(input, seen->sha256, &seen->error);
        if (seen->status >= TICKER_OK)
            seen->status = ti_input_next(input, &seen->error);
        if (seen->status != TICKER_OK)
            break;
        seen->members++;
        seen->status = read_member(seen, input, piece < 8192 ? piece : 8192);
        if (seen->status != TICKER_DONE)
            break;
        seen->status = TICKER_OK;
    }
    if (seen->status == TICKER_DONE && seen->sha256[0] == '\0' &&
        ti_input_sha256(input, seen->sha256, &seen->error) != TICKER_OK)
        seen->status = ticker_error_status(&seen->error); /* there is too much behind the end of an archive */
    ti_input_free(input);
}

/* --- Looking at what came ------------------------------------------------------------------------------------------------------- */

static void check_failure(const outcome *seen)
{
    if (seen->status == TICKER_DONE) {
        CHECK(seen->error.kind == TICKER_ERROR_NONE);
        return;
    }
    CHECK(seen->status == TICKER_FAILED && seen->error.message[0] != '\0');
    CHECK(seen->error.kind == TICKER_ERROR_INPUT || seen->error.kind == TICKER_ERROR_LIMIT ||
          seen->error.kind == TICKER_ERROR_UNSUPPORTED);
}

static void check_hash(const outcome *seen, const ti_buffer *bytes)
{
    static const char hex[] = "0123456789abcdef";
    unsigned char digest[TI_SHA256_BYTES];

    if (seen->sha256[0] == '\0')
        return;
    CHECK(ti_sha256_of(bytes->data != NULL ? bytes->data : "", bytes->size, digest));
    for (size_t i = 0; i < sizeof(digest); i++)
        CHECK(seen->sha256[2 * i] == hex[digest[i] >> 4] && seen->sha256[2 * i + 1] == hex[digest[i] & 15]);
}

/* How much comes before the input is found to be too large is left to how it is read, and whether what stands behind the end of an inner
 * archive is looked at, too. So is how much of a damaged zip comes before the damage, because libarchive drops what it has when it finds
 * it. */
static void check_same(const recipe *all, const outcome *a, const outcome *b)
{
    if (a->error.kind == TICKER_ERROR_LIMIT || b->error.kind == TICKER_ERROR_LIMIT)
        return;
    CHECK(a->status == b->status);
    if (a->status != TICKER_DONE && all->damaged && all->zips)
        return;
    CHECK(a->error.kind == b->error.kind);
    CHECK(strcmp(a->error.message, b->error.message) == 0);
    CHECK(a->members == b->members && a->digest == b->digest && a->names == b->names);
}

/* Nothing was damaged: all of it comes out, unless it is nested too deep or grows past a limit. */
static void check_made(const recipe *all, const outcome *seen)
{
    size_t largest = all->now.bytes.size > all->now.plain.size ? all->now.bytes.size : all->now.plain.size;

    if (all->now.depth > 3) {
        CHECK(seen->status == TICKER_FAILED && seen->error.kind == TICKER_ERROR_LIMIT);
    } else if (all->now.plain.size > all->limit || all->now.bytes.size > all->limit) {
        CHECK(seen->status == TICKER_FAILED && seen->error.kind == TICKER_ERROR_LIMIT);
    } else if (all->limit > largest + BYTES_MAX * MEMBERS_MAX) { /* what lies between is limited too */
        CHECK(seen->status == TICKER_DONE && seen->members == all->now.members);
        CHECK(seen->plain.size == all->now.plain.size);
        CHECK(seen->plain.size == 0 || memcmp(seen->plain.data, all->now.plain.data, seen->plain.size) == 0);
    }
}

static void check_bytes(const recipe *all, size_t piece)
{
    outcome whole, parts;

    read_all(&whole, &all->now.bytes, SIZE_MAX, all->limit, all->hash_at);
    read_all(&parts, &all->now.bytes, piece, all->limit, 1000);
    check_failure(&whole);
    check_hash(&whole, &all->now.bytes);
    check_hash(&parts, &all->now.bytes);
    check_same(all, &whole, &parts);
    if (!all->damaged && all->hash_at >= 1000)
        check_made(all, &whole);
    ti_buffer_free(&whole.plain);
    ti_buffer_free(&parts.plain);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    recipe all;

    if (size < 1 || size > INPUT_BYTES_MAX)
        return 0;
    recipe_begin(&all);
    if (data[0] == 'b') {
        recipe_follow(&all, data + 1, size - 1);
    } else {
        put(&all.now.bytes, data + 1, size - 1);
        all.damaged = all.zips = true;
        all.hash_at = size % 8 == 0 ? (unsigned)(size / 8 % 3) : 1000;
    }
    check_bytes(&all, 1 + size % 299);
    recipe_end(&all);
    return 0;
}

#ifdef TI_LIBFUZZER
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed);

/* Now and then a recipe becomes what it makes. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed)
{
    recipe all;

    if (seed % 8 == 0 && size > 0 && data[0] == 'b') {
        recipe_begin(&all);
        recipe_follow(&all, data + 1, size - 1);
        if (all.now.bytes.size > 0 && all.now.bytes.size < max) {
            data[0] = 'r';
            memcpy(data + 1, all.now.bytes.data, all.now.bytes.size);
            size = all.now.bytes.size + 1;
        }
        recipe_end(&all);
    }
    return LLVMFuzzerMutate(data, size, max);
}
#endif
