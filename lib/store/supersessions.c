#include "store/supersessions.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

/* Where it stands, or would. */
static size_t place_of(const ti_supersessions *list, int64_t id, bool replaced)
{
    size_t low = 0, high = list->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const ti_supersession *item = &list->item[middle];

        if (item->id < id || (item->id == id && !item->replaced && replaced))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

bool ti_supersessions_add(ti_supersessions *list, int64_t id, bool replaced, int64_t rows)
{
    size_t at = place_of(list, id, replaced);

    if (at < list->count && list->item[at].id == id && list->item[at].replaced == replaced) {
        list->item[at].rows += rows;
        return true;
    }
    if (list->count == list->capacity) {
        size_t capacity = list->capacity > 0 ? 2 * list->capacity : 8;
        ti_supersession *item = realloc(list->item, capacity * sizeof(*item));

        if (item == NULL)
            return false;
        list->item = item;
        list->capacity = capacity;
    }
    memmove(list->item + at + 1, list->item + at, (list->count - at) * sizeof(*list->item));
    list->item[at] = (ti_supersession){.id = id, .replaced = replaced, .rows = rows};
    list->count++;
    return true;
}

int64_t ti_supersessions_rows(const ti_supersessions *list, bool replaced)
{
    int64_t rows = 0;

    for (size_t i = 0; i < list->count; i++)
        if (list->item[i].replaced == replaced)
            rows += list->item[i].rows;
    return rows;
}

void ti_supersessions_free(ti_supersessions *list)
{
    free(list->item);
    *list = (ti_supersessions){NULL, 0, 0};
}

const char *ti_snapshot_text(int64_t snapshot, char text[TI_SNAPSHOT_TEXT_MAX])
{
    char moment[TI_TIME_EXTENDED_MAX];

    _Static_assert(TI_SNAPSHOT_TEXT_MAX == TI_TIME_EXTENDED_MAX - 1, "all but the Z");
    if (snapshot == 0)
        return NULL;
    ti_time_extended(snapshot, moment);
    memcpy(text, moment, TI_SNAPSHOT_TEXT_MAX - 1);
    text[TI_SNAPSHOT_TEXT_MAX - 1] = '\0';
    return text;
}
