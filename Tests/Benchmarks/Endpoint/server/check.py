#!/usr/bin/env python3
"""Checks the model server: starts it, and asserts what the README says of it. Standard library only.

    check.py [BINARY]     without a binary it builds one
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

from probe import CHAT, SPOILT, Line, Server, await_stats, build, chat, outcome, prompt, request, serving, together


def check_shapes(binary):
    """Completions, models, health and metrics have their shapes."""
    with serving(binary, "--reply-bytes", "1000", "--model", "m-1") as server:
        answer = server.line.ask("POST", "/any/prefix/chat/completions", prompt(7))
        reply = json.loads(answer.body)
        assert answer.status == 200 and reply["id"] and reply["model"] == "m-1"
        choice = reply["choices"][0]
        assert choice["finish_reason"] == "stop" and choice["message"]["role"] == "assistant"
        text = choice["message"]["content"]
        assert len(text) == 1000 and text.startswith("row 7 ")
        usage = reply["usage"]
        assert usage["prompt_tokens"] + usage["completion_tokens"] == usage["total_tokens"] > 0
        assert json.loads(server.line.ask("POST", CHAT, prompt(7)).body) == reply, "a row's reply changes"
        assert server.get("/v1/models")["data"][0]["id"] == "m-1"
        assert server.line.ask("GET", "/health").status == 200
        metrics = server.line.ask("GET", "/metrics").body.decode()
        assert "# TYPE vllm:num_requests_running gauge\n" in metrics
        assert 'vllm:num_requests_waiting{engine="0",model_name="m-1"} 0\n' in metrics
        assert server.line.ask("GET", "/nothing").status == 404
        assert server.line.ask("PUT", "/health").status == 405
        assert server.line.ask("POST", "/configure?capacity=x").status == 400
        assert server.line.ask("POST", "/configure?capacity=3&%22=%0a").status == 400
        assert server.get("/configure")["capacity"] == 0, "half a change was made"


def check_rows(binary):
    """A row's number is found where it starts a word, and nowhere else."""
    with serving(binary) as server:
        for content in ["throw 5 and row x and row 12.", "row 12345678901234567890123", "none"]:
            server.line.ask("POST", CHAT, json.dumps({"messages": content}).encode())
        stats = server.stats()
        assert (stats["rows"], stats["rowless"]) == (1, 2), stats
        server.line.ask("POST", CHAT, prompt(12))
        assert server.stats()["duplicates"] == 1


