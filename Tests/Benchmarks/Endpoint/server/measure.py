#!/usr/bin/env python3
"""Measures the server's CPU time for 20,000 requests of 2 KB over 64 connections. Standard library only.

    measure.py [BINARY]     without a binary it builds one
"""

import os
import selectors
import sys

from probe import Line, build, chat, serving


def measure(binary, count=20000, width=64):
    """Keeps requests on the way over some connections, one each, and asks the server what they cost it."""
    with serving(binary) as server:
        for name, flags in [("no latency", "latency=none"), ("20 ms", "latency=fixed:20"), ("lognormal", "latency=lognormal:20,0.5")]:
            server.configure(flags)
            selector = selectors.DefaultSelector()
            sent = done = 0
            for _ in range(width):
                line = Line(server.port)
                selector.register(line.socket, selectors.EVENT_READ, line)
                line.send(chat(sent, 2000))
                sent += 1
            while done < count:
                for key, _ in selector.select():
                    key.data.answer()
                    done += 1
                    if sent < count:
                        key.data.send(chat(sent, 2000))
                        sent += 1
            stats = server.stats()
            for key in list(selector.get_map().values()):
                key.data.close()
            each = stats["cpu_us"] / stats["requests"]
            rate = stats["requests"] / stats["elapsed_s"]
            print(f"{name:11} {stats['requests']} requests  {rate:7.0f} requests/s  {each:5.1f} µs of the server's CPU each")


if __name__ == "__main__":
    measure(os.path.abspath(sys.argv[1]) if len(sys.argv) > 1 else build())
