"""What checks and measurements need: a running server and raw connections to it. Standard library only."""

import json
import signal
import socket
import subprocess
import threading
import time
from contextlib import contextmanager
from pathlib import Path

HERE = Path(__file__).resolve().parent
CHAT = "/v1/chat/completions"
SPOILT = "malformed"


def build():
    return subprocess.run([HERE / "build.sh"], check=True, capture_output=True, text=True).stdout.strip()


class Server:
    """A running server, and one connection to it for questions."""

    def __init__(self, binary, *flags):
        self.process = subprocess.Popen([binary, *flags], stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        assert line.startswith("listening on http://127.0.0.1:") and line.endswith("/v1\n"), line
        self.port = int(line.split(":")[2].split("/")[0])
        self.line = Line(self.port)

    def get(self, path):
        return json.loads(self.line.ask("GET", path).body)

    def stats(self):
        return self.get("/stats")

    def configure(self, query):
        answer = self.line.ask("POST", "/configure?" + query)
        assert answer.status == 200, answer.body
        self.line.ask("POST", "/reset")

    def stop(self):
        self.line.close()
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(10) == 0, "the server does not end well"
        self.process.stdout.close()


@contextmanager
def serving(binary, *flags):
    server = Server(binary, *flags)
    try:
        yield server
        server.stop()
    finally:
        server.process.kill()
        server.process.wait()


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body


class Line:
    """A raw connection."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.held = b""

    def send(self, data):
        self.socket.sendall(data)

    def more(self):
        data = self.socket.recv(1 << 16)
        if not data:
            raise ConnectionResetError("the server has closed the connection")
        self.held += data

    def head(self):
        while b"\r\n\r\n" not in self.held:
            self.more()
        head, _, self.held = self.held.partition(b"\r\n\r\n")
        first, *lines = head.decode().split("\r\n")
        return int(first.split()[1]), {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}

    def answer(self):
        status, headers = self.head()
        length = int(headers.get("content-length", 0))
        while len(self.held) < length:
            self.more()
        body, self.held = self.held[:length], self.held[length:]
        return Answer(status, headers, body)

    def ask(self, method, path, body=b"", headers=""):
        self.send(request(method, path, body, headers))
        return self.answer()

    def close(self):
        self.socket.close()


def request(method, path, body=b"", headers=""):
    return f"{method} {path} HTTP/1.1\r\nHost: here\r\nContent-Length: {len(body)}\r\n{headers}\r\n".encode() + body


def prompt(row, size=0):
    content = f"row {row}\n" + "x" * size
    return json.dumps({"model": "stand-in", "messages": [{"role": "user", "content": content}]}).encode()


def chat(row, size=0):
    return request("POST", CHAT, prompt(row, size))


def outcome(server, line, row):
    """How one request ends, and the connection for the next one."""
    try:
        line.send(chat(row))
        answer = line.answer()
    except ConnectionError:
        line.close()
        return "reset", Line(server.port)
    if answer.status != 200:
        return str(answer.status), line
    try:
        json.loads(answer.body)
    except ValueError:
        return SPOILT, line
    return "200", line


def together(count, work):
    """Does work on as many threads, and gives what it returns."""
    results = [None] * count

    def run(index):
        results[index] = work(index)

    threads = [threading.Thread(target=run, args=(index,)) for index in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def await_stats(server, **wanted):
    end = time.perf_counter() + 10
    while True:
        stats = server.stats()
        if all(stats[name] == value for name, value in wanted.items()):
            return
        assert time.perf_counter() < end, (wanted, stats)
        time.sleep(0.001)
