#!/usr/bin/env python3
"""Measures the server's CPU time for 20,000 requests with prompts of 2 KB. Standard library only.

    measure.py [BINARY]     without a binary it builds one

The last case is a server that is mostly idle: it wakes for nearly every request and every timer.
"""

import os
import selectors
import sys

from probe import Line, build, chat, serving

CASES = [("none", 64), ("lognormal:20,0.5", 1000), ("lognormal:20,0.5", 64)]


def drive(server, count, width):
    """Keeps one request under way on each of some connections."""
    selector = selectors.DefaultSelector()
    lines = [Line(server.port) for _ in range(width)]
    for row, line in enumerate(lines):
        selector.register(line.socket, selectors.EVENT_READ, line)
        line.send(chat(row, 2000))
    sent, done = width, 0
    while done < count:
        for key, _ in selector.select():
            assert key.data.answer().status == 200
            done += 1
            if sent < count:
                key.data.send(chat(sent, 2000))
                sent += 1
    for line in lines:
        line.close()


def measure(binary, count=20000):
    with serving(binary) as server:
        for latency, width in CASES:
            server.configure("latency=" + latency)
            drive(server, count, width)
            stats = server.stats()
            each = stats["cpu_us"] / stats["requests"]
            rate = stats["requests"] / stats["elapsed_s"]
            print(f"{latency:16} {width:4} connections  {rate:6.0f} requests/s  {each:5.1f} µs of the server's CPU each")


if __name__ == "__main__":
    measure(os.path.abspath(sys.argv[1]) if len(sys.argv) > 1 else build())
