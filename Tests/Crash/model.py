"""A scripted model on the loopback: equal requests get equal answers, and each request is written down."""

import hashlib
import http.server
import json
import random
import re
import threading
import time

WORDS = ("return x + {n}", "return {n} + x", "return x - {n}", "return x * {n} + {draw}")


class Model:
    """Serves until it is closed; `latency` is the mean of a reply's delay in seconds."""

    def __init__(self, latency=0.01, seed=0):
        self.latency, self.random = latency, random.Random(seed)
        self.lock = threading.Lock()
        self.asked = []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                self.answer({"data": [{"id": "scripted"}]})

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                with outer.lock:
                    outer.asked.append(hashlib.sha256(body).hexdigest())
                    delay = outer.random.expovariate(1 / outer.latency) if outer.latency else 0
                time.sleep(min(delay, 10 * outer.latency))
                self.answer(outer.reply(body))

            def answer(self, value):
                body = json.dumps(value).encode()
                try:
                    self.send_response(200)
                    self.send_header("Content-Type", "application/json")
                    self.send_header("Content-Length", str(len(body)))
                    self.end_headers()
                    self.wfile.write(body)
                except OSError:
                    self.close_connection = True

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 256

            def handle_error(self, *_):
                pass

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/v1"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    @staticmethod
    def reply(body):
        # The last task that the prompt speaks of; worked examples come before it.
        names = re.findall(rb"def add_(\d+)", body)
        number = names[-1].decode() if names else "0"
        draw = hashlib.sha256(body).digest()[0]
        if draw % 11 == 0:
            text = "I cannot help with that."
        else:
            line = WORDS[draw % 4].format(n=number, draw=draw)
            text = f"```python\ndef add_{number}(x):\n    {line}\n```"
        return {"choices": [{"message": {"role": "assistant", "content": text}, "finish_reason": "stop"}],
                "usage": {"prompt_tokens": 200, "completion_tokens": 20, "total_tokens": 220}}

    def count(self):
        with self.lock:
            return len(self.asked)

    def forget(self):
        with self.lock:
            self.asked.clear()

    def close(self):
        self.server.shutdown()
        self.server.server_close()
