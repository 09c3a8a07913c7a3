#!/usr/bin/env python3
"""The client that a skilled Python user writes by hand with aiohttp: fast, with sound retries, and without a ledger.

    aiohttp_client.py --url http://127.0.0.1:PORT/v1 --calls 10000 --places 64

Asks for rows 0 ..< CALLS with at most PLACES requests under way, and prints one line of JSON. A row that failed gives
its place to another while it waits, and is sent again before new rows.
"""

import argparse
import asyncio
import json
import random
import resource
import sys
import time
from collections import deque

import aiohttp

FIRST_WAIT, LONGEST_WAIT = 0.05, 20.0
RETRIED = {408, 409, 425, 429, 500, 502, 503, 504, 529}


class Rows:
    """What is still to be asked: rows that are due again come before new ones."""

    def __init__(self, count):
        self.new = iter(range(count))
        self.open = count
        self.again = deque()
        self.idle = deque()

    async def take(self):
        """The next row, or None when all are done."""
        while self.open:
            if self.again:
                return self.again.popleft()
            row = next(self.new, None)
            if row is not None:
                return row
            waiter = asyncio.get_running_loop().create_future()
            self.idle.append(waiter)
            await waiter
        return None

    def put_back(self, row):
        self.again.append(row)
        self.wake_one()

    def finish(self):
        self.open -= 1
        if not self.open:
            while self.idle:
                self.wake_one()

    def wake_one(self):
        if self.idle:
            self.idle.popleft().set_result(None)


class Client:
    def __init__(self, arguments, session, output):
        self.arguments = arguments
        self.session = session
        self.output = output
        self.url = arguments.url.rstrip("/") + "/chat/completions"
        self.rows = Rows(arguments.calls)
        self.attempts = [0] * arguments.calls
        self.answers = bytearray(arguments.calls)
        self.filler = ("Write a function that does what the row says, and tests for it.\n" * (1 + arguments.prompt_bytes // 64))
        self.retries = self.failed = self.duplicates = self.mismatched = 0

    def body(self, row):
        start = f"row {row}\n"
        content = start + self.filler[: max(0, self.arguments.prompt_bytes - len(start))]
        return json.dumps({"model": self.arguments.model, "messages": [{"role": "user", "content": content}], "max_tokens": 1024}).encode()

    async def work(self):
        while (row := await self.rows.take()) is not None:
            self.attempts[row] += 1
            wait = await self.call(row)
            if wait is None:
                self.rows.finish()
            elif self.attempts[row] >= self.arguments.attempts:
                self.failed += 1
                self.rows.finish()
            else:
                self.retries += 1
                asyncio.get_running_loop().call_later(wait, self.rows.put_back, row)

    async def call(self, row):
        """None when the row is answered, else the seconds to wait."""
        told = 0.0
        try:
            async with self.session.post(self.url, data=self.body(row)) as response:
                body = await response.read()
                if response.status == 200:
                    self.keep(row, json.loads(body))
                    return None
                if response.status not in RETRIED:
                    sys.exit(f"error: status {response.status}: {body[:200]!r}")
                told = seconds(response.headers.get("Retry-After"))
        except (aiohttp.ClientError, asyncio.TimeoutError, ConnectionError, ValueError, LookupError, TypeError):
            pass
        # Full jitter; a wait that the server asks for is the least.
        return max(told, random.uniform(0, min(LONGEST_WAIT, FIRST_WAIT * 2 ** self.attempts[row])))

    def keep(self, row, reply):
        text = reply["choices"][0]["message"]["content"]
        usage = reply["usage"]
        self.mismatched += not text.startswith(f"row {row} ")
        self.duplicates += self.answers[row]
        self.answers[row] = 1
        if self.output:
            self.output.write(json.dumps({"row": row, "text": text, "usage": usage}, ensure_ascii=False) + "\n")


def seconds(header):
    try:
        return max(0.0, float(header))
    except (TypeError, ValueError):
        return 0.0


def cpu_us():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return 1e6 * (usage.ru_utime + usage.ru_stime)


async def run(arguments, output):
    connector = aiohttp.TCPConnector(limit=arguments.places, limit_per_host=arguments.places, keepalive_timeout=60)
    headers = {"Content-Type": "application/json", "Authorization": "Bearer none"}
    timeout = aiohttp.ClientTimeout(total=arguments.timeout)
    async with aiohttp.ClientSession(connector=connector, headers=headers, timeout=timeout) as session:
        client = Client(arguments, session, output)
        started, cpu_before = time.perf_counter(), cpu_us()
        async with asyncio.TaskGroup() as group:
            for _ in range(min(arguments.places, arguments.calls)):
                group.create_task(client.work())
        if output:
            output.flush()
        wall, cpu = time.perf_counter() - started, cpu_us() - cpu_before
    return {
        "client": f"aiohttp {aiohttp.__version__}",
        "loop": type(asyncio.get_running_loop()).__module__.split(".")[0],
        "python": sys.version.split()[0],
        "calls": arguments.calls,
        "places": arguments.places,
        "wall_s": round(wall, 4),
        "calls_per_s": round(arguments.calls / wall, 1),
        "cpu_us_per_call": round(cpu / arguments.calls, 1),
        "rss_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
        "retries": client.retries,
        "duplicates": client.duplicates,
        "missing": arguments.calls - sum(client.answers),
        "mismatched": client.mismatched,
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--url", required=True, help="the API's address, as in http://127.0.0.1:8000/v1")
    parser.add_argument("--calls", type=int, default=10000)
    parser.add_argument("--places", type=int, default=64, help="most requests under way")
    parser.add_argument("--prompt-bytes", type=int, default=2048)
    parser.add_argument("--model", default="stand-in")
    parser.add_argument("--attempts", type=int, default=50, help="most attempts at one row")
    parser.add_argument("--timeout", type=float, default=600, help="seconds for one request")
    parser.add_argument("--jsonl", metavar="OUT", help="append the replies to this file")
    parser.add_argument("--loop", choices=["best", "asyncio"], default="best", help="best is uvloop where it is installed")
    arguments = parser.parse_args()

    # Sockets of a thousand places and more need as many descriptors.
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    factory = None
    if arguments.loop == "best":
        try:
            import uvloop

            factory = uvloop.new_event_loop
        except ImportError:
            pass
    output = open(arguments.jsonl, "a", encoding="utf-8", buffering=1 << 20) if arguments.jsonl else None
    with asyncio.Runner(loop_factory=factory) as runner:
        print(json.dumps(runner.run(run(arguments, output))))
    if output:
        output.close()


if __name__ == "__main__":
    main()
