#pragma once

#define CURL_DISABLE_TYPECHECK 1
#include <curl/curl.h>
#include <stdbool.h>
#include <stdint.h>

// libcurl's setters and getters are variadic, which Swift cannot call. Here each is called with the right type,
// and in as few functions as the engine needs: one request is one struct.

/// One request as plain data. libcurl copies all texts; `headers` must live until the request has ended.
typedef struct {
    const char *_Nonnull url;
    /// NULL asks with GET, anything else is posted.
    const char *_Nullable body;
    int64_t body_bytes;
    struct curl_slist *_Nullable headers;
    long connect_milliseconds;
    long total_milliseconds;
    /// A reply that announces more bytes is refused before they come.
    int64_t reply_bytes_limit;
    bool bypasses_proxies;
    /// On a connection that was used before, libcurl sends a request again by itself when the connection has died.
    bool needs_fresh_connection;
    /// Comes back from `corpus_curl_next_done`.
    uint64_t number;
    /// Handed to both callbacks.
    void *_Nonnull context;
    curl_write_callback _Nonnull on_header;
    curl_write_callback _Nonnull on_body;
} CorpusCurlRequest;

/// What is known about a request that has ended.
typedef struct {
    long status;
    /// `errno` of the failed connect, or 0.
    long os_error;
    int64_t total_microseconds;
    bool was_connected;
    /// Whether any byte of the request left this machine.
    bool was_sent;
} CorpusCurlFacts;

/// Starts libcurl; safe to call more than once, from one thread at a time.
bool corpus_curl_start(void);

/// Opens a multi handle, or gives NULL when memory is short.
CURLM *_Nullable corpus_curl_open(long connections);

/// Keeps a broken connection from ending the process: blocks SIGPIPE in the calling thread.
void corpus_curl_shield_thread(void);

/// Sets up a fresh or reset easy handle. TLS certificates are always verified; redirects are never followed.
CURLcode corpus_curl_prepare(CURL *_Nonnull handle, const CorpusCurlRequest *_Nonnull request);

/// Takes the next request that has ended, or gives NULL.
CURL *_Nullable corpus_curl_next_done(
    CURLM *_Nonnull multi, uint64_t *_Nonnull number, CURLcode *_Nonnull result);

/// Reads what is known about a request that has ended.
CorpusCurlFacts corpus_curl_facts(CURL *_Nonnull handle);
