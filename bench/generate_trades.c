/* NEGOCIOSAVISTA: one day's trades, one row each, in the order of time. */
#include "generate.h"

#include <stdlib.h>
#include <string.h>

#define RANKS 65536u /* a row's instrument is drawn from here; a liquid one has many places */
#define INSTRUMENTS_MAX 2048u
#define PENDING_MAX 65536u
#define FIRST_TIME (9u * 3600000u)
#define LAST_TIME (16u * 3600000u + 55u * 60000u)
#define AFTER_FIRST_TIME (17u * 3600000u + 30u * 60000u)
#define AFTER_LAST_TIME (17u * 3600000u + 55u * 60000u)
#define REGULAR '1'
#define AFTER_HOURS '6'
#define FIELDS 12

struct instrument {
    char ticker[GEN_SYMBOL_MAX];
    int32_t price; /* thousandths; a calendar spread may be below zero */
    int32_t tick;
    uint32_t lot;
    uint32_t ids[3]; /* last one given: regular, after-hours, and the day before */
    bool signed_price;
};

/* A trade, as its row and its later cancellation tell it. */
struct trade {
    uint64_t due; /* the row in which it is cancelled */
    uint64_t id;
    uint64_t quantity;
    int32_t price;
    int32_t day;
    uint32_t time;
    uint32_t instrument;
    int buyer; /* below 0: empty */
    int seller;
    char session;
    char action;
};

struct floor_state {
    const struct gen_request *request;
    struct gen_output *output;
    struct gen_counts *counts;
    struct gen_random random;
    struct instrument instruments[INSTRUMENTS_MAX];
    size_t count;
    uint16_t ranks[RANKS];
    struct trade pending[PENDING_MAX]; /* trades that will be cancelled, a ring in the order of `due` */
    size_t first_pending;
    size_t pending_count;
    int32_t day_before;
    uint64_t relisted; /* rows of the day before at the top */
    uint64_t after;    /* the first row of the after-hours session */
    char day_text[10];
    char day_before_text[10];
};

static const char header[] = "DataReferencia;CodigoInstrumento;AcaoAtualizacao;PrecoNegocio;QuantidadeNegociada;"
                             "HoraFechamento;CodigoIdentificadorNegocio;TipoSessaoPregao;DataNegocio;"
                             "CodigoParticipanteComprador;CodigoParticipanteVendedor";

static void add(struct floor_state *state, const char *root, const char *suffix, int32_t price, int32_t tick,
                uint32_t lot)
{
    struct instrument *instrument;

    if (state->count == INSTRUMENTS_MAX)
        return;
    instrument = &state->instruments[state->count++];
    memset(instrument, 0, sizeof *instrument);
    *gen_put_text(gen_put_text(instrument->ticker, root), suffix) = '\0';
    instrument->price = price;
    instrument->tick = tick;
    instrument->lot = lot;
}

/* Futures and a calendar spread (whose price crosses zero) with the months that follow `day`. */
static void add_futures(struct floor_state *state, int32_t day)
{
    static const char letters[] = "FGHJKMNQUVXZ";
    static const struct {
        char root[4];
        int32_t price;
        int32_t tick;
    } futures[] = {{"WIN", 129450000, 5000}, {"WDO", 5745500, 500},    {"IND", 129500000, 5000},
                   {"DOL", 5746000, 500},    {"DI1", 12345, 5},        {"BGI", 345000, 50},
                   {"CCM", 72100, 10},       {"BIT", 431000000, 10000}};
    struct gen_date date = gen_civil(day);

    for (size_t i = 0; i < sizeof futures / sizeof futures[0]; i++) {
        for (unsigned next = 0; next < 3; next++) {
            unsigned month = date.month + next;
            char contract[4] = {letters[month % 12], '0', '0', '\0'};

            gen_put_digits(contract + 1, (uint64_t)(date.year + (int)(month / 12)) % 100, 2);
            add(state, futures[i].root, contract, futures[i].price, futures[i].tick, 1);
        }
    }
    add(state, "DII", "F27J27", -15, 5, 50);
    state->instruments[state->count - 1].signed_price = true;
}

static void add_instruments(struct floor_state *state, int32_t day)
{
    struct gen_company *companies = calloc(GEN_COMPANIES, sizeof *companies);

    if (companies == NULL)
        return;
    gen_companies(companies);
    for (size_t i = 0; i < 4; i++)
        add(state, companies[i].root, companies[i].suffix, (int32_t)companies[i].cents * 10, 10, 100);
    add_futures(state, day);
    for (size_t i = 4; i < GEN_COMPANIES; i++)
        add(state, companies[i].root, companies[i].suffix, (int32_t)companies[i].cents * 10, 10, 100);
    for (size_t i = 0; i < GEN_COMPANIES; i++) {
        char suffix[GEN_SYMBOL_MAX];
        char *end = gen_put_text(suffix, companies[i].suffix);

        *end++ = 'F';
        *end = '\0';
        add(state, companies[i].root, suffix, (int32_t)companies[i].cents * 10, 10, 1);
    }
    for (size_t i = 0; i < GEN_KNOWN * 12; i++) {
        const struct gen_company *company = &companies[i % GEN_KNOWN];
        char suffix[GEN_SYMBOL_MAX] = {(char)('A' + i / GEN_KNOWN * 2)};

        *gen_put_number(suffix + 1, 100 + i * 7 % 400) = '\0';
        add(state, company->root, suffix, (int32_t)company->cents / 2 + 10, 10, 100);
    }
    free(companies);
}

