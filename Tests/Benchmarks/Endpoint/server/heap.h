// A binary heap of pairs, the least key first; pairs with equal keys come by value.
#ifndef HEAP_H
#define HEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pair {
    uint64_t key;
    uint64_t value;
};

// All zeros is an empty heap.
struct heap {
    struct pair *pairs;
    size_t count;
    size_t capacity;
};

void heap_push(struct heap *heap, uint64_t key, uint64_t value);
// The heap must not be empty.
struct pair heap_pop(struct heap *heap);
void heap_free(struct heap *heap);

// Memory or the end of the process: a server for tests has no better answer when there is none.
void *grown(void *old, size_t count, size_t size);

#endif
