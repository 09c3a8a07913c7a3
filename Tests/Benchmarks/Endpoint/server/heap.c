#include "heap.h"

#include <stdio.h>
#include <stdlib.h>

void *grown(void *old, size_t count, size_t size) {
    void *new = size != 0 && count > SIZE_MAX / size ? NULL : realloc(old, count * size);
    if (new == NULL) {
        fprintf(stderr, "error: no memory for %zu things of %zu bytes\n", count, size);
        exit(1);
    }
    return new;
}

static bool before(struct pair a, struct pair b) {
    return a.key != b.key ? a.key < b.key : a.value < b.value;
}

void heap_push(struct heap *heap, uint64_t key, uint64_t value) {
    if (heap->count == heap->capacity) {
        heap->capacity = heap->capacity ? 2 * heap->capacity : 64;
        heap->pairs = grown(heap->pairs, heap->capacity, sizeof *heap->pairs);
    }
    struct pair new = {key, value};
    size_t place = heap->count++;
    while (place > 0 && before(new, heap->pairs[(place - 1) / 2])) {
        heap->pairs[place] = heap->pairs[(place - 1) / 2];
        place = (place - 1) / 2;
    }
    heap->pairs[place] = new;
}

struct pair heap_pop(struct heap *heap) {
    struct pair top = heap->pairs[0];
    struct pair last = heap->pairs[--heap->count];
    size_t place = 0;
    for (;;) {
        size_t child = 2 * place + 1;
        if (child >= heap->count) { break; }
        if (child + 1 < heap->count && before(heap->pairs[child + 1], heap->pairs[child])) { child++; }
        if (!before(heap->pairs[child], last)) { break; }
        heap->pairs[place] = heap->pairs[child];
        place = child;
    }
    if (heap->count > 0) { heap->pairs[place] = last; }
    return top;
}

void heap_free(struct heap *heap) {
    free(heap->pairs);
    *heap = (struct heap){0};
}
