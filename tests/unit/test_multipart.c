/* Forms: boundaries that are split at every byte or only look like one, hostile headers, bodies that end too early; and names of files. */
#include "support.h"

#include <stdio.h>
#include <stdlib.h>

#include "multipart.h"

#define FIELD(name) "Content-Disposition: form-data; name=\"" name "\"\r\n\r\n"
#define FILE_FIELD                                                                                                     \
    "Content-Disposition: form-data; name=\"file\"; filename=\"x.zip\"\r\nContent-Type: application/zip\r\n\r\n"

/* What came of a form: "name[file|type]=bytes" for each part, and how it ended. */
typedef struct result {
    ti_buffer text;
    ticker_status status;
    ticker_error error;
} result;

static void read_part(multipart *form, result *to, size_t capacity)
{
    const disposition *about = multipart_disposition(form);
    char block[512];
    size_t got;

    if (about->has_file)
        add(&to->text, "%s[%s|%s]=", about->name, about->file, multipart_type(form));
    else
        add(&to->text, "%s=", about->name);
    while ((to->status = multipart_read(form, block, capacity, &got, &to->error)) == TICKER_OK)
        add_bytes(&to->text, block, got);
    add(&to->text, ";");
}

static void read_pieces(result *to, const char *boundary, const void *data, size_t size, size_t piece)
{
    pieces from = {.data = data, .size = size, .piece = piece};
    multipart *form = multipart_new(boundary, pieces_read, &from);

    ck_assert_ptr_nonnull(form);
    bytes_init(&to->text);
    ti_error_init(&to->error);
    while ((to->status = multipart_next(form, &to->error)) == TICKER_OK) {
        read_part(form, to, piece % 512 + 1);
        if (to->status < TICKER_OK)
            break;
    }
    if (to->status == TICKER_DONE)
        ck_assert_uint_eq(from.at, size);
    multipart_free(form);
}

/* The next size of pieces to try: each up to twice the longest delimiter, then some, then all at once. */
static size_t next_piece(size_t piece, size_t size)
{
    size_t step = piece < 160 && size < 8192 ? 1 : piece / 3 + 7;

    return piece <= size && piece + step > size + 1 ? size + 1 : piece + step;
}

/* In pieces of every size, up to all at once. */
static void reads(const char *boundary, const void *data, size_t size, const void *wanted, size_t wanted_size)
{
    for (size_t piece = 1; piece <= size + 1; piece = next_piece(piece, size)) {
        result found;

        read_pieces(&found, boundary, data, size, piece);
        ck_assert_msg(found.status == TICKER_DONE, "pieces of %zu: %s", piece, found.error.message);
        ck_assert_uint_eq(found.text.size, wanted_size);
        if (wanted_size > 0)
            ck_assert_mem_eq(found.text.data, wanted, wanted_size);
        ti_buffer_free(&found.text);
    }
}

static void reads_text(const char *data, const char *wanted)
{
    reads("b", data, strlen(data), wanted, strlen(wanted));
}

static void fails(const char *data, size_t size, ticker_error_kind kind, const char *message)
{
    for (size_t piece = 1; piece <= size + 1; piece = next_piece(piece, size)) {
        result found;

        read_pieces(&found, "b", data, size, piece);
        ck_assert_int_eq(found.status, TICKER_FAILED);
        ck_assert_int_eq(found.error.kind, kind);
        ck_assert_msg(strstr(found.error.message, message) != NULL, "%s", found.error.message);
        ti_buffer_free(&found.text);
    }
}

static void fails_text(const char *data, const char *message)
{
    fails(data, strlen(data), TICKER_ERROR_INPUT, message);
}

