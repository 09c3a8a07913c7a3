#include "options.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct options options_default = {
    .retry_after_s = 1,
    .burst_s = 60,
    .tick_ns = 500000,
    .reply_bytes = 2048,
    .model = "stand-in",
    .marker = "row ",
};

const char options_help[] =
    "usage: model-server [FLAGS]                    serve until SIGTERM, SIGINT or the parent's end\n"
    "       model-server --floor N PLACES [FLAGS]   print the least time for rows 0 ..< N\n"
    "\n"
    "  --port N             port on 127.0.0.1; 0 takes any (0)\n"
    "  --seed N             of the weather (0)\n"
    "  --latency L          none | fixed:MS | lognormal:MEDIAN_MS,SIGMA (none)\n"
    "  --capacity N         requests served at once; 0 is no limit (0)\n"
    "  --overload HOW       queue | refuse: what happens to requests beyond the capacity (queue)\n"
    "  --retry-after S      whole seconds told with a 429; none leaves the header out (1)\n"
    "  --storm F            none | 429=0.20,500=0.05,reset=0.02,malformed=0.02 (none)\n"
    "  --headers STYLE      none | openai | anthropic: rate-limit headers for the limits that are set (none)\n"
    "  --rpm N              requests a minute; 0 is no limit (0)\n"
    "  --tpm N              tokens a minute, prompt and reply together; 0 is no limit (0)\n"
    "  --burst S            the buckets of --rpm and --tpm hold what comes in S seconds (60)\n"
    "  --tick US            microseconds between two looks while requests are being served; 0 wakes for each (500)\n"
    "  --reply-bytes N      length of the reply's text, at least 32 (2048)\n"
    "  --model NAME         the model's name (stand-in)\n"
    "  --marker TEXT        what stands before a row's number in a prompt (\"row \")\n";

static bool number(const char *text, double least, double most, double *result) {
    char *end;
    errno = 0;
    double value = strtod(text, &end);
    if (end == text || *end != '\0' || errno != 0 || !isfinite(value) || value < least || value > most) { return false; }
    *result = value;
    return true;
}

static bool whole(const char *text, uint64_t most, uint64_t *result) {
    char *end;
    errno = 0;
    if (!isdigit((unsigned char)text[0])) { return false; }
    unsigned long long value = strtoull(text, &end, 10);
    if (*end != '\0' || errno != 0 || value > most) { return false; }
    *result = value;
    return true;
}

static bool set_latency(struct latency *latency, const char *value) {
    if (strcmp(value, "none") == 0) {
        *latency = (struct latency){.kind = LATENCY_NONE};
        return true;
    }
    if (strncmp(value, "fixed:", 6) == 0) {
        latency->kind = LATENCY_FIXED;
        return number(value + 6, 0, 3600e3, &latency->median_ms);
    }
    char median[32];
    const char *comma = strchr(value, ',');
    if (strncmp(value, "lognormal:", 10) != 0 || comma == NULL) { return false; }
    size_t length = (size_t)(comma - value - 10);
    if (length >= sizeof median) { return false; }
    memcpy(median, value + 10, length);
    median[length] = '\0';
    latency->kind = LATENCY_LOGNORMAL;
    return number(median, 0, 3600e3, &latency->median_ms) && number(comma + 1, 0, 10, &latency->sigma);
}

static bool set_storm(struct storm *storm, const char *value) {
    *storm = (struct storm){0};
    if (strcmp(value, "none") == 0 || value[0] == '\0') { return true; }
    char text[256];
    if (strlen(value) >= sizeof text) { return false; }
    strcpy(text, value);
    double sum = 0;
    char *rest = NULL;
    for (char *part = strtok_r(text, ",", &rest); part != NULL; part = strtok_r(NULL, ",", &rest)) {
        if (storm->count == MOST_FAULTS) { return false; }
        struct fault *fault = &storm->faults[storm->count++];
        char *equals = strchr(part, '=');
        if (equals == NULL || !number(equals + 1, 0, 1, &fault->probability)) { return false; }
        *equals = '\0';
        uint64_t status = 0;
        if (strcmp(part, "reset") == 0) {
            fault->kind = FAULT_RESET;
        } else if (strcmp(part, "malformed") == 0) {
            fault->kind = FAULT_MALFORMED;
        } else if (whole(part, 599, &status) && status >= 400) {
            fault->kind = FAULT_STATUS;
            fault->status = (int)status;
        } else {
            return false;
        }
        sum += fault->probability;
    }
    return sum <= 1 + 1e-9;
}

// Names stand in JSON and in headers as they are, so they hold nothing that would need an escape.
static bool set_text(char *place, size_t capacity, const char *value) {
    size_t length = strlen(value);
    if (length == 0 || length >= capacity) { return false; }
    for (size_t i = 0; i < length; i++) {
        if (!isalnum((unsigned char)value[i]) && strchr(" ._-/:#=", value[i]) == NULL) { return false; }
    }
    strcpy(place, value);
    return true;
}

static bool set_one_of(const char *value, const char *const names[], int count, int *result) {
    for (int i = 0; i < count; i++) {
        if (strcmp(value, names[i]) == 0) {
            *result = i;
            return true;
        }
    }
    return false;
}

static const char *const overloads[] = {"queue", "refuse"};
static const char *const styles[] = {"none", "openai", "anthropic"};

