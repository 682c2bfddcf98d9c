/* The two tables and their columns: the same names and meanings in batches, in both databases, in JSON and in CSV.
 *
 * Numbers: a DECIMAL column holds an integer mantissa; its value is mantissa / 10^scale. DATE is days since 1970-01-01,
 * TIME is milliseconds since midnight in America/Sao_Paulo. No column is ever a floating-point number. */
#ifndef TICKERIMPORT_SCHEMA_H
#define TICKERIMPORT_SCHEMA_H

#include <tickerimport/status.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum ticker_table { TICKER_TABLE_NONE = 0, TICKER_QUOTES = 1, TICKER_TRADES = 2 } ticker_table;

typedef enum ticker_type {
    TICKER_TYPE_TEXT = 1,    /* UTF-8, not NUL-terminated */
    TICKER_TYPE_INTEGER = 2, /* int64_t */
    TICKER_TYPE_DECIMAL = 3, /* int64_t mantissa, fixed scale of the column */
    TICKER_TYPE_DATE = 4,    /* int64_t, days since 1970-01-01 */
    TICKER_TYPE_TIME = 5     /* int64_t, milliseconds since midnight */
} ticker_type;

/* The value of a number, date or time that the file leaves blank. No valid value equals it. */
#define TICKER_NULL INT64_MIN

/* Columns of a quotes batch. In brackets: B3's name in COTAHIST ("SeriesHistoricas_Layout", rev. 01 of 2017). */
typedef enum ticker_quote_column {
    TICKER_QUOTE_TICKER = 0,    /* [CODNEG] text */
    TICKER_QUOTE_DATE,          /* [DATA] trading day */
    TICKER_QUOTE_MARKET,        /* [TPMERC] text, three digits; blank when the file has none */
    TICKER_QUOTE_BDI,           /* [CODBDI] text, two characters */
    TICKER_QUOTE_NAME,          /* [NOMRES] text */
    TICKER_QUOTE_SPECIFICATION, /* [ESPECI] text */
    TICKER_QUOTE_TERM_DAYS,     /* [PRAZOT] days to settlement; null when blank, 0 for "000" */
    TICKER_QUOTE_CURRENCY,      /* [MODREF] text */
    TICKER_QUOTE_OPEN,          /* [PREABE] */
    TICKER_QUOTE_HIGH,          /* [PREMAX] */
    TICKER_QUOTE_LOW,           /* [PREMIN] */
    TICKER_QUOTE_AVERAGE,       /* [PREMED] */
    TICKER_QUOTE_CLOSE,         /* [PREULT] */
    TICKER_QUOTE_BID,           /* [PREOFC] null when 0 */
    TICKER_QUOTE_ASK,           /* [PREOFV] null when 0 */
    TICKER_QUOTE_TRADES,        /* [TOTNEG] wraps at 100,000 in COTAHIST */
    TICKER_QUOTE_VOLUME,        /* [QUATOT] units */
    TICKER_QUOTE_TURNOVER,      /* [VOLTOT] money, whole cents */
    TICKER_QUOTE_TURNOVER_REST, /* millionths of the currency unit below the cent; 0 but in rows made from trades */
    TICKER_QUOTE_STRIKE,        /* [PREEXE] null when 0 */
    TICKER_QUOTE_STRIKE_POINTS, /* [PTOEXE] null when 0 */
    TICKER_QUOTE_CORRECTION,    /* [INDOPC] null when 0 */
    TICKER_QUOTE_EXPIRY,        /* [DATVEN] null for 9999-12-31 */
    TICKER_QUOTE_FACTOR,        /* [FATCOT] */
    TICKER_QUOTE_ISIN,          /* [CODISI] text; an internal code before 1995-05-15 */
    TICKER_QUOTE_DISTRIBUTION,  /* [DISMES] text, zeros kept */
    TICKER_QUOTE_SOURCE,        /* text: cotahist, trades, consolidated, bvbg086 */
    /* What COTAHIST does not have: null or blank in its rows. In brackets: B3's name in price reports and consolidated files. */
    TICKER_QUOTE_SEGMENT,         /* [SgmtNm] text: CASH, EQUITY CALL … */
    TICKER_QUOTE_REFERENCE_PRICE, /* [RefPric] of what was not traded */
    TICKER_QUOTE_OSCILLATION,     /* [OscnPctg] per cent against the day before; may be negative */
    TICKER_QUOTE_SETTLEMENT,      /* [AdjstdQt] settlement price, or rate */
    TICKER_QUOTE_SETTLEMENT_TAX,  /* [AdjstdQtTax] the settlement as a rate */
    TICKER_QUOTE_OPEN_INTEREST,   /* [OpnIntrst] contracts */
    TICKER_QUOTE_COLUMNS          /* how many there are in this version; grows */
} ticker_quote_column;

