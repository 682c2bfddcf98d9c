#include "base/symbols.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/mix.h"

#define FIRST_SLOTS 1024
#define FIRST_BYTES (16 * 1024)
#define LENGTH_BYTES 2 /* before each string */

/* Open addressing with linear probing over numbers; the strings stand one after the other in `bytes`. */
struct ti_symbols {
    uint32_t *slots;  /* number + 1; 0: free */
    uint32_t *hashes; /* of each number: growing needs no string, and most mismatches none either */
    uint32_t *starts; /* of each number in `bytes`: its length, then the string */
    unsigned char *bytes;
    uint64_t seed; /* of this table alone */
    size_t slot_count, count, number_capacity, max;
    size_t bytes_used, bytes_capacity;
};

/* Without it a file could be made whose tickers all have the same hash, and each look-up would walk through all of them. */
static uint64_t make_seed(const void *table)
{
    uint64_t seed;

    if (getrandom(&seed, sizeof(seed), GRND_NONBLOCK) != (ssize_t)sizeof(seed))
        seed = (uint64_t)(uintptr_t)table * 0x9e3779b97f4a7c15u;
    return seed;
}

ti_symbols *ti_symbols_new(size_t max)
{
    ti_symbols *symbols = calloc(1, sizeof(*symbols));

    if (symbols == NULL)
        return NULL;
    symbols->max = max;
    symbols->seed = make_seed(symbols);
    symbols->slot_count = FIRST_SLOTS;
    symbols->slots = calloc(symbols->slot_count, sizeof(*symbols->slots));
    if (symbols->slots == NULL) {
        free(symbols);
        return NULL;
    }
    return symbols;
}

void ti_symbols_free(ti_symbols *symbols)
{
    if (symbols == NULL)
        return;
    free(symbols->slots);
    free(symbols->hashes);
    free(symbols->starts);
    free(symbols->bytes);
    free(symbols);
}

void ti_symbols_clear(ti_symbols *symbols)
{
    memset(symbols->slots, 0, symbols->slot_count * sizeof(*symbols->slots));
    symbols->count = 0;
    symbols->bytes_used = 0;
}

size_t ti_symbols_count(const ti_symbols *symbols)
{
    return symbols->count;
}

/* By a number that nobody who writes a file knows. */
static uint32_t hash_bytes(uint64_t seed, ti_slice text)
{
    return (uint32_t)(ti_mix_bytes(seed, text) >> 32);
}

static inline ti_slice text_at(const ti_symbols *symbols, uint32_t number)
{
    const unsigned char *entry = symbols->bytes + symbols->starts[number];
    uint16_t size;

    memcpy(&size, entry, LENGTH_BYTES);
    return (ti_slice){(const char *)entry + LENGTH_BYTES, size};
}

/* The slot that holds `text`, or the free one where it belongs. */
static size_t find_slot(const ti_symbols *symbols, ti_slice text, uint32_t hash)
{
    size_t mask = symbols->slot_count - 1, slot = hash & mask;

    while (symbols->slots[slot] != 0) {
        uint32_t number = symbols->slots[slot] - 1;

        if (symbols->hashes[number] == hash && ti_slice_equal(text_at(symbols, number), text))
            break;
        slot = (slot + 1) & mask;
    }
    return slot;
}

static bool grow_slots(ti_symbols *symbols)
{
    size_t count = symbols->slot_count * 2, mask = count - 1;
    uint32_t *slots = calloc(count, sizeof(*slots));

    if (slots == NULL)
        return false;
    for (uint32_t number = 0; number < symbols->count; number++) {
        size_t slot = symbols->hashes[number] & mask;

        while (slots[slot] != 0)
            slot = (slot + 1) & mask;
        slots[slot] = number + 1;
    }
    free(symbols->slots);
    symbols->slots = slots;
    symbols->slot_count = count;
    return true;
}

static bool grow_numbers(ti_symbols *symbols)
{
    size_t capacity = symbols->number_capacity == 0 ? FIRST_SLOTS : symbols->number_capacity * 2;
    uint32_t *hashes = realloc(symbols->hashes, capacity * sizeof(*hashes)), *starts;

    if (hashes == NULL)
        return false;
    symbols->hashes = hashes;
    starts = realloc(symbols->starts, capacity * sizeof(*starts));
    if (starts == NULL)
        return false;
    symbols->starts = starts;
    symbols->number_capacity = capacity;
    return true;
}

static bool reserve_bytes(ti_symbols *symbols, size_t extra)
{
    size_t capacity = symbols->bytes_capacity == 0 ? FIRST_BYTES : symbols->bytes_capacity;
    unsigned char *bytes;

    if (symbols->bytes_used + extra <= symbols->bytes_capacity)
        return true;
    while (capacity < symbols->bytes_used + extra)
        capacity *= 2;
    bytes = capacity <= UINT32_MAX ? realloc(symbols->bytes, capacity) : NULL;
    if (bytes == NULL)
        return false;
    symbols->bytes = bytes;
    symbols->bytes_capacity = capacity;
    return true;
}

uint32_t ti_symbols_add(ti_symbols *symbols, ti_slice text, bool *added)
{
    uint32_t hash = hash_bytes(symbols->seed, text), number;
    uint16_t length = (uint16_t)text.size;
    size_t slot = find_slot(symbols, text, hash);

    if (added != NULL)
        *added = false;
    if (symbols->slots[slot] != 0)
        return symbols->slots[slot] - 1;
    if (symbols->count >= symbols->max || symbols->count >= TI_SYMBOL_NONE - 1 || text.size > TI_SYMBOL_TEXT_MAX)
        return TI_SYMBOL_NONE;
    if ((symbols->count + 1) * 4 > symbols->slot_count * 3) {
        if (!grow_slots(symbols))
            return TI_SYMBOL_NONE;
        slot = find_slot(symbols, text, hash);
    }
    if ((symbols->count == symbols->number_capacity && !grow_numbers(symbols)) ||
        !reserve_bytes(symbols, LENGTH_BYTES + text.size))
        return TI_SYMBOL_NONE;
    number = (uint32_t)symbols->count++;
    symbols->hashes[number] = hash;
    symbols->starts[number] = (uint32_t)symbols->bytes_used;
    memcpy(symbols->bytes + symbols->bytes_used, &length, LENGTH_BYTES);
    if (text.size > 0)
        memcpy(symbols->bytes + symbols->bytes_used + LENGTH_BYTES, text.data, text.size);
    symbols->bytes_used += LENGTH_BYTES + text.size;
    symbols->slots[slot] = number + 1;
    if (added != NULL)
        *added = true;
    return number;
}

uint32_t ti_symbols_find(const ti_symbols *symbols, ti_slice text)
{
    uint32_t entry = symbols->slots[find_slot(symbols, text, hash_bytes(symbols->seed, text))];

    return entry != 0 ? entry - 1 : TI_SYMBOL_NONE;
}

ti_slice ti_symbols_text(const ti_symbols *symbols, uint32_t number)
{
    return text_at(symbols, number);
}
