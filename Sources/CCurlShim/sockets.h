#pragma once

#include "CCurlShim.h"

// What libcurl opens and closes its sockets with, so that the loop knows which numbers are still the same sockets.

curl_socket_t corpus_curl_open_socket(void *loop, curlsocktype purpose, struct curl_sockaddr *address);
int corpus_curl_close_socket(void *loop, curl_socket_t socket);