bool options_set(struct options *options, const char *name, const char *value, char *said) {
    uint64_t count = 0;
    int choice = 0;
    bool is_right;
    if (strcmp(name, "port") == 0) {
        is_right = whole(value, 65535, &count);
        options->port = (uint16_t)count;
    } else if (strcmp(name, "seed") == 0) {
        is_right = whole(value, UINT64_MAX, &options->seed);
    } else if (strcmp(name, "latency") == 0) {
        is_right = set_latency(&options->latency, value);
    } else if (strcmp(name, "capacity") == 0) {
        is_right = whole(value, 1000000, &count);
        options->capacity = (uint32_t)count;
    } else if (strcmp(name, "overload") == 0) {
        is_right = set_one_of(value, overloads, 2, &choice);
        options->overload = (enum overload)choice;
    } else if (strcmp(name, "retry-after") == 0) {
        is_right = strcmp(value, "none") == 0 || whole(value, 86400, &count);
        options->retry_after_s = strcmp(value, "none") == 0 ? -1 : (double)count;
    } else if (strcmp(name, "storm") == 0) {
        is_right = set_storm(&options->storm, value);
    } else if (strcmp(name, "headers") == 0) {
        is_right = set_one_of(value, styles, 3, &choice);
        options->headers = (enum header_style)choice;
    } else if (strcmp(name, "rpm") == 0) {
        is_right = number(value, 0, 1e12, &options->rpm);
    } else if (strcmp(name, "tpm") == 0) {
        is_right = number(value, 0, 1e12, &options->tpm);
    } else if (strcmp(name, "burst") == 0) {
        is_right = number(value, 0, 86400, &options->burst_s);
    } else if (strcmp(name, "tick") == 0) {
        is_right = whole(value, 1000000, &count);
        options->tick_ns = 1000 * count;
    } else if (strcmp(name, "reply-bytes") == 0) {
        is_right = whole(value, MOST_REPLY, &count) && count >= LEAST_REPLY;
        options->reply_bytes = (size_t)count;
    } else if (strcmp(name, "model") == 0) {
        is_right = set_text(options->model, sizeof options->model, value);
    } else if (strcmp(name, "marker") == 0) {
        is_right = set_text(options->marker, sizeof options->marker, value);
    } else {
        snprintf(said, SAID, "there is no option `%.40s`", name);
        return false;
    }
    if (!is_right) { snprintf(said, SAID, "`%.80s` is no value for `%.40s`", value, name); }
    return is_right;
}

static int digit(char letter) {
    if (letter >= '0' && letter <= '9') { return letter - '0'; }
    if (letter >= 'a' && letter <= 'f') { return letter - 'a' + 10; }
    return letter >= 'A' && letter <= 'F' ? letter - 'A' + 10 : -1;
}

static void unescape(char *text) {
    char *to = text;
    for (char *from = text; *from != '\0'; from++) {
        if (*from == '%' && digit(from[1]) >= 0 && digit(from[2]) >= 0) {
            *to++ = (char)(16 * digit(from[1]) + digit(from[2]));
            from += 2;
        } else {
            *to++ = *from == '+' ? ' ' : *from;
        }
    }
    *to = '\0';
}

bool options_set_query(struct options *options, const char *query, size_t length, char *said) {
    char text[2048];
    if (length >= sizeof text) {
        snprintf(said, SAID, "the query is longer than %zu bytes", sizeof text - 1);
        return false;
    }
    memcpy(text, query, length);
    text[length] = '\0';
    struct options changed = *options;
    char *rest = NULL;
    for (char *part = strtok_r(text, "&", &rest); part != NULL; part = strtok_r(NULL, "&", &rest)) {
        char *value = strchr(part, '=');
        if (value == NULL) {
            snprintf(said, SAID, "`%.80s` has no value", part);
            return false;
        }
        *value++ = '\0';
        unescape(part);
        unescape(value);
        if (strcmp(part, "port") == 0) {
            snprintf(said, SAID, "the port of a running server cannot be changed");
            return false;
        }
        if (!options_set(&changed, part, value, said)) { return false; }
    }
    *options = changed;
    return true;
}

size_t options_json(const struct options *options, char *text, size_t capacity) {
    char latency[80] = "none";
    const struct latency *l = &options->latency;
    if (l->kind == LATENCY_FIXED) { snprintf(latency, sizeof latency, "fixed:%g", l->median_ms); }
    if (l->kind == LATENCY_LOGNORMAL) { snprintf(latency, sizeof latency, "lognormal:%g,%g", l->median_ms, l->sigma); }
    char storm[512] = "none";
    size_t length = 0;
    for (int i = 0; i < options->storm.count && length < sizeof storm; i++) {
        const struct fault *fault = &options->storm.faults[i];
        char name[16];
        snprintf(name, sizeof name, "%d", fault->status);
        length += (size_t)snprintf(
            storm + length, sizeof storm - length, "%s%s=%g", i ? "," : "",
            fault->kind == FAULT_RESET ? "reset" : fault->kind == FAULT_MALFORMED ? "malformed" : name,
            fault->probability
        );
    }
    char after[32] = "none";
    if (options->retry_after_s >= 0) { snprintf(after, sizeof after, "%.0f", options->retry_after_s); }
    int count = snprintf(
        text, capacity,
        "{\"port\":%u,\"seed\":%llu,\"latency\":\"%s\",\"capacity\":%u,\"overload\":\"%s\",\"retry-after\":\"%s\","
        "\"storm\":\"%s\",\"headers\":\"%s\",\"rpm\":%.0f,\"tpm\":%.0f,\"burst\":%g,\"tick\":%llu,\"reply-bytes\":%zu,"
        "\"model\":\"%s\",\"marker\":\"%s\"}\n",
        options->port, (unsigned long long)options->seed, latency, options->capacity, overloads[options->overload], after,
        storm, styles[options->headers], options->rpm, options->tpm, options->burst_s,
        (unsigned long long)(options->tick_ns / 1000), options->reply_bytes, options->model, options->marker
    );
    return count < 0 ? 0 : (size_t)count < capacity ? (size_t)count : capacity - 1;
}
