#include "CAllocator.h"

// jemalloc reads this name before the program begins. Few arenas: what one thread makes another one frees here. What was freed goes back
// to the system soon, and threads keep only small pieces, so that memory follows the width of a run.
extern const char *malloc_conf;
const char *malloc_conf = "narenas:4,dirty_decay_ms:300,muzzy_decay_ms:0,lg_tcache_max:12";