START_TEST(forms)
{
    reads_text("--b\r\n" FILE_FIELD "PK..\r\n--b--\r\n", "file[x.zip|application/zip]=PK..;");
    reads_text("--b\r\n" FIELD("a") "1\r\n--b\r\n" FILE_FIELD "2\r\n--b\r\n" FIELD("c") "3\r\n--b--",
               "a=1;file[x.zip|application/zip]=2;c=3;");
    reads_text("--b--\r\n", "");
    reads_text("\r\n--b--", "");
    reads_text("to be ignored\r\n--b \t\r\n" FIELD("a") "\r\n--b-- \r\nafter\r\n--b\r\n", "a=;");
    reads_text("--b\r\ncontent-DISPOSITION:form-data;name=a\r\nX-Other:\r\n\r\n\r\n\r\n--b--", "a=\r\n;");
    reads_text("--b\r\nContent-Disposition: form-data;\r\n\tname=\"a\";\r\n  filename=f\r\n\r\nx\r\n--b--", "a[f|]=x;");
    /* A part without a body, not even the empty one: its last line end is the boundary's. */
    reads_text("--b\r\n" FIELD("a") "--b\r\n" FIELD("c") "x\r\n--b--", "a=;c=x;");
}
END_TEST

START_TEST(almost_boundaries)
{
    reads_text(
        "--b\r\n" FIELD(
            "a") "\n--b\r\n--\r\n--c\r--b\r\n-b\r\n--bb\r\n--b-\r\n--b--x\r\n --b--\r\n--b x\r\n--b\t\r\r\n--b--",
        "a=\n--b\r\n--\r\n--c\r--b\r\n-b\r\n--bb\r\n--b-\r\n--b--x\r\n --b--\r\n--b x\r\n--b\t\r;");
    reads_text("--b\r\n" FIELD("a") "\r\n\r\n--b--", "a=\r\n;");
    reads_text("--b\r\n" FIELD("a") "\r\r\n\r\r\n--b--", "a=\r\r\n\r;");
    reads_text("--b\r\n" FIELD("a") "--b--\n\r\n--b--", "a=--b--\n;");
    reads_text("--bb\r\n--bx\r\n--b\r\n" FIELD("a") "1\r\n--b--", "a=1;");
}
END_TEST

/* The longest boundary, in a body of all bytes and of all its beginnings. */
START_TEST(binary_bodies)
{
    char boundary[MULTIPART_BOUNDARY_MAX + 1];
    ti_buffer form, content, wanted;

    memset(boundary, '-', sizeof(boundary));
    memcpy(boundary + 60, "a'()+_,./", 9);
    boundary[69] = 'z';
    boundary[70] = '\0';
    bytes_init(&form);
    bytes_init(&content);
    bytes_init(&wanted);
    for (int byte = 0; byte < 256; byte++)
        add_bytes(&content, &(char){(char)byte}, 1);
    for (size_t size = 0; size < MULTIPART_BOUNDARY_MAX; size += 3) {
        add(&content, "\r\n--");
        add_bytes(&content, boundary, size);
    }
    add(&form, "--%s\r\n" FILE_FIELD, boundary);
    add_bytes(&form, content.data, content.size);
    add(&form, "\r\n--%s--\r\n", boundary);
    add(&wanted, "file[x.zip|application/zip]=");
    add_bytes(&wanted, content.data, content.size);
    add(&wanted, ";");
    reads(boundary, form.data, form.size, wanted.data, wanted.size);
    ti_buffer_free(&form);
    ti_buffer_free(&content);
    ti_buffer_free(&wanted);
}
END_TEST

/* More than a window of it, and nothing but line ends. */
START_TEST(large_bodies)
{
    static const size_t sizes[] = {100000, 131072, 131073, 300001};
    char ends[256];

    for (size_t i = 0; i < sizeof(ends); i++)
        ends[i] = "\r\n--"[i % 4];
    for (size_t i = 0; i < COUNT(sizes); i++) {
        ti_buffer form;
        result found;

        bytes_init(&form);
        add(&form, "--b\r\n" FIELD("a"));
        for (size_t left = sizes[i]; left > 0; left -= left < sizeof(ends) ? left : sizeof(ends))
            add_bytes(&form, ends, left < sizeof(ends) ? left : sizeof(ends));
        add(&form, "\r\n--b--");
        read_pieces(&found, "b", form.data, form.size, 65537);
        ck_assert_int_eq(found.status, TICKER_DONE);
        ck_assert_uint_eq(found.text.size, sizes[i] + 3);
        ti_buffer_free(&form);
        ti_buffer_free(&found.text);
    }
}
END_TEST

