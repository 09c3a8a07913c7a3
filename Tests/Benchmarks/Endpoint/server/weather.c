#include "weather.h"

#include <math.h>

static const uint64_t GOLDEN = 0x9E3779B97F4A7C15u;
static const double LONGEST_MS = 3600e3;

uint64_t mixed(uint64_t value) {
    value += GOLDEN;
    value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9u;
    value = (value ^ (value >> 27)) * 0x94D049BB133111EBu;
    return value ^ (value >> 31);
}

// A number in 0 ..< 1 with 53 bits.
static double fraction(uint64_t bits) { return (double)(bits >> 11) * 0x1p-53; }

struct weather weather_of(
    uint64_t seed, uint64_t row, uint64_t attempt, const struct latency *latency, const struct storm *storm
) {
    uint64_t start = mixed(mixed(mixed(seed) ^ row) ^ attempt);
    uint64_t draws[4];
    for (int i = 0; i < 4; i++) { draws[i] = mixed(start + (uint64_t)i * GOLDEN); }

    struct weather weather = {.is_late = draws[3] & 1};
    double mark = fraction(draws[0]);
    for (int i = 0; i < storm->count; i++) {
        mark -= storm->faults[i].probability;
        if (mark < 0) {
            weather.fault = storm->faults[i].kind;
            weather.status = storm->faults[i].status;
            break;
        }
    }

    double ms = latency->median_ms;
    if (latency->kind == LATENCY_NONE) { ms = 0; }
    if (latency->kind == LATENCY_LOGNORMAL) {
        // Box and Muller's normal number; 1 - u is never 0.
        double radius = sqrt(-2 * log(1 - fraction(draws[1])));
        ms *= exp(latency->sigma * radius * cos(2 * 3.14159265358979323846 * fraction(draws[2])));
    }
    weather.latency_ns = (uint64_t)(fmin(ms, LONGEST_MS) * 1e6);
    return weather;
}
