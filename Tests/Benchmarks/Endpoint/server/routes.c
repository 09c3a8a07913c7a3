// Which address does what.

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server.h"

static bool say(struct server *server, struct connection *connection, int status, const char *type, const char *text) {
    return connection_say(server, connection, status, type, "", (struct slice){text, strlen(text)});
}

static bool fault(struct server *server, struct connection *connection, int status, const char *said) {
    char text[SAID + 100];
    size_t length = 0;
    static const char start[] = "{\"error\":{\"message\":\"";
    memcpy(text, start, sizeof start - 1);
    length = sizeof start - 1;
    // What a client sent may stand in the sentence; nothing of it may break the JSON.
    for (const char *letter = said; *letter != '\0' && length + 8 < sizeof text; letter++) {
        text[length++] = *letter < 32 || *letter > 126 || *letter == '"' || *letter == '\\' ? '?' : *letter;
    }
    memcpy(text + length, "\"}}\n", 5);
    return say(server, connection, status, "application/json", text);
}

static bool models(struct server *server, struct connection *connection) {
    char text[256];
    snprintf(
        text, sizeof text,
        "{\"object\":\"list\",\"data\":[{\"id\":\"%s\",\"object\":\"model\",\"created\":1700000000,"
        "\"owned_by\":\"corpusmith\"}]}\n",
        server->options.model
    );
    return say(server, connection, 200, "application/json", text);
}

static bool configure(struct server *server, struct connection *connection, const struct request *request) {
    char said[SAID];
    if (!options_set_query(&server->options, request->query.start, request->query.length, said)) {
        return fault(server, connection, 400, said);
    }
    service_configure(server);
    service_fill(server, server->now_ns);
    char text[2048];
    options_json(&server->options, text, sizeof text);
    return say(server, connection, 200, "application/json", text);
}

static bool reset(struct server *server, struct connection *connection) {
    stats_clear(server);
    service_configure(server);
    return say(server, connection, 200, "application/json", "{}\n");
}

// The number behind `name=` in a query; 0 when there is none.
static uint64_t number_in(struct slice query, const char *name) {
    char text[256];
    size_t length = query.length < sizeof text - 1 ? query.length : sizeof text - 1;
    if (length > 0) { memcpy(text, query.start, length); }
    text[length] = '\0';
    char *rest = NULL;
    for (char *part = strtok_r(text, "&", &rest); part != NULL; part = strtok_r(NULL, "&", &rest)) {
        size_t size = strlen(name);
        if (strncmp(part, name, size) == 0 && part[size] == '=') { return strtoull(part + size + 1, NULL, 10); }
    }
    return 0;
}

static bool weather(struct server *server, struct connection *connection, const struct request *request) {
    const struct options *options = &server->options;
    struct weather drawn = weather_of(
        options->seed, number_in(request->query, "row"), number_in(request->query, "attempt"), &options->latency,
        &options->storm
    );
    static const char *const names[] = {"none", "status", "reset", "malformed"};
    char text[160];
    snprintf(
        text, sizeof text, "{\"fault\":\"%s\",\"status\":%d,\"latency_ms\":%.6f}\n", names[drawn.fault], drawn.status,
        weather_refuses(&drawn) ? 0 : (double)drawn.latency_ns / 1e6
    );
    return say(server, connection, 200, "application/json", text);
}

static bool get(struct server *server, struct connection *connection, const struct request *request, bool *is_known) {
    char text[4096];
    if (slice_ends(request->path, "/models")) { return models(server, connection); }
    if (slice_is(request->path, "/health")) { return say(server, connection, 200, "text/plain", ""); }
    if (slice_is(request->path, "/metrics")) {
        stats_metrics(server, text, sizeof text);
        return say(server, connection, 200, "text/plain; version=0.0.4; charset=utf-8", text);
    }
    if (slice_is(request->path, "/stats")) {
        stats_json(server, text, sizeof text);
        return say(server, connection, 200, "application/json", text);
    }
    if (slice_is(request->path, "/weather")) { return weather(server, connection, request); }
    if (slice_is(request->path, "/configure")) {
        options_json(&server->options, text, sizeof text);
        return say(server, connection, 200, "application/json", text);
    }
    *is_known = false;
    return true;
}

static bool post(struct server *server, struct connection *connection, const struct request *request, bool *is_known) {
    if (slice_ends(request->path, "/chat/completions")) { return service_chat(server, connection, request); }
    if (slice_is(request->path, "/configure")) { return configure(server, connection, request); }
    if (slice_is(request->path, "/reset")) { return reset(server, connection); }
    *is_known = false;
    return true;
}

bool routes_answer(struct server *server, struct connection *connection, const struct request *request) {
    bool is_known = true;
    bool is_get = slice_is(request->method, "GET");
    if (!is_get && !slice_is(request->method, "POST")) {
        return fault(server, connection, 405, "only GET and POST are served");
    }
    bool is_alive = (is_get ? get : post)(server, connection, request, &is_known);
    return is_known ? is_alive : fault(server, connection, 404, "nothing is served at this address");
}