/* Whatever is missing at the end: it is no form. */
START_TEST(broken_off)
{
    static const char form[] = "--b\r\n" FIELD("a") "1\r\n--b\r\n" FILE_FIELD "2\r\n--b--";

    for (size_t size = 0; size < sizeof(form) - 1; size++)
        fails(form, size, TICKER_ERROR_INPUT, "ends before its closing boundary");
    reads_text(form, "a=1;file[x.zip|application/zip]=2;");
}
END_TEST

START_TEST(malformed_headers)
{
    fails_text("--b\r\n\r\nx\r\n--b--", "no Content-Disposition");
    fails_text("--b\r\nContent-Type: text/plain\r\n\r\nx\r\n--b--", "no Content-Disposition");
    fails_text("--b\r\nContent-Disposition: attachment; name=a\r\n\r\nx\r\n--b--", "form-data");
    fails_text("--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b--", "form-data with a name");
    fails_text("--b\r\nContent-Disposition: form-data; name=\"a\r\n\r\nx\r\n--b--", "form-data with a name");
    fails_text("--b\r\nContent-Disposition: form-data; name=\r\n\r\nx\r\n--b--", "form-data with a name");
    fails_text("--b\r\nContent-Disposition: form-data; name=a b\r\n\r\nx\r\n--b--", "form-data with a name");
    fails_text("--b\r\nContent-Disposition: form-data; name=a\r\ncontent-disposition: form-data; name=file\r\n\r\n"
               "x\r\n--b--",
               "Content-Disposition");
    fails_text("--b\r\nContent-Disposition form-data\r\n\r\nx\r\n--b--", "no header");
    fails_text("--b\r\nContent Disposition: form-data; name=a\r\n\r\nx\r\n--b--", "no header");
    fails_text("--b\r\n: x\r\n\r\nx\r\n--b--", "no header");
    fails_text("--b\r\nContent-Disposition: form-data; name=a\nX: y\r\n\r\nx\r\n--b--", "control character");
    fails_text("--b\r\nContent-Disposition: form-data; name=a\rX: y\r\n\r\nx\r\n--b--", "control character");
    fails("--b\r\nX: \0\r\n\r\nx\r\n--b--", 22, TICKER_ERROR_INPUT, "control character");
    fails_text("--b\r\n"
               "Content-Transfer-Encoding: base64\r\n" FIELD("a") "eA==\r\n--b--",
               "Transfer-Encoding");
}
END_TEST

START_TEST(caps)
{
    ti_buffer form;

    bytes_init(&form);
    add(&form, "--b\r\nX: ");
    add_repeated(&form, 'x', MULTIPART_HEADER_BYTES_MAX);
    add(&form, "\r\n" FIELD("a") "\r\n--b--");
    fails(form.data, form.size, TICKER_ERROR_LIMIT, "headers of a part are too long");
    ti_buffer_free(&form);
    bytes_init(&form);
    add(&form, "--b\r\n");
    for (int i = 0; i < MULTIPART_HEADERS_MAX; i++)
        add(&form, "X: y\r\n");
    add(&form, FIELD("a") "\r\n--b--");
    fails(form.data, form.size, TICKER_ERROR_INPUT, "too many headers");
    ti_buffer_free(&form);
    bytes_init(&form);
    for (int i = 0; i <= MULTIPART_PARTS_MAX; i++)
        add(&form, "--b\r\n" FIELD("a") "\r\n");
    add(&form, "--b--");
    fails(form.data, form.size, TICKER_ERROR_LIMIT, "too many parts");
    ti_buffer_free(&form);
    bytes_init(&form);
    add_repeated(&form, 'x', MULTIPART_AROUND_BYTES_MAX + 100);
    add(&form, "\r\n--b--");
    fails(form.data, form.size, TICKER_ERROR_LIMIT, "before the first boundary");
    ti_buffer_free(&form);
    bytes_init(&form);
    add(&form, "--b--\r\n");
    add_repeated(&form, 'x', MULTIPART_AROUND_BYTES_MAX + 1);
    fails(form.data, form.size, TICKER_ERROR_LIMIT, "behind the last boundary");
    ti_buffer_free(&form);
    bytes_init(&form);
    add(&form, "--b\r\nContent-Type: ");
    add_repeated(&form, 'x', MULTIPART_TYPE_MAX);
    add(&form, "\r\n" FIELD("a") "\r\n--b--");
    fails(form.data, form.size, TICKER_ERROR_INPUT, "Content-Type is too long");
    ti_buffer_free(&form);
}
END_TEST

