// Linking this target makes jemalloc the allocator of the whole program; there is nothing to call.
#pragma once
