// What the server remembers of each row: a hash table with open addressing.
#ifndef ROWS_H
#define ROWS_H

#include <stddef.h>
#include <stdint.h>

struct row {
    uint64_t number;
    // A client that was told to wait should not come before this.
    uint64_t not_before_ns;
    uint32_t received;   // requests; 0 marks an empty slot
    uint32_t attempts;   // requests that were let in, which is what the weather counts
    uint32_t whole;      // whole answers given
    uint32_t in_flight;  // requests under way
};

// All zeros is an empty table.
struct rows {
    struct row *slots;
    size_t count;
    size_t capacity;  // a power of two, or 0
};

// The row's record, a new one if there is none; it moves when another row is added.
struct row *rows_at(struct rows *rows, uint64_t number);
void rows_clear(struct rows *rows);

#endif