/* The k-th instrument is drawn in proportion to 1 / (k + 1), as volumes fall off on a real day. */
static void rank(struct floor_state *state)
{
    uint64_t total = 0;
    size_t filled = 0;

    for (size_t i = 0; i < state->count; i++)
        total += GEN_BILLION / (i + 1);
    for (size_t i = 0; i < state->count; i++) {
        uint64_t places = 1 + (uint64_t)(RANKS - state->count) * (GEN_BILLION / (i + 1)) / total;

        for (uint64_t k = 0; k < places && filled < RANKS; k++)
            state->ranks[filled++] = (uint16_t)i;
    }
    while (filled < RANKS)
        state->ranks[filled++] = 0;
}

/* "36,450": three digits after the comma, a minus sign in front when needed. */
static char *put_price(char *to, int32_t thousandths)
{
    uint32_t value = thousandths < 0 ? (uint32_t)-thousandths : (uint32_t)thousandths;

    if (thousandths < 0)
        *to++ = '-';
    to = gen_put_number(to, value / 1000);
    *to++ = ',';
    gen_put_digits(to, value % 1000, 3);
    return to + 3;
}

static void put_time(char *to, uint32_t milliseconds)
{
    uint32_t seconds = milliseconds / 1000;

    gen_put_digits(to, seconds / 3600, 2);
    gen_put_digits(to + 2, seconds / 60 % 60, 2);
    gen_put_digits(to + 4, seconds % 60, 2);
    gen_put_digits(to + 6, milliseconds % 1000, 3);
}

static char *put_participant(char *to, int code)
{
    return code < 0 ? to : gen_put_number(to, (uint64_t)code);
}

/* Writes a row; `fields` receives where each of its columns begins. Returns its length. */
static size_t put_row(char *line, const struct floor_state *state, const struct trade *trade, char *fields[FIELDS])
{
    char *to = line;

    fields[0] = to;
    memcpy(to, state->day_text, 10);
    to[10] = ';';
    fields[1] = to + 11;
    to = gen_put_text(to + 11, state->instruments[trade->instrument].ticker);
    *to++ = ';';
    fields[2] = to;
    *to++ = trade->action;
    *to++ = ';';
    fields[3] = to;
    to = put_price(to, trade->price);
    *to++ = ';';
    fields[4] = to;
    to = gen_put_number(to, trade->quantity);
    *to++ = ';';
    fields[5] = to;
    put_time(to, trade->time);
    to[9] = ';';
    fields[6] = to + 10;
    to = gen_put_number(to + 10, trade->id);
    *to++ = ';';
    fields[7] = to;
    *to++ = trade->session;
    *to++ = ';';
    fields[8] = to;
    memcpy(to, trade->day == state->day_before ? state->day_before_text : state->day_text, 10);
    to[10] = ';';
    fields[9] = to + 11;
    to = put_participant(to + 11, trade->buyer);
    *to++ = ';';
    fields[10] = to;
    to = put_participant(to, trade->seller);
    fields[11] = to;
    if (state->request->channel)
        to = gen_put_text(to, ";1");
    return (size_t)(to - line);
}

/* Makes a row one that no reader may take; returns its new length. */
static size_t spoil(struct floor_state *state, char *fields[FIELDS], size_t size)
{
    static const unsigned digits[4] = {3, 4, 5, 6};

    switch (gen_below(&state->random, 4)) {
    case 0: /* a short line */
        return 12 + gen_below(&state->random, (uint32_t)(fields[8] - fields[0]) - 12);
    case 1: /* a letter in price, quantity, time or number */
        *fields[digits[gen_below(&state->random, 4)]] = 'X';
        return size;
    case 2: /* a day that does not exist */
        memcpy(fields[gen_below(&state->random, 2) * 8] + 5, "13-99", 5);
        return size;
    default: /* the last columns are missing */
        return (size_t)(fields[10] - fields[0]) - 1;
    }
}

static int draw_participant(struct gen_random *random)
{
    static const int codes[] = {3,   8,    13,   15,   16,   21,   23,   27,   37,   39,   40,   45,  58,
                                59,  72,   77,   83,   85,   88,   90,   92,   93,   106,  107,  114, 120,
                                122, 127,  129,  131,  147,  174,  186,  191,  238,  262,  308,  386, 735,
                                820, 1026, 1099, 1130, 1618, 1982, 3371, 3701, 3762, 4090, 5983, 6003};

    /* About one in ten rows of a derivatives day names no participant; far fewer of a day of shares. */
    if (gen_below(random, 500) == 0)
        return -1;
    return codes[gen_below(random, sizeof codes / sizeof codes[0])];
}

