/* Every cap of the library in one place. Input is hostile until read: each loop over it ends at one of these. */
#ifndef TICKERIMPORT_LIMITS_H
#define TICKERIMPORT_LIMITS_H

#define TICKER_ERROR_MESSAGE_MAX 400 /* bytes of an error's message, NUL included */
#define TICKER_NAME_MAX 512          /* bytes of a file or member name that is kept, NUL included */
#define TICKER_BATCH_ROWS_MAX 1024   /* rows of one batch */
#define TICKER_LINE_MAX 4096         /* bytes of one line of a text format, without its line end */
#define TICKER_FORMAT_GUESS_MAX 4096 /* first bytes of an input that tell its format */
#define TICKER_CSV_COLUMNS_MAX 64    /* columns of a CSV file, known or not */
#define TICKER_TICKER_MAX 50         /* bytes of a ticker in a CSV file (NEG_ files: 50; BVBG.086: 14; COTAHIST: 12) */
#define TICKER_PROBLEMS_MAX 100      /* problems a report and the ledger keep with line, column and reason */
#define TICKER_MARKETS_MAX 1000      /* market codes a report counts apart (three digits) */
#define TICKER_NESTING_MAX 3         /* archives within each other: zip in zip in zip */
#define TICKER_MEMBERS_MAX 1000      /* members of one archive that are looked at */
#define TICKER_EXPANSION_RATIO_MAX                                                                                     \
    200                         /* decompressed bytes a compressed one (COTAHIST reaches about 10), once past 16 MiB */
#define TICKER_XML_DEPTH_MAX 64 /* levels of elements of an XML document (price reports have 11) */
#define TICKER_XML_ATTRIBUTES_MAX 32       /* attributes, and namespaces, of one element */
#define TICKER_XML_NAMES_MAX (1024 * 1024) /* bytes of the different names of an XML document (price reports: 2 KiB) */
#define TICKER_XML_MARKUP_MAX (64 * 1024)  /* bytes of one tag or comment of an XML document */
#define TICKER_XML_TEXT_MAX 256            /* bytes of one value of an XML document */
#define TICKER_REPORTS_MAX 10000000        /* price reports of one document (B3: some 60,000) */
#define TICKER_SESSION_MAX 8               /* bytes of a session or channel code; B3 writes one digit */
#define TICKER_SEGMENT_MAX 64              /* bytes of a segment's name; the longest that was seen has 11 */
#define TICKER_TRADE_GROUP_MAX 1024        /* stored rows that may speak of one trade number of one ticker and day */
#define TICKER_SYMBOLS_MAX 1000000         /* different tickers of one file */
#define TICKER_PROBLEMS_JSON_MAX (256 * 1024)   /* bytes of the problems as JSON in the ledger */
#define TICKER_OPTION_VALUE_MAX (16 * 1024 + 1) /* bytes of an option's value, NUL included: a session token fits */
#define TICKER_QUERY_TICKERS_MAX 100            /* tickers of one query */
#define TICKER_VERIFY_TICKERS_MAX 262144        /* tickers that COTAHIST has on a day that is verified */
#define TICKER_QUERY_CURSOR_MAX 640             /* bytes of a query's cursor, NUL included */
#define TICKER_SIGNING_HEADERS_MAX 128          /* headers of one signed request */
#define TICKER_SIGNED_BYTES_MAX (256 * 1024)    /* bytes of a canonical request */
#define TICKER_PRESIGN_SECONDS_MAX 604800       /* seconds that a presigned URL or form can live (AWS: a week) */
#define TICKER_URL_MAX 8192                     /* bytes of a URL or endpoint, NUL included */
#define TICKER_BUCKET_MAX 256      /* bytes of a bucket's name, NUL included (AWS: 63; Ceph and old buckets: 255) */
#define TICKER_KEY_MAX 1025        /* bytes of an object's key, NUL included */
#define TICKER_POOL_MAX 1000       /* stores of one pool */
#define TICKER_STORED_NAME_MAX 200 /* bytes of an upload's name that its key keeps (file systems: 255) */
#define TICKER_EVENT_BYTES_MAX (1024 * 1024) /* bytes of a message in a queue (SQS: 1 MiB since 2025) */
#define TICKER_EVENT_RECORDS_MAX 1000        /* records of one event */
#define TICKER_SEQUENCER_MAX 256             /* bytes of an event's sequencer, NUL included (AWS: some 18) */
#define TICKER_OBJECT_VERSION_MAX 1025       /* bytes of an object's version, NUL included */
#define TICKER_INI_BYTES_MAX (1024 * 1024)   /* bytes of ~/.aws/config and of ~/.aws/credentials */
#define TICKER_INI_LINE_MAX (20 * 1024)      /* bytes of one line of them: a session token fits */
#define TICKER_INI_SECTIONS_MAX 2000         /* sections of one of them */
#define TICKER_INI_SETTINGS_MAX 500          /* settings of one section */
#define TICKER_ATTRIBUTES_MAX 64             /* attributes of a queue that are set at once */
#define TICKER_SNS_MESSAGE_MAX (256 * 1024)  /* bytes of a message that is published */
#define TICKER_SNS_SUBJECT_MAX 100           /* bytes of its subject */
#define TICKER_SNS_PAGES_MAX 2000            /* answers of one listing of topics or subscribers; 100 entries each */
#define TICKER_S3_PARTS_MAX 10000            /* parts of one upload (AWS's own limit) */
#define TICKER_S3_MEMORY_MAX                                                                                           \
    (256 * 1024 * 1024)             /* bytes of parts that grow, in one upload; more only when the options say so */
#define TICKER_S3_PAGE_MAX 10000    /* entries of one page of a listing (AWS: 1000) */
#define TICKER_S3_PAGES_MAX 1000000 /* pages of one listing */
#define TICKER_S3_NOTIFICATIONS_MAX 1000 /* notification configurations of a bucket (AWS: 100) */
#define TICKER_LABEL_MAX 128             /* bytes of a metric's label value that are kept */
#define TICKER_METRICS_SERIES_MAX 500    /* series of one family of metrics; further ones are counted together */
#define TICKER_S3_NOTIFICATIONS_MAX 1000 /* notification configurations of a bucket (AWS: 100) */
#define TICKER_CACHE_KEY_MAX (16 * 1024) /* bytes of a key of the cache: a hundred tickers fit */
#define TICKER_CACHE_TAG_MAX 64          /* bytes of a tag; a ticker has up to 50 */
#define TICKER_CACHE_TAGS_MAX TICKER_QUERY_TICKERS_MAX /* tags of one entry */
#define TICKER_CACHE_ENTRY_MAX (1024 * 1024)           /* bytes of an entry that is stored */
#define TICKER_ANSWER_MAX (8 * 1024 * 1024)            /* bytes of an answer that is held whole */
#define TICKER_CACHE_BUMP_MAX 10000                    /* tags of one bump; more, and everything is bumped */

#endif