/* Blanks behind a boundary, as many as there may be and one more. */
START_TEST(padding)
{
    ti_buffer form, wanted;

    bytes_init(&form);
    bytes_init(&wanted);
    add(&form, "--b\r\n" FIELD("a") "\r\n--b");
    add_repeated(&form, ' ', MULTIPART_PADDING_MAX + 1);
    add(&form, "\r\n--b--");
    add_repeated(&form, '\t', MULTIPART_PADDING_MAX);
    add(&wanted, "a=\r\n--b");
    add_repeated(&wanted, ' ', MULTIPART_PADDING_MAX + 1);
    add(&wanted, ";");
    reads("b", form.data, form.size, wanted.data, wanted.size);
    ti_buffer_free(&form);
    ti_buffer_free(&wanted);
}
END_TEST

/* What the source says is said, at once and unchanged; and a form that failed stays so. */
START_TEST(failing_sources)
{
    static const char form[] = "--b\r\n" FIELD("a") "12345\r\n--b--\r\n";

    for (size_t at = 0; at < sizeof(form); at++) {
        pieces from = {.data = form, .size = sizeof(form) - 1, .piece = 3, .fail_at = at, .fail_with = TICKER_RETRY};
        multipart *reader = multipart_new("b", pieces_read, &from);
        ticker_status status;
        ticker_error error;
        char block[8];
        size_t got;

        ti_error_init(&error);
        while ((status = multipart_next(reader, &error)) == TICKER_OK)
            do
                status = multipart_read(reader, block, sizeof(block), &got, &error);
            while (status == TICKER_OK && got > 0);
        ck_assert_int_eq(error.status, TICKER_RETRY); /* the first that was said */
        ck_assert_int_eq(multipart_next(reader, NULL), TICKER_FAILED);
        ck_assert_int_eq(multipart_read(reader, block, sizeof(block), &got, NULL), TICKER_FAILED);
        multipart_free(reader);
    }
    multipart_free(NULL);
}
END_TEST

/* Parts that nobody reads are passed over; one that was read to its end stays there. */
START_TEST(skipping)
{
    static const char form[] = "--b\r\n" FIELD("a") "1\r\n--b\r\n" FIELD("c") "23456\r\n--b\r\n" FIELD(
        "d") "7\r\n--b--";
    pieces from = {.data = form, .size = sizeof(form) - 1, .piece = 5};
    multipart *reader = multipart_new("b", pieces_read, &from);
    char block[4];
    size_t got;

    ck_assert_int_eq(multipart_read(reader, block, 4, &got, NULL), TICKER_DONE); /* no part yet */
    ck_assert_int_eq(multipart_next(reader, NULL), TICKER_OK);
    ck_assert_int_eq(multipart_next(reader, NULL), TICKER_OK);
    ck_assert_str_eq(multipart_disposition(reader)->name, "c");
    ck_assert_int_eq(multipart_read(reader, block, 1, &got, NULL), TICKER_OK);
    ck_assert_int_eq(multipart_next(reader, NULL), TICKER_OK);
    ck_assert_str_eq(multipart_disposition(reader)->name, "d");
    ck_assert_int_eq(multipart_read(reader, block, 4, &got, NULL), TICKER_OK);
    ck_assert_int_eq(multipart_read(reader, block, 4, &got, NULL), TICKER_DONE);
    ck_assert_int_eq(multipart_read(reader, block, 4, &got, NULL), TICKER_DONE);
    ck_assert_uint_eq(got, 0);
    ck_assert_int_eq(multipart_next(reader, NULL), TICKER_DONE);
    ck_assert_int_eq(multipart_next(reader, NULL), TICKER_DONE);
    multipart_free(reader);
}
END_TEST