static uint32_t time_of(const struct floor_state *state, uint64_t row)
{
    uint64_t done = row - state->relisted;
    uint64_t all = state->after - state->relisted;

    if (row < state->after)
        return (uint32_t)(FIRST_TIME + done * (LAST_TIME - FIRST_TIME) / all);
    done = row - state->after;
    all = state->request->records - state->after;
    return (uint32_t)(AFTER_FIRST_TIME + done * (AFTER_LAST_TIME - AFTER_FIRST_TIME) / all);
}

static void new_trade(struct floor_state *state, uint64_t row, struct trade *trade)
{
    uint64_t bits = gen_next(&state->random);
    struct instrument *instrument;
    unsigned session = row < state->relisted ? 2 : row >= state->after ? 1 : 0;
    uint32_t size = (uint32_t)(bits >> 56);

    trade->instrument = state->ranks[bits % RANKS];
    instrument = &state->instruments[trade->instrument];
    instrument->price += ((int32_t)((bits >> 16) % 5) - 2) * instrument->tick;
    if (instrument->price < instrument->tick && !instrument->signed_price)
        instrument->price = instrument->tick;
    instrument->ids[session] += 10;
    trade->id = instrument->ids[session];
    trade->price = instrument->price;
    /* Most trades are one lot. */
    trade->quantity = (uint64_t)instrument->lot * (1 + (uint64_t)size * size * size / 800000);
    trade->buyer = draw_participant(&state->random);
    trade->seller = draw_participant(&state->random);
    trade->action = '0';
    trade->session = session == 0 ? REGULAR : AFTER_HOURS;
    trade->day = session == 2 ? state->day_before : state->request->day;
    /* The day before's after-hours trades are listed first, all with a time before the opening. */
    trade->time = session == 2 ? 2u * 3600000u + 48u * 60000u + (uint32_t)(row * 10 % 60000) : time_of(state, row);
}

/* Some trades are cancelled, hours later: the same row again with action 2 and the time of the cancellation. */
static void remember(struct floor_state *state, const struct trade *trade, uint64_t row)
{
    struct trade *kept = &state->pending[(state->first_pending + state->pending_count) % PENDING_MAX];

    if (state->pending_count == PENDING_MAX)
        return;
    *kept = *trade;
    kept->due = row + 1 + (state->request->records - row) / 8;
    state->pending_count++;
}

static bool due_cancellation(struct floor_state *state, uint64_t row, struct trade *trade)
{
    if (state->pending_count == 0 || state->pending[state->first_pending].due > row)
        return false;
    *trade = state->pending[state->first_pending];
    state->first_pending = (state->first_pending + 1) % PENDING_MAX;
    state->pending_count--;
    trade->action = '2';
    trade->time = time_of(state, row);
    return true;
}

static void put_trade(struct floor_state *state, uint64_t row)
{
    struct trade trade = {0};
    char *fields[FIELDS];
    char *line = gen_output_room(state->output);
    bool again = due_cancellation(state, row, &trade);
    size_t size;

    if (again)
        state->counts->cancelled++;
    else
        new_trade(state, row, &trade);
    size = put_row(line, state, &trade, fields);
    if (gen_chance(&state->random, state->request->dirty)) {
        size = spoil(state, fields, size);
        state->counts->dirty++;
    } else if (!again && row >= state->relisted && gen_chance(&state->random, state->request->cancel)) {
        remember(state, &trade, row);
    }
    gen_output_take(state->output, (size_t)(gen_put_eol(line + size, state->request->lf) - line));
}

static size_t put_header(char *line, const struct gen_request *request)
{
    char *to = gen_put_text(line, header);

    if (request->channel)
        to = gen_put_text(to, ";TipoDoCanal");
    return (size_t)(gen_put_eol(to, request->lf) - line);
}

static int32_t session_before(int32_t day)
{
    do
        day--;
    while (!gen_is_session(day));
    return day;
}

bool gen_trades(const struct gen_request *request, struct gen_output *output, struct gen_counts *counts)
{
    struct floor_state *state = calloc(1, sizeof *state);
    char *to;

    if (state == NULL)
        return false;
    state->request = request;
    state->output = output;
    state->counts = counts;
    state->random.state = request->seed;
    add_instruments(state, request->day);
    if (state->count == 0) {
        free(state);
        return false;
    }
    rank(state);
    state->day_before = session_before(request->day);
    gen_put_iso(state->day_text, request->day);
    gen_put_iso(state->day_before_text, state->day_before);
    state->relisted = request->records / 1000 + (request->records >= 50 ? 2 : 0);
    state->after = request->records - request->records / 100;
    counts->relisted = state->relisted;
    to = gen_output_room(output);
    gen_output_take(output, put_header(to, request));
    for (uint64_t row = 0; row < request->records && output->failure == 0; row++)
        put_trade(state, row);
    free(state);
    return true;
}