def check_weather(binary):
    """One seed gives one weather, whatever the order; another seed gives another."""
    storm = "429=0.2,500=0.1,reset=0.1,malformed=0.1"
    flags = ["--storm", storm, "--latency", "lognormal:3,0.5", "--retry-after", "0"]
    pairs = [(row, attempt) for row in range(150) for attempt in (1, 2, 3)]
    seen = []
    for seed, order in [("1", 1), ("1", -1), ("2", 1)]:
        with serving(binary, "--seed", seed, *flags) as server:
            told = {p: server.get(f"/weather?row={p[0]}&attempt={p[1]}") for p in pairs}
            line, met = Line(server.port), {}
            for row in range(150)[::order]:
                for attempt in (1, 2, 3):
                    start = time.perf_counter()
                    met[row, attempt], line = outcome(server, line, row)
                    passed = 1000 * (time.perf_counter() - start)
                    assert passed >= told[row, attempt]["latency_ms"] - 0.1, "an answer came too early"
            for pair in pairs:
                drawn = told[pair]
                name = {"none": "200", "status": str(drawn["status"])}.get(drawn["fault"], drawn["fault"])
                assert name == met[pair], (pair, drawn, met[pair])
            seen.append((told, met))
            stats = server.stats()
            counts = {name: list(met.values()).count(name) for name in set(met.values())}
            told_counts = {**stats["answers"], "reset": stats["resets"], SPOILT: stats["malformed"]}
            assert told_counts == counts and stats["requests"] == 450 and stats["abandoned"] == 0, (counts, stats)
            line.close()
    assert seen[0] == seen[1], "the order changes the weather"
    assert seen[0] != seen[2], "the seed changes nothing"
    faults = [name for name in seen[0][1].values() if name != "200"]
    assert 150 < len(faults) < 300, f"{len(faults)} faults of 450 at a probability of one half"
    latencies = sorted(drawn["latency_ms"] for drawn in seen[0][0].values() if drawn["status"] != 429)
    assert 2.5 < latencies[len(latencies) // 2] < 3.5, "the median is wrong"


def check_refusals(binary):
    """A 429 has a Retry-After, and requests that come before it are counted."""
    with serving(binary, "--storm", "429=1", "--retry-after", "7") as server:
        answer = server.line.ask("POST", CHAT, prompt(1))
        assert answer.status == 429 and answer.headers["retry-after"] == "7"
        assert "error" in json.loads(answer.body)
        server.line.ask("POST", CHAT, prompt(1))
        assert server.stats()["early"] == 1
        server.configure("retry-after=none")
        assert "retry-after" not in server.line.ask("POST", CHAT, prompt(1)).headers
        server.configure("storm=503=1&retry-after=1")
        assert server.line.ask("POST", CHAT, prompt(1)).status == 503


def check_malformed(binary):
    """A malformed answer is whole HTTP with broken JSON."""
    with serving(binary, "--storm", "malformed=1") as server:
        answer = server.line.ask("POST", CHAT, prompt(1))
        assert answer.status == 200 and answer.headers["content-type"] == "application/json"
        try:
            json.loads(answer.body)
        except ValueError:
            pass
        else:
            raise AssertionError("the JSON is sound")
        assert server.line.ask("GET", "/health").status == 200, "the connection is of no use any more"
        stats = server.stats()
        assert stats["malformed"] == 1 and stats["answers"] == {} and stats["rows_answered"] == 0


def check_reset(binary):
    """A reset is a reset: sometimes before the answer, sometimes in it."""
    with serving(binary, "--storm", "reset=1") as server:
        late = 0  # resets in the middle of an answer
        for row in range(40):
            line = Line(server.port)
            line.send(chat(row))
            try:
                line.answer()
                raise AssertionError("a whole answer")
            except ConnectionResetError as error:
                assert error.errno, "the connection was closed, not reset"
            late += len(line.held) > 0
            line.close()
        assert 5 < late < 35, f"{late} of 40 resets came in an answer"
        assert server.stats()["resets"] == 40


def check_capacity(binary):
    """Beyond the capacity requests wait in order or are refused."""
    with serving(binary, "--capacity", "2", "--latency", "fixed:100") as server:
        ends = []

        def one(index):
            line = Line(server.port)
            time.sleep(0.01 * index)
            line.send(chat(index))
            answer = line.answer()
            ends.append(index)
            line.close()
            return answer

        start = time.perf_counter()
        answers = together(6, one)
        passed = time.perf_counter() - start
        stats = server.stats()
        assert [answer.status for answer in answers] == [200] * 6
        assert 0.3 <= passed < 1, f"6 requests through 2 places of 100 ms took {passed:.3f} s"
        assert (stats["max_serving"], stats["max_waiting"], stats["max_in_flight"]) == (2, 4, 6), stats
        assert abs(stats["serving_place_s"] - 0.6) < 0.1 and 0.3 <= stats["elapsed_s"] < 1, stats
        assert stats["in_flight_place_s"] > stats["serving_place_s"]
        assert [end // 2 for end in ends] == [0, 0, 1, 1, 2, 2], f"not first come, first served: {ends}"

        server.configure("overload=refuse&retry-after=3")
        answers = together(6, one)
        assert [answer.status for answer in answers] == [200] * 2 + [429] * 4
        assert answers[5].headers["retry-after"] == "3"
        stats = server.stats()
        assert stats["refused_by_capacity"] == 4 and stats["answers"] == {"200": 2, "429": 4}

        # What waits starts when the capacity grows, and what its client has left makes room.
        server.configure("overload=queue&capacity=1&latency=fixed:60000")
        lines = [Line(server.port) for _ in range(3)]
        for index, line in enumerate(lines):
            line.send(chat(index))
        await_stats(server, serving=1, waiting=2)
        metrics = server.line.ask("GET", "/metrics").body.decode()
        assert 'running{engine="0",model_name="stand-in"} 1\n' in metrics and 'waiting{engine="0",model_name="stand-in"} 2\n' in metrics
        server.line.ask("POST", "/configure?capacity=2")
        await_stats(server, serving=2, waiting=1)
        lines[0].close()
        await_stats(server, serving=2, waiting=0, abandoned=1)
        server.line.ask("POST", "/reset")
        for line in lines[1:]:
            line.close()
        await_stats(server, serving=0, in_flight=0, abandoned=0, requests=0)


def check_limits(binary):
    """Rate limits refuse, say when to come again, and tell in headers what is left."""
    with serving(binary, "--rpm", "60", "--burst", "3", "--headers", "openai") as server:
        answers = [server.line.ask("POST", CHAT, prompt(row)) for row in range(4)]
        assert [answer.status for answer in answers] == [200, 200, 200, 429]
        assert answers[3].headers["retry-after"] == "1"
        assert answers[0].headers["x-ratelimit-limit-requests"] == "60"
        assert [answer.headers["x-ratelimit-remaining-requests"] for answer in answers] == ["2", "1", "0", "0"]
        assert answers[3].headers["x-ratelimit-reset-requests"].endswith("s")
        time.sleep(1.05)
        assert server.line.ask("POST", CHAT, prompt(3)).status == 200, "who waited is refused"
        assert server.stats()["refused_by_limits"] == 1
        server.configure("rpm=0&tpm=6000&burst=60&headers=anthropic")
        answer = server.line.ask("POST", CHAT, prompt(1, 20000))
        assert answer.status == 200 and answer.headers["anthropic-ratelimit-tokens-limit"] == "6000"
        assert answer.headers["anthropic-ratelimit-tokens-reset"].endswith("Z")
        answer = server.line.ask("POST", CHAT, prompt(1, 4000))
        assert answer.status == 429 and 1 <= int(answer.headers["retry-after"]) <= 60


def check_counts(binary):
    """Rows that are asked for again are counted, and a reset of the statistics forgets them."""
    with serving(binary, "--storm", "500=0.3", "--seed", "4") as server:
        line = Line(server.port)
        first = [outcome(server, line, row)[0] for row in range(100)]
        again = [outcome(server, line, row)[0] for row in range(50)]
        stats = server.stats()
        twice = sum(a == b == "200" for a, b in zip(first, again))
        assert 0 < twice < 50 and stats["duplicates"] == twice, stats
        assert stats["rows"] == 100 and stats["repeats"] == 50 and stats["needless"] == first[:50].count("200"), stats
        assert stats["answers"]["200"] == (first + again).count("200")
        assert stats["cpu_us"] > 0
        server.line.ask("POST", "/reset")
        stats = server.stats()
        zeros = [name for name, value in stats.items() if value not in (0, {}) and name not in ("connections", "cpu_us")]
        assert zeros == [], zeros
        assert [outcome(server, line, row)[0] for row in range(100)] == first, "the weather went on after a reset"
        line.close()


def check_bytes(binary):
    """Requests may come in pieces or many at once, and bad ones do no harm."""
    with serving(binary, "--latency", "fixed:5") as server:
        line = Line(server.port)
        line.send(b"".join(chat(row) for row in range(50)))
        texts = [json.loads(line.answer().body)["choices"][0]["message"]["content"] for _ in range(50)]
        assert [int(text.split()[1]) for text in texts] == list(range(50))

        whole = chat(77)
        for cut in range(1, len(whole)):
            if cut < 60 or cut % 7 == 0:
                line.send(whole[:cut])
                time.sleep(0.0005)
                line.send(whole[cut:])
                assert line.answer().status == 200
        for byte in whole:
            line.send(bytes([byte]))
        assert line.answer().status == 200

        large = chat(5, (16 << 20) - 1000)
        line.send(large)
        assert line.answer().status == 200
        line.send(request("POST", CHAT, prompt(6), "Expect: 100-continue\r\n")[: -len(prompt(6))])
        assert line.head()[0] == 100
        line.send(prompt(6))
        assert line.answer().status == 200
        answer = line.ask("GET", "/health", headers="Connection: close\r\n")
        assert answer.headers["connection"] == "close" and line.socket.recv(1) == b""
        line.close()

        bad = [
            (b"nonsense\r\n\r\n", 400), (b"\r\n\r\n", 400), (b"GET / HTTP/2.0\r\n\r\n", 505),
            (b"POST /reset HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400),
            (b"POST /reset HTTP/1.1\r\nContent-Length: \r\n\r\n", 400),
            (b"POST /reset HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400),
            (b"POST /reset HTTP/1.1\r\nContent-Length: 99999999999999999999999\r\n\r\n", 413),
            (b"POST /reset HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", 411),
            (b"GET / HTTP/1.1\r\n folded\r\n\r\n", 400), (b"GET / HTTP/1.1\n\r\n\r\n", 400), (b"GET  HTTP/1.1\r\n\r\n", 400),
            (b"GET /" + b"a" * 40000, 431), (b"\0" * 3000 + b"\r\n\r\n", 400),
        ]
        for data, status in bad:
            line = Line(server.port)
            line.send(data)
            assert line.answer().status == status, data[:60]
            assert line.socket.recv(1) == b"", "the connection stays open"
            line.close()
        await_stats(server, connections=1)

        server.configure("reply-bytes=8000000&latency=none")
        line = Line(server.port)
        line.send(chat(1) + chat(2))
        time.sleep(0.05)
        assert len(json.loads(line.answer().body)["choices"][0]["message"]["content"]) == 8000000
        assert line.answer().status == 200
        line.close()


def check_connections(binary):
    """Two thousand idle connections, and four thousand busy ones, are no trouble."""
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < 4200:
        print("      (too few descriptors for this check)")
        return
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    try:
        with serving(binary, "--latency", "fixed:300") as server:
            idle = [Line(server.port) for _ in range(2000)]
            assert server.line.ask("POST", CHAT, prompt(1)).status == 200
            await_stats(server, connections=2001)
            lines = idle + [Line(server.port) for _ in range(2000)]
            server.line.ask("POST", "/reset")
            for row, line in enumerate(lines):
                line.send(chat(row))
            for line in lines:
                assert line.answer().status == 200
            stats = server.stats()
            assert stats["rows_answered"] == 4000 and stats["max_in_flight"] > 500, stats
            for line in lines:
                line.close()
            await_stats(server, connections=1)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def check_descriptors(binary):
    """A server without descriptors lets the next ones in when some are free again."""
    limited = ["sh", "-c", 'ulimit -n 40; exec "$0" "$@"', binary]
    server = Server(*limited)
    lines = [Line(server.port) for _ in range(60)]
    for line in lines[:30]:
        line.close()
    assert lines[-1].ask("GET", "/health").status == 200
    for line in lines[30:]:
        line.close()
    server.stop()


def check_floor(binary):
    """The floor is what list scheduling gives, and a client that is alone meets it."""

    def floor(*arguments):
        result = subprocess.run([binary, "--floor", *arguments], capture_output=True, text=True, check=True)
        return json.loads(result.stdout)

    assert floor("10", "4", "--latency", "fixed:100")["floor_s"] == 0.3
    assert floor("10", "4", "--latency", "fixed:100", "--capacity", "2")["floor_s"] == 0.5
    assert floor("10", "4", "--latency", "fixed:100", "--capacity", "2", "--overload", "refuse")["floor_s"] == 0.5
    assert abs(floor("120", "9", "--rpm", "60", "--burst", "10")["floor_s"] - 110) < 0.01
    flags = ["--seed", "3", "--latency", "lognormal:4,0.4", "--storm", "500=0.1,reset=0.05,malformed=0.05,429=0.01"]
    told = floor("100", "1", *flags)
    assert told["floor_s"] >= told["bound_s"] > 0
    with serving(binary, *flags) as server:
        line = Line(server.port)
        waiting, resting = list(range(100)), []
        start = time.perf_counter()
        while waiting or resting:
            now = time.perf_counter()
            waiting = sorted(waiting + [row for due, row in resting if due <= now])
            resting = [(due, row) for due, row in resting if due > now]
            if not waiting:
                time.sleep(0.001)
                continue
            row = waiting.pop(0)
            result, line = outcome(server, line, row)
            if result == "429":
                resting.append((time.perf_counter() + 1, row))
            elif result != "200":
                waiting.insert(0, row)
        passed = time.perf_counter() - start
        stats = server.stats()
        line.close()
    assert stats["requests"] == told["requests"] and stats["rows_answered"] == 100, (told, stats)
    assert stats["early"] == stats["needless"] == stats["duplicates"] == 0, stats
    assert told["floor_s"] <= passed, (told, passed)


def check_parent(binary):
    """The server ends with its parent, and not with the thread that started it."""
    code = (
        "import subprocess, sys, threading, time\n"
        "def start():\n"
        "    global child\n"
        "    child = subprocess.Popen([sys.argv[1]], stdout=subprocess.PIPE, text=True)\n"
        "    child.stdout.readline()\n"
        "thread = threading.Thread(target=start)\n"
        "thread.start()\n"
        "thread.join()\n"
        "time.sleep(0.1)\n"
        "print(child.pid, child.poll(), flush=True)\n"
    )
    said = subprocess.run([sys.executable, "-c", code, binary], capture_output=True, text=True, check=True).stdout.split()
    assert said[1] == "None", "the server ended with a thread"
    end = time.perf_counter() + 10
    while is_running(int(said[0])):
        assert time.perf_counter() < end, "the server outlived its parent"
        time.sleep(0.01)


def is_running(process):
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


def main():
    binary = os.path.abspath(sys.argv[1]) if len(sys.argv) > 1 else build()
    for name, check in list(globals().items()):
        if name.startswith("check_"):
            start = time.perf_counter()
            check(binary)
            print(f"ok  {time.perf_counter() - start:5.2f} s  {check.__doc__}")


if __name__ == "__main__":
    main()