static void has_boundary(const char *type, int which, const char *wanted)
{
    char boundary[MULTIPART_BOUNDARY_MAX + 1] = "";

    ck_assert_msg(multipart_boundary(type, boundary) == which, "%s", type);
    ck_assert_str_eq(boundary, wanted);
}

START_TEST(boundaries)
{
    char type[200];

    has_boundary("multipart/form-data; boundary=abc", 1, "abc");
    has_boundary("Multipart/Form-Data;charset=utf-8 ; BOUNDARY=\"a b:c\"", 1, "a b:c");
    has_boundary(" multipart/form-data; boundary=----a'()+_,-./:=?", 1, "----a'()+_,-./:=?");
    has_boundary("multipart/form-data; boundary=a; boundary=c", 1, "a");
    has_boundary("multipart/mixed; boundary=abc", 0, "");
    has_boundary("multipart/form-datax; boundary=abc", 0, "");
    has_boundary("", 0, "");
    has_boundary("text/plain", 0, "");
    has_boundary("multipart/form-data", -1, "");
    has_boundary("multipart/form-data; boundary=", -1, "");
    has_boundary("multipart/form-data; boundary=\"\"", -1, "");
    has_boundary("multipart/form-data; boundary=\"a ", -1, "");
    has_boundary("multipart/form-data; boundary=\"a \"", -1, "");
    has_boundary("multipart/form-data; boundary=a\\b", -1, "");
    has_boundary("multipart/form-data; boundary=\xc3\xa7", -1, "");
    has_boundary("multipart/form-data; xboundary=a", -1, "");
    (void)snprintf(type, sizeof(type), "multipart/form-data; boundary=%071d", 1);
    has_boundary(type, -1, "");
    (void)snprintf(type, sizeof(type), "multipart/form-data; boundary=%070d", 1);
    has_boundary(type, 1, strchr(type, '=') + 1);
    ck_assert_ptr_null(multipart_new("", pieces_read, NULL));
    ck_assert_ptr_null(multipart_new("a\r\nb", pieces_read, NULL));
}
END_TEST

static void named(const char *parameters, const char *file)
{
    disposition found;
    char value[2048];

    (void)snprintf(value, sizeof(value), "form-data; name=\"file\"; %s", parameters);
    ck_assert_msg(disposition_parse(value, strlen(value), &found), "%s", value);
    ck_assert_str_eq(found.name, "file");
    ck_assert(found.has_file);
    ck_assert_str_eq(found.file, file);
}

START_TEST(names_of_files)
{
    named("filename=x.zip", "x.zip");
    named("filename=\"x.zip\";", "x.zip");
    named("FileName = \"x y;z.zip\" ; size=1", "x y;z.zip");
    named("filename=\"\"", "");
    named("filename=\"a \\\"b\\\" c.csv\"", "a \"b\" c.csv");
    named("filename=\"a %22b%22 %41.csv\"", "a \"b\" %41.csv");
    named("filename=\"C:\\new\\table.zip\"", "table.zip");
    named("filename=\"C:\\\\new\\\\table.zip\"", "table.zip");
    named("filename=\"../../etc/passwd\"", "passwd");
    named("filename=\"/\"", "");
    named("filename=\"..\"", "");
    named("filename=\". . \"", "");
    named("filename=\"a/..\"", "");
    named("filename=\".hidden\"", ".hidden");
    named("filename=\"neg\xc3\xb3\x63ios.csv\"", "neg\xc3\xb3\x63ios.csv");
    named("filename=\"neg\xf3\x63ios.csv\"", "neg\xc3\xb3\x63ios.csv");
    named("filename=\"a\x01\x1b[31m\x7f\xc2\x85.csv\"", "a__[31m__.csv");
    named("filename=a; filename=b", "a");
    named("filename=a.zip; filename*=UTF-8''neg%C3%B3cios%20%2fx%5cy.csv", "y.csv");
    named("filename*=utf-8'pt-BR'a%c3%a7%E3o.csv; filename=b", "a\xc3\x83\xc2\xa7\xc3\xa3o.csv"); /* no UTF-8 */
    named("filename*=ISO-8859-1'en'a%E7%00.csv; filename=b", "a\xc3\xa7_.csv");
    named("filename=b; filename*=koi8-r''x", "b");
    named("filename=b; filename*=UTF-8x", "b");
    named("filename=b; filename*=UTF-8'x", "b");
    named("filename=b; filename*=UTF-8''", "b");
    named("filename=b; filename*=UTF-8''%2F..", "b");
    named("filename*=UTF-8''%zz%4", "%zz%4");
}
END_TEST

