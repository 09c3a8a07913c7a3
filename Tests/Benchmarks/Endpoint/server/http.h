// Reads HTTP/1.1 requests from bytes; owns nothing and sends nothing.
#ifndef HTTP_H
#define HTTP_H

#include <stdbool.h>
#include <stddef.h>

enum { LONGEST_HEAD = 32 << 10, LONGEST_BODY = 16 << 20 };

// A piece of somebody else's bytes.
struct slice {
    const char *start;
    size_t length;
};

struct request {
    struct slice method;
    struct slice path;   // without the query
    struct slice query;  // without the question mark
    struct slice body;   // whole only when the request is
    size_t length;       // head and body together
    bool closes;         // the connection is not to be kept
    bool expects_continue;
};

enum progress {
    REQUEST_WHOLE,
    REQUEST_NEEDS_HEAD,
    REQUEST_NEEDS_BODY,  // `length` says how much it will be
    REQUEST_BAD,
};

// Looks whether a whole request is there.
//
// `scanned` is 0 for a new request and keeps what was searched for the head's end, so that no byte is searched twice.
// A bad request has a status that says why.
enum progress http_read(const char *bytes, size_t length, size_t *scanned, struct request *request, int *status);

bool slice_is(struct slice slice, const char *text);
bool slice_ends(struct slice slice, const char *text);
const char *http_reason(int status);

#endif
