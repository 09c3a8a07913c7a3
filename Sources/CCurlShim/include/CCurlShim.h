#pragma once

#define CURL_DISABLE_TYPECHECK 1
#include <curl/curl.h>
#include <stdbool.h>
#include <stdint.h>

// libcurl's setters and getters are variadic, which Swift cannot call. Here each is called with the right type,
// and in as few functions as the engine needs: one request is one struct.

/// What many requests have in common. libcurl copies the address; `headers` must live as long as the handle is aimed there.
typedef struct {
    const char *_Nonnull url;
    struct curl_slist *_Nullable headers;
    long connect_milliseconds;
    long total_milliseconds;
    /// A reply that announces more bytes is refused before they come.
    int64_t reply_bytes_limit;
    bool bypasses_proxies;
} CorpusCurlAim;

/// One request as plain data. libcurl copies the body.
typedef struct {
    /// NULL asks with GET, anything else is posted.
    const char *_Nullable body;
    int64_t body_bytes;
    /// Whether no connection that was used before will do, since it may have died.
    bool needs_fresh_connection;
    /// Comes back from `corpus_curl_next_done`.
    uint64_t number;
    /// Handed to all callbacks.
    void *_Nonnull context;
} CorpusCurlRequest;

/// What libcurl tells of a request while it goes on.
typedef struct {
    /// Asked before the request is sent; libcurl asks once more when it wants to send it again by itself.
    curl_prereq_callback _Nonnull on_send;
    curl_write_callback _Nonnull on_header;
    curl_write_callback _Nonnull on_body;
} CorpusCurlCallbacks;

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

/// A multi handle and the descriptors that its thread sleeps on.
///
/// Work is proportional to the transfers that something happened to, not to all that are open: a thousand calls that
/// wait for a model cost nothing.
typedef struct CorpusCurlLoop CorpusCurlLoop;

/// Opens a loop, or gives NULL when memory or descriptors are short.
CorpusCurlLoop *_Nullable corpus_curl_open(long connections);

/// Adds a prepared handle; its transfer starts at the next turn.
CURLMcode corpus_curl_add(CorpusCurlLoop *_Nonnull loop, CURL *_Nonnull handle);

/// Takes a handle out, whether its transfer has ended or not.
void corpus_curl_remove(CorpusCurlLoop *_Nonnull loop, CURL *_Nonnull handle);

/// Sleeps until something happens, at most so many milliseconds, and lets libcurl do what there is to do.
void corpus_curl_turn(CorpusCurlLoop *_Nonnull loop, int64_t milliseconds);

/// Ends the sleep of the loop's thread, or its next one; any thread may call this while the loop is open.
void corpus_curl_wake(CorpusCurlLoop *_Nonnull loop);

/// Closes all connections; every handle must have been taken out.
void corpus_curl_close(CorpusCurlLoop *_Nonnull loop);

/// Keeps a broken connection from ending the process: blocks SIGPIPE in the calling thread.
void corpus_curl_shield_thread(void);

/// Makes an easy handle for a loop and no other, or gives NULL. TLS certificates are always verified; redirects are never
/// followed.
CURL *_Nullable corpus_curl_handle(CorpusCurlLoop *_Nonnull loop, CorpusCurlCallbacks callbacks);

/// Says where the next requests of a handle go.
CURLcode corpus_curl_aim(CURL *_Nonnull handle, const CorpusCurlAim *_Nonnull aim);

/// Gives a handle that is aimed somewhere its next request.
CURLcode corpus_curl_load(CURL *_Nonnull handle, const CorpusCurlRequest *_Nonnull request);

/// Lets go of the body of a request that has ended.
void corpus_curl_unload(CURL *_Nonnull handle);

/// Takes the next request that has ended, or gives NULL.
CURL *_Nullable corpus_curl_next_done(
    CorpusCurlLoop *_Nonnull loop, uint64_t *_Nonnull number, CURLcode *_Nonnull result);

/// Reads what is known about a request that has ended.
CorpusCurlFacts corpus_curl_facts(CURL *_Nonnull handle);
