#include "rows.h"

#include <stdlib.h>
#include <string.h>

#include "heap.h"
#include "weather.h"

static struct row *slot_of(struct rows *rows, uint64_t number) {
    size_t mask = rows->capacity - 1;
    size_t slot = mixed(number) & mask;
    while (rows->slots[slot].received != 0 && rows->slots[slot].number != number) { slot = (slot + 1) & mask; }
    return &rows->slots[slot];
}

struct row *rows_at(struct rows *rows, uint64_t number) {
    if (2 * (rows->count + 1) > rows->capacity) {
        struct rows larger = {.count = rows->count, .capacity = rows->capacity ? 2 * rows->capacity : 1024};
        larger.slots = grown(NULL, larger.capacity, sizeof *larger.slots);
        memset(larger.slots, 0, larger.capacity * sizeof *larger.slots);
        for (size_t i = 0; i < rows->capacity; i++) {
            if (rows->slots[i].received != 0) { *slot_of(&larger, rows->slots[i].number) = rows->slots[i]; }
        }
        free(rows->slots);
        *rows = larger;
    }
    struct row *row = slot_of(rows, number);
    if (row->received == 0) {
        row->number = number;
        row->received = 1;
        rows->count++;
    }
    return row;
}

void rows_clear(struct rows *rows) {
    free(rows->slots);
    *rows = (struct rows){0};
}