/* Columns of a trades batch. In brackets: the column's name in NEGOCIOSAVISTA files. */
typedef enum ticker_trade_column {
    TICKER_TRADE_TICKER = 0,     /* [CodigoInstrumento] text */
    TICKER_TRADE_DATE,           /* [DataNegocio] the day the trade was made */
    TICKER_TRADE_REFERENCE_DATE, /* [DataReferencia] the day of the file that lists it */
    TICKER_TRADE_SESSION,        /* [TipoSessaoPregao] text: 1 regular, 6 after-hours */
    TICKER_TRADE_ID,             /* [CodigoIdentificadorNegocio] */
    TICKER_TRADE_ACTION,         /* [AcaoAtualizacao] 0 new, 2 cancelled */
    TICKER_TRADE_TIME,           /* [HoraFechamento] */
    TICKER_TRADE_PRICE,          /* [PrecoNegocio] may be negative */
    TICKER_TRADE_VOLUME,         /* [QuantidadeNegociada] units */
    TICKER_TRADE_BUYER,          /* [CodigoParticipanteComprador] null when empty */
    TICKER_TRADE_SELLER,         /* [CodigoParticipanteVendedor] null when empty */
    TICKER_TRADE_CHANNEL,        /* [TipoDoCanal] text, blank when the file has no such column */
    /* What only NEG_ files have: null in rows of others. */
    TICKER_TRADE_BUYER_AGGRESSOR,  /* 1: the buying order met one that waited; 2: it was the one that waited */
    TICKER_TRADE_SELLER_AGGRESSOR, /* the same of the selling order */
    TICKER_TRADE_CROSS,            /* 1: both orders came from one participant as a cross; 0: not */
    TICKER_TRADE_COLUMNS
} ticker_trade_column;

/* How many columns a table has in the library that is running; 0 for an unknown table. Any thread, as all below. */
TICKER_API unsigned ticker_table_columns(ticker_table table);
/* "quotes" or "trades"; NULL for an unknown table. */
TICKER_API const char *ticker_table_name(ticker_table table);
/* Name in the databases ("trade_date"), name in JSON and CSV ("date"), B3's name ("DATA", "" when B3 has none) and one
 * sentence about it. NULL for an unknown table or column. */
TICKER_API const char *ticker_column_name(ticker_table table, unsigned column);
TICKER_API const char *ticker_column_json_name(ticker_table table, unsigned column);
TICKER_API const char *ticker_column_b3_name(ticker_table table, unsigned column);
TICKER_API const char *ticker_column_description(ticker_table table, unsigned column);
/* The column's type, 0 when unknown; and the power of ten a DECIMAL's mantissa is divided by (0 for other types). */
TICKER_API ticker_type ticker_column_type(ticker_table table, unsigned column);
TICKER_API unsigned ticker_column_scale(ticker_table table, unsigned column);

/* Writes a value of a column as it appears in JSON and CSV (exact digits, ISO date, HH:MM:SS.mmm; "" for TICKER_NULL), with a
 * NUL when it fits. `text` columns are not numbers: nothing is written for them. Returns the length the text has. */
TICKER_API size_t ticker_column_format(ticker_table table, unsigned column, int64_t value, char *text, size_t size);

#ifdef __cplusplus
}
#endif
#endif