START_TEST(long_names)
{
    char raw[2000], clean[FILE_NAME_MAX], longer[FIELD_NAME_MAX + 200];
    disposition found;

    memset(raw, 'a', sizeof(raw));
    memcpy(raw + sizeof(raw) - 7, ".csv.gz", 7);
    clean_file_name(raw, sizeof(raw), clean);
    ck_assert_uint_eq(strlen(clean), FILE_NAME_MAX - 1);
    ck_assert_str_eq(clean + FILE_NAME_MAX - 5, "a.gz");
    for (size_t i = 0; i < sizeof(raw); i += 2)
        memcpy(raw + i, "\xc3\xa7", 2);
    clean_file_name(raw, sizeof(raw), clean);
    ck_assert_uint_eq(strlen(clean), FILE_NAME_MAX - 2);
    ck_assert(is_utf8(clean));
    clean_file_name(raw, 1, clean);
    ck_assert_str_eq(clean, "\xc3\x83");
    clean_file_name("a\0/b\0c", 6, clean);
    ck_assert_str_eq(clean, "b_c");
    clean_file_name("", 0, clean);
    ck_assert_str_eq(clean, "");
    memset(longer, 0, sizeof(longer));
    (void)snprintf(longer, sizeof(longer), "form-data; name=file%0*d", FIELD_NAME_MAX, 0);
    ck_assert(disposition_parse(longer, strlen(longer), &found));
    ck_assert_uint_eq(strlen(found.name), FIELD_NAME_MAX - 1);
    ck_assert(!found.has_file);
}
END_TEST

START_TEST(parameters)
{
    static const char header[] = "text/plain ; a=1;B=\"2;\\\"x\";; c=\"long value\"";
    char value[8];

    ck_assert(header_is(header, strlen(header), "TEXT/plain"));
    ck_assert(!header_is(header, strlen(header), "text/plai"));
    ck_assert_int_eq(header_parameter(header, strlen(header), "A", value, sizeof(value)), 1);
    ck_assert_str_eq(value, "1");
    ck_assert_int_eq(header_parameter(header, strlen(header), "b", value, sizeof(value)), 4);
    ck_assert_str_eq(value, "2;\"x");
    ck_assert_int_eq(header_parameter(header, strlen(header), "c", value, sizeof(value)), 10);
    ck_assert_str_eq(value, "long va");
    ck_assert_int_eq(header_parameter(header, strlen(header), "d", value, sizeof(value)), -1);
    ck_assert_int_eq(header_parameter("t;a=\"\\\0\"", 8, "a", value, sizeof(value)), -1);
    ck_assert_int_eq(header_parameter("t;=x;a=1", 8, "a", value, sizeof(value)), -1);
    ck_assert_int_eq(header_parameter("t; a", 4, "a", value, sizeof(value)), -1);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        forms,   almost_boundaries, binary_bodies, large_bodies, broken_off,     malformed_headers, caps,
        padding, failing_sources,   skipping,      boundaries,   names_of_files, long_names,        parameters,
    };

    return run_tests("multipart", tests, COUNT(tests));
}
