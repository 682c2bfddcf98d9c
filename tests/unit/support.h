/* What the unit tests share: running them, made-up COTAHIST and trades files, archives in memory, sources that misbehave, and reading
 * a whole source into one comparable outcome. Nothing here is a real B3 file. */
#ifndef TEST_SUPPORT_H
#define TEST_SUPPORT_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <tickerimport.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/hash.h"
#include "model/report.h"
#include "unit/archives.h"
#include "unit/checked.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Runs them in Check's way (a process for each, unless CK_FORK=no) and says what main() returns. */
int run_tests(const char *name, const TTest *const *tests, size_t count);

/* How much of what only its number makes worth something: `many`, or `few` where each takes thirty times as long (under Valgrind, with
 * sanitizers), which TICKER_TEST_FEW=yes says. In scripts/test the step "check" has many. */
size_t many_or_few(size_t many, size_t few);

/* The same numbers in every run; *state must not be 0. */
uint64_t next_random(uint64_t *state);

/* --- Bytes ---------------------------------------------------------------------------------------------------------------------- */

/* Buffers that fail the test when they fail. */
void bytes_init(ti_buffer *bytes);
void add(ti_buffer *to, const char *format, ...) __attribute__((format(printf, 2, 3)));
void add_bytes(ti_buffer *to, const void *data, size_t size);
void add_repeated(ti_buffer *to, char byte, size_t count);

/* Whether all of it is UTF-8. */
bool is_utf8(const char *text);

/* A new file in the temporary folder with these bytes; its name is to be freed by drop_file(), which also removes it. */
char *make_file(const void *data, size_t size);
void drop_file(char *path);

/* --- COTAHIST ------------------------------------------------------------------------------------------------------------------- */

#define RECORD 245

/* The layout as FORMATS.md says it, written down a second time: kind 'X' text, 'N' number, 'D' date, 'T' PRAZOT, 'C' code. */
typedef struct b3_field {
    const char *name;
    unsigned column, offset, length;
    char kind;
} b3_field;

#define B3_FIELDS 25
extern const b3_field b3_fields[B3_FIELDS];
const b3_field *find_b3_field(const char *name);

/* PETR4 on 2016-01-04, valid in every field. */
void make_record(char record[RECORD]);
/* Texts are filled up with blanks behind, numbers with zeros before. */
void set_field(char record[RECORD], const char *name, const char *value);
void add_record(ti_buffer *to, const char record[RECORD], const char *end);
void add_header(ti_buffer *to, const char *end);
void add_trailer(ti_buffer *to, uint64_t count, const char *end);
/* A whole file of `records` different records. */
void make_cotahist(ti_buffer *to, size_t records, const char *end);

/* --- Trades --------------------------------------------------------------------------------------------------------------------- */

#define TRADES_11                                                                                                      \
    "DataReferencia;CodigoInstrumento;AcaoAtualizacao;PrecoNegocio;QuantidadeNegociada;HoraFechamento;"                \
    "CodigoIdentificadorNegocio;TipoSessaoPregao;DataNegocio;CodigoParticipanteComprador;CodigoParticipanteVendedor"
#define TRADES_12 TRADES_11 ";TipoDoCanal"

/* A whole file of `rows` different trades, some of them cancelled. */
void make_trades(ti_buffer *to, size_t rows, const char *end);

/* --- NEG_ and consolidated files ------------------------------------------------------------------------------------------------ */

#define CONSOLIDATED                                                                                                   \
    "RptDt;TckrSymb;ISIN;SgmtNm;MinPric;MaxPric;TradAvrgPric;LastPric;OscnPctg;AdjstdQt;AdjstdQtTax;RefPric;TradQty;"  \
    "FinInstrmQty;NtlFinVol"
#define CONSOLIDATED_FINAL "Status do Arquivo: Final"

/* The header, or ("RT") the trailer, of a NEG_ file. */
void add_neg_end(ti_buffer *to, const char *type, size_t lines, const char *end);
/* One of its rows, 237 bytes long: a trade, or when `cancelled` one that was taken back. */
void add_neg_row(ti_buffer *to, size_t number, bool cancelled, const char *end);
/* A whole file of `rows` different trades, some of them cancelled. */
void make_neg(ti_buffer *to, size_t rows, const char *end);
/* A whole file of `rows` different instruments of all segments; some in quotes, some in latin-1, some not traded. */
void make_consolidated(ti_buffer *to, size_t rows, const char *end);

/* --- Price reports -------------------------------------------------------------------------------------------------------------- */

/* A whole document (BVBG.086) of `rows` different reports: with and without prices, options and spot, one in seven or so with a price that
 * is none; with entities, comments, CDATA and letters of two bytes. */
void make_prices(ti_buffer *to, size_t rows, const char *end);

/* --- Sources -------------------------------------------------------------------------------------------------------------------- */

/* Bytes that come in pieces, as from a pipe: they cannot be read twice. */
typedef struct pieces {
    const void *data;
    size_t size;
    size_t piece;            /* bytes a read, or 0 */
    uint64_t seed;           /* with piece 0: random sizes 1 … 4096; 0 too: as many as are asked for */
    size_t fail_at;          /* with fail_with: the read from here on fails */
    ticker_status fail_with; /* TICKER_OK: never */
    size_t at;
    unsigned reads, closes;
} pieces;

/* What such a source reads with. */
ticker_status pieces_read(void *payload, void *buffer, size_t capacity, size_t *got, ticker_error *error);
ticker_source *pieces_source(pieces *self);

/* --- Reading -------------------------------------------------------------------------------------------------------------------- */

/* "name=value" …, ended by NULL. */
ticker_options *make_options(const char *first, ...) __attribute__((sentinel));

/* What came of a source read to its end. */
typedef struct outcome {
    ticker_status status; /* the first failure, or TICKER_OK */
    ticker_error error;   /* of it */
    size_t members, rows;
    char digest[TI_SHA256_TEXT_MAX]; /* of every cell, line number, member name and count */
    ticker_report report;            /* of the last member */
} outcome;

/* Takes the source over. `options` may be NULL. */
void read_source(outcome *result, ticker_source *source, const ticker_options *options);
void read_bytes(outcome *result, const void *data, size_t size, const ticker_options *options);

/* A source whose first batch is looked at cell by cell; to be ended with ticker_reader_free(). */
ticker_reader *first_batch(const void *data, size_t size, const ticker_batch **batch);
/* A cell as JSON shows it, "null" when it is null; good for the next eight calls. */
const char *cell_text(const ticker_batch *batch, unsigned column, size_t row);

#endif
