#include "sockets.h"

#include <pthread.h>
#include <signal.h>

bool corpus_curl_start(void) {
    return curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
}

void corpus_curl_shield_thread(void) {
    // With CURLOPT_NOSIGNAL libcurl leaves SIGPIPE alone, and older TLS backends write without MSG_NOSIGNAL.
    sigset_t pipes;
    sigemptyset(&pipes);
    sigaddset(&pipes, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipes, NULL);
}

#define SET(option, value)                                                    \
    do {                                                                      \
        if (code == CURLE_OK) code = curl_easy_setopt(handle, option, value); \
    } while (0)

CURL *corpus_curl_handle(CorpusCurlLoop *loop, CorpusCurlCallbacks callbacks) {
    CURL *handle = curl_easy_init();
    if (!handle) return NULL;
    CURLcode code = CURLE_OK;
    SET(CURLOPT_PROTOCOLS_STR, "http,https");
    SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
    // Not CURLOPT_PIPEWAIT: with an HTTP/1.1 server all first requests would wait for the first reply.
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_FOLLOWLOCATION, 0L);
    SET(CURLOPT_SSL_VERIFYPEER, 1L);
    SET(CURLOPT_SSL_VERIFYHOST, 2L);
    SET(CURLOPT_TCP_KEEPALIVE, 1L);
    // One such buffer for each call in flight; most replies fit, and libcurl adds a byte.
    SET(CURLOPT_BUFFERSIZE, 8191L);
    SET(CURLOPT_OPENSOCKETFUNCTION, corpus_curl_open_socket);
    SET(CURLOPT_OPENSOCKETDATA, loop);
    SET(CURLOPT_CLOSESOCKETFUNCTION, corpus_curl_close_socket);
    SET(CURLOPT_CLOSESOCKETDATA, loop);
    SET(CURLOPT_PREREQFUNCTION, callbacks.on_send);
    SET(CURLOPT_HEADERFUNCTION, callbacks.on_header);
    SET(CURLOPT_WRITEFUNCTION, callbacks.on_body);
    if (code == CURLE_OK) return handle;
    curl_easy_cleanup(handle);
    return NULL;
}

CURLcode corpus_curl_aim(CURL *handle, const CorpusCurlAim *aim) {
    CURLcode code = CURLE_OK;
    SET(CURLOPT_URL, aim->url);
    SET(CURLOPT_HTTPHEADER, aim->headers);
    SET(CURLOPT_CONNECTTIMEOUT_MS, aim->connect_milliseconds);
    SET(CURLOPT_TIMEOUT_MS, aim->total_milliseconds);
    SET(CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)aim->reply_bytes_limit);
    // NULL means what the environment says.
    SET(CURLOPT_PROXY, aim->bypasses_proxies ? "" : NULL);
    return code;
}

CURLcode corpus_curl_load(CURL *handle, const CorpusCurlRequest *request) {
    CURLcode code = CURLE_OK;
    SET(CURLOPT_PRIVATE, (void *)(uintptr_t)request->number);
    SET(CURLOPT_PREREQDATA, request->context);
    SET(CURLOPT_HEADERDATA, request->context);
    SET(CURLOPT_WRITEDATA, request->context);
    SET(CURLOPT_FRESH_CONNECT, request->needs_fresh_connection ? 1L : 0L);
    if (request->body) {
        SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body_bytes);
        SET(CURLOPT_COPYPOSTFIELDS, request->body);
    } else {
        SET(CURLOPT_HTTPGET, 1L);
    }
    return code;
}

void corpus_curl_unload(CURL *handle) {
    curl_easy_setopt(handle, CURLOPT_COPYPOSTFIELDS, NULL);
}

CorpusCurlFacts corpus_curl_facts(CURL *handle) {
    CorpusCurlFacts facts = {0};
    curl_off_t total = 0, connected = 0;
    long request_bytes = 0;
    curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &facts.status);
    curl_easy_getinfo(handle, CURLINFO_OS_ERRNO, &facts.os_error);
    curl_easy_getinfo(handle, CURLINFO_TOTAL_TIME_T, &total);
    curl_easy_getinfo(handle, CURLINFO_CONNECT_TIME_T, &connected);
    curl_easy_getinfo(handle, CURLINFO_REQUEST_SIZE, &request_bytes);
    facts.total_microseconds = total;
    facts.was_connected = connected > 0;
    facts.was_sent = request_bytes > 0;
    return facts;
}
