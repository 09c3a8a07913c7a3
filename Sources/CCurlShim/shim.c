#include "CCurlShim.h"

#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>

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

// Programs that are started meanwhile must not inherit a connection that carries a key.
static curl_socket_t open_private_socket(void *context, curlsocktype purpose, struct curl_sockaddr *address) {
    (void)context;
    (void)purpose;
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

CURLcode corpus_curl_prepare(CURL *handle, const CorpusCurlRequest *request) {
    CURLcode code = CURLE_OK;
#define SET(option, value)                                       \
    do {                                                         \
        if (code == CURLE_OK) code = curl_easy_setopt(handle, option, value); \
    } while (0)
    SET(CURLOPT_URL, request->url);
    SET(CURLOPT_PROTOCOLS_STR, "http,https");
    SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
    // Not CURLOPT_PIPEWAIT: with an HTTP/1.1 server all first requests would wait for the first reply.
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_FOLLOWLOCATION, 0L);
    SET(CURLOPT_SSL_VERIFYPEER, 1L);
    SET(CURLOPT_SSL_VERIFYHOST, 2L);
    SET(CURLOPT_TCP_KEEPALIVE, 1L);
    SET(CURLOPT_OPENSOCKETFUNCTION, open_private_socket);
    SET(CURLOPT_CONNECTTIMEOUT_MS, request->connect_milliseconds);
    SET(CURLOPT_TIMEOUT_MS, request->total_milliseconds);
    SET(CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)request->reply_bytes_limit);
    SET(CURLOPT_HTTPHEADER, request->headers);
    SET(CURLOPT_PRIVATE, (void *)(uintptr_t)request->number);
    SET(CURLOPT_PREREQFUNCTION, request->on_send);
    SET(CURLOPT_PREREQDATA, request->context);
    SET(CURLOPT_HEADERFUNCTION, request->on_header);
    SET(CURLOPT_HEADERDATA, request->context);
    SET(CURLOPT_WRITEFUNCTION, request->on_body);
    SET(CURLOPT_WRITEDATA, request->context);
    if (request->bypasses_proxies) SET(CURLOPT_PROXY, "");
    SET(CURLOPT_FRESH_CONNECT, request->needs_fresh_connection ? 1L : 0L);
    if (request->body) {
        SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body_bytes);
        SET(CURLOPT_COPYPOSTFIELDS, request->body);
    } else {
        SET(CURLOPT_HTTPGET, 1L);
    }
#undef SET
    return code;
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
