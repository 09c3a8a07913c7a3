#include "http.h"

#include <string.h>
#include <strings.h>

bool slice_is(struct slice slice, const char *text) {
    return slice.length == strlen(text) && memcmp(slice.start, text, slice.length) == 0;
}

bool slice_ends(struct slice slice, const char *text) {
    size_t length = strlen(text);
    return slice.length >= length && memcmp(slice.start + slice.length - length, text, length) == 0;
}

static bool is_name(struct slice slice, const char *name) {
    return slice.length == strlen(name) && strncasecmp(slice.start, name, slice.length) == 0;
}

static bool holds(struct slice slice, const char *word) {
    size_t length = strlen(word);
    for (size_t i = 0; i + length <= slice.length; i++) {
        if (strncasecmp(slice.start + i, word, length) == 0) { return true; }
    }
    return false;
}

static struct slice trimmed(struct slice slice) {
    while (slice.length > 0 && (*slice.start == ' ' || *slice.start == '\t')) {
        slice.start++;
        slice.length--;
    }
    while (slice.length > 0) {
        char last = slice.start[slice.length - 1];
        if (last != ' ' && last != '\t') { break; }
        slice.length--;
    }
    return slice;
}

// Cuts a slice at the first such byte; false when there is none.
static bool cut(struct slice slice, char at, struct slice *before, struct slice *after) {
    const char *place = slice.length == 0 ? NULL : memchr(slice.start, at, slice.length);
    if (place == NULL) { return false; }
    size_t length = (size_t)(place - slice.start);
    *before = (struct slice){slice.start, length};
    *after = (struct slice){place + 1, slice.length - length - 1};
    return true;
}

// 0, or the status that refuses the line.
static int read_first_line(struct slice line, struct request *request) {
    struct slice rest, target, version;
    if (!cut(line, ' ', &request->method, &rest) || !cut(rest, ' ', &target, &version)) { return 400; }
    if (request->method.length == 0 || target.length == 0 || target.start[0] != '/') { return 400; }
    if (slice_is(version, "HTTP/1.0")) {
        request->closes = true;
    } else if (!slice_is(version, "HTTP/1.1")) {
        return 505;
    }
    if (!cut(target, '?', &request->path, &request->query)) { request->path = target; }
    return 0;
}

static int read_length(struct slice value, bool *is_known, size_t *length) {
    size_t sum = 0;
    if (value.length == 0) { return 400; }
    for (size_t i = 0; i < value.length; i++) {
        if (value.start[i] < '0' || value.start[i] > '9') { return 400; }
        sum = 10 * sum + (size_t)(value.start[i] - '0');
        if (sum > LONGEST_BODY) { return 413; }
    }
    if (*is_known && sum != *length) { return 400; }
    *is_known = true;
    *length = sum;
    return 0;
}

// The head ends with an empty line, which is part of `head`.
static int read_head(struct slice head, struct request *request, size_t *body_length) {
    bool has_length = false;
    bool is_first = true;
    while (head.length > 0) {
        struct slice line, rest;
        if (!cut(head, '\n', &line, &rest)) { return 400; }
        if (line.length == 0 || line.start[line.length - 1] != '\r') { return 400; }
        line.length--;
        head = rest;
        if (line.length == 0) { return is_first ? 400 : 0; }
        int status = 0;
        if (is_first) {
            status = read_first_line(line, request);
            is_first = false;
        } else {
            struct slice name, value;
            if (line.start[0] == ' ' || !cut(line, ':', &name, &value) || name.length == 0) { return 400; }
            value = trimmed(value);
            if (is_name(name, "content-length")) {
                status = read_length(value, &has_length, body_length);
            } else if (is_name(name, "transfer-encoding")) {
                status = 411;
            } else if (is_name(name, "connection") && holds(value, "close")) {
                request->closes = true;
            } else if (is_name(name, "expect") && holds(value, "100-continue")) {
                request->expects_continue = true;
            }
        }
        if (status != 0) { return status; }
    }
    return 400;
}

enum progress http_read(const char *bytes, size_t length, size_t *scanned, struct request *request, int *status) {
    // The mark has four bytes, and some of them may have come before.
    size_t from = *scanned > 3 ? *scanned - 3 : 0;
    const char *mark = length > from ? memmem(bytes + from, length - from, "\r\n\r\n", 4) : NULL;
    size_t head_length = mark == NULL ? length : (size_t)(mark - bytes) + 4;
    if (head_length > LONGEST_HEAD) {
        *status = 431;
        return REQUEST_BAD;
    }
    if (mark == NULL) {
        *scanned = length;
        return REQUEST_NEEDS_HEAD;
    }
    *scanned = head_length - 1;

    *request = (struct request){0};
    size_t body_length = 0;
    *status = read_head((struct slice){bytes, head_length}, request, &body_length);
    if (*status != 0) { return REQUEST_BAD; }
    request->length = head_length + body_length;
    if (length < request->length) { return REQUEST_NEEDS_BODY; }
    request->body = (struct slice){bytes + head_length, body_length};
    return REQUEST_WHOLE;
}

const char *http_reason(int status) {
    switch (status) {
    case 200: return "OK";
    case 400: return "Bad Request";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 411: return "Length Required";
    case 413: return "Content Too Large";
    case 429: return "Too Many Requests";
    case 431: return "Request Header Fields Too Large";
    case 500: return "Internal Server Error";
    case 502: return "Bad Gateway";
    case 503: return "Service Unavailable";
    case 504: return "Gateway Timeout";
    case 529: return "Overloaded";
    default: return "Status";
    }
}
