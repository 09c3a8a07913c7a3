#!/usr/bin/env python3
"""Runs the endpoint's benchmarks and prints what was measured beside what is aimed at.

  run.py [SCENARIO ...]     default: all of them; `run.py --list` names them

Give the machine to it alone. Every scenario starts servers of its own, so one can be run by itself.
"""

import contextlib
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
DRIVER = ROOT / ".build/release/endpoint-bench"
# Other programs: the folder of their environment, the package that must be there, and the script.
OTHERS = {
    "curator": ("venv-curator", "bespokelabs-curator", "curator_client.py"),
    "data-designer": ("venv-data-designer", "data-designer", "data_designer_client.py"),
}
rows = []


class Server:
    """A stand-in for a model's server, in a process of its own."""

    def __init__(self, *flags):
        self.process = subprocess.Popen([SERVER, "--port", "0", *flags], stdout=subprocess.PIPE, text=True)
        self.url = self.process.stdout.readline().split()[-1]
        self.root = self.url.removesuffix("/v1")

    def ask(self, path, body=None):
        with urllib.request.urlopen(urllib.request.Request(self.root + path, data=body), timeout=30) as reply:
            return json.loads(reply.read() or b"null")

    def stats(self):
        return self.ask("/stats")

    def configure(self, words):
        self.ask("/configure?" + words, b"")

    def reset(self):
        self.ask("/reset", b"")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()


def ours(server, calls, places, ledger=True, **more):
    words = [DRIVER, "--url", server.url, "--calls", str(calls), "--places", str(places)]
    words += [] if ledger else ["--ledger", "none"]
    for name, value in more.items():
        words += ["--" + name.replace("_", "-"), str(value)]
    return json.loads(subprocess.run(words, check=True, stdout=subprocess.PIPE, text=True).stdout)


def aiohttp(server, calls, places):
    words = [PEER, HERE / "peers/aiohttp_client.py", "--url", server.url, "--calls", str(calls)]
    words += ["--places", str(places), "--prompt-bytes", "1500"]
    return json.loads(subprocess.run(words, check=True, stdout=subprocess.PIPE, text=True).stdout)


def python_of(name):
    """The Python that has another program, or None where that is not installed."""
    folder, package, _ = OTHERS[name]
    python = ROOT / ".build/benchmarks" / folder / "bin/python"
    words = [python, "-c", f"import importlib.metadata as it; it.version('{package}')"]
    is_there = python.exists() and subprocess.run(words, stderr=subprocess.DEVNULL).returncode == 0
    return python if is_there else None


def other(server, name, calls, places):
    words = [python_of(name), HERE / "peers" / OTHERS[name][2], "--url", server.url, "--calls", str(calls)]
    words += ["--places", str(places), "--prompt-bytes", "1500"]
    run = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if run.returncode:
        sys.exit(f"error: {name} failed: {run.stderr[-2000:]}")
    figures = json.loads(run.stdout.splitlines()[-1])
    if figures["missing"] or figures["mismatched"]:
        sys.exit(f"error: {name} lacks {figures['missing']} rows, and has {figures['mismatched']} wrong ones")
    return figures


def floor(calls, places, *flags):
    words = [SERVER, *flags, "--floor", str(calls), str(places)]
    return json.loads(subprocess.run(words, check=True, stdout=subprocess.PIPE, text=True).stdout)["floor_s"]


def told(scenario, what, measured, aim="", isMet=None):
    mark = {True: "yes", False: "NO", None: ""}[isMet]
    rows.append((scenario, what, measured, aim, mark))
    print("{:<12} {:<58} {:>14}  {:<18} {}".format(*rows[-1]), flush=True)


def throughput():
    """No latency: the client is all that takes time."""
    with Server("--latency", "none") as server:
        for places in (64, 256):
            own = ours(server, 20000, places)
            server.reset()
            bare = ours(server, 20000, places, ledger=False)
            server.reset()
            peer = aiohttp(server, 20000, places)
            server.reset()
            name = f"{places} places"
            rate, cpu = own["calls_per_s"], own["cpu_us_per_call"]
            told("throughput", f"{name}: calls/s with ledger", f"{rate:.0f}", ">= 6000", rate >= 6000)
            told("throughput", f"{name}: CPU µs a call with ledger", f"{cpu:.0f}", "<= 200, aim 100", cpu <= 200)
            told("throughput", f"{name}: calls/s without ledger", f"{bare['calls_per_s']:.0f}")
            told("throughput", f"{name}: CPU µs a call without ledger", f"{bare['cpu_us_per_call']:.0f}")
            told("throughput", f"{name}: calls/s of aiohttp, which has no ledger", f"{peer['calls_per_s']:.0f}")
            share = cpu / peer["cpu_us_per_call"]
            told("throughput", f"{name}: CPU with ledger / CPU of aiohttp", f"{share:.2f}", "<= 1", share <= 1)


def fixed():
    """Every call takes 100 ms."""
    with Server("--latency", "fixed:100") as server:
        ours(server, 2000, 256)
        seconds = server.stats()["elapsed_s"]
        told("fixed", "256 places, 2,000 calls: s from first to last", f"{seconds:.3f}", "<= 0.95", seconds <= 0.95)
        server.reset()
        aiohttp(server, 2000, 256)
        told("fixed", "the same with aiohttp", f"{server.stats()['elapsed_s']:.3f}")


def lognormal():
    """Calls take 1 s or so, spread as with real models."""
    flags = ("--latency", "lognormal:1000,0.5")
    least = floor(20000, 256, *flags)
    with Server(*flags) as server:
        ours(server, 20000, 256)
        stats = server.stats()
    over = stats["elapsed_s"] / least - 1
    # At the end rows run out, and nobody can use the places.
    used = stats["rows_came_place_s"] / (256 * stats["rows_came_s"])
    told("lognormal", "256 places, 20,000 calls: over the in-order floor", f"{over:.1%}", "<= 2 %", over <= 0.02)
    told("lognormal", "utilisation of the places while rows remain", f"{used:.3f}", ">= 0.98", used >= 0.98)


def idle():
    """Most of the time nothing happens: what is left are wake-ups."""
    with Server("--latency", "fixed:200") as server:
        own = ours(server, 5000, 256)["cpu_us_per_call"]
        server.reset()
        peer = aiohttp(server, 5000, 256)["cpu_us_per_call"]
    told("idle", "256 places at 200 ms: CPU µs a call with ledger", f"{own:.0f}")
    told("idle", "CPU with ledger / CPU of aiohttp", f"{own / peer:.2f}", "<= 1", own <= peer)


def window(server, seconds):
    """Throughput and latency (by Little's law) over some seconds."""
    before = server.stats()
    time.sleep(seconds)
    after = server.stats()
    count = lambda stats: stats["answers"].get("200", 0)
    calls = count(after) - count(before)
    return calls / seconds, (after["in_flight_place_s"] - before["in_flight_place_s"]) / max(1, calls)


def knee():
    """A server that works on 32 calls and lets the others wait in silence, then on 64, then on 32."""
    best = {32: (0, 0), 64: (0, 0)}
    with Server("--latency", "lognormal:200,0.5", "--capacity", "32") as server:
        for capacity, widths in ((32, (24, 32, 40, 48)), (64, (48, 64, 80, 96))):
            server.configure(f"capacity={capacity}")
            for places in widths:
                client = subprocess.Popen(
                    [DRIVER, "--url", server.url, "--calls", "1000000", "--seconds", "14", "--places", str(places)],
                    stdout=subprocess.DEVNULL,
                )
                time.sleep(4)
                best[capacity] = max(best[capacity], window(server, 8))
                client.wait()
                server.reset()
        server.configure("capacity=32")
        # The gauges are hidden, so that only latency can tell.
        client = subprocess.Popen(
            [DRIVER, "--url", server.url, "--calls", "10000000", "--seconds", "130", "--places", "auto",
             "--gauges", "no"],
            stdout=subprocess.DEVNULL,
        )
        time.sleep(25)
        for name, capacity in (("32", None), ("64, 20 s after", 64), ("32 again, 20 s after", 32)):
            if capacity:
                server.configure(f"capacity={capacity}")
                time.sleep(20)
            rate, latency = window(server, 12)
            fixed = best[capacity or 32]
            share = rate / fixed[0]
            told("knee", f"capacity {name}: throughput / best fixed", f"{share:.2f}", ">= 0.85", share >= 0.85)
            slower = latency / fixed[1]
            told("knee", f"capacity {name}: latency / best fixed", f"{slower:.2f}", "<= 2", slower <= 2)
        client.terminate()
        client.wait()


def storm():
    """Refusals, errors, resets and broken replies, the same for everybody."""
    flags = ("--latency", "lognormal:200,0.5", "--retry-after", "1", "--storm",
             "429=0.20,500=0.05,reset=0.02,malformed=0.02")
    least = floor(5000, 256, *flags)
    with Server(*flags) as server:
        own = ours(server, 5000, 256)
        stats = server.stats()
        server.reset()
        aiohttp(server, 5000, 256)
        peer = server.stats()["elapsed_s"] / least
    over = stats["elapsed_s"] / least
    exact = own["calls"] == 5000 and own["wrong"] == 0 and stats["rows_answered"] == 5000
    told("storm", "every row arrives, with its own answer", "yes" if exact else "no", "yes", exact)
    told("storm", "rows that were answered twice", stats["duplicates"], "0", stats["duplicates"] == 0)
    told("storm", "sent before a Retry-After was over", stats["early"], "0", stats["early"] == 0)
    told("storm", "time / floor of that weather", f"{over:.2f}", "<= 1.5", over <= 1.5)
    told("storm", "the same with aiohttp", f"{peer:.2f}")


def memory():
    """Many calls, and many places."""
    with Server("--latency", "none") as server:
        few = ours(server, 20000, 256)["peak_rss_mb"]
        server.reset()
        many = ours(server, 100000, 256)["peak_rss_mb"]
        server.reset()
        more = ours(server, 250000, 256)["peak_rss_mb"]
        # The ledger keeps its last 32 MB of pages in memory: they are full before the second figure is taken.
        told("memory", "peak MB after 20,000 calls", f"{few:.0f}")
        told("memory", "peak MB after 100,000 calls", f"{many:.0f}", "< 150", many < 150)
        told("memory", "growth from 100,000 to 250,000 calls, MB", f"{more - many:.0f}", "<= 5", more - many <= 5)
    with Server("--latency", "fixed:200") as server:
        wide = ours(server, 20000, 2000)
        reached = server.stats()["max_in_flight"]
        told("memory", f"peak MB with {reached} calls in flight", f"{wide['peak_rss_mb']:.0f}", "< 200",
             wide["peak_rss_mb"] < 200)


def kill():
    """kill -9 at 50 random moments; the same ledger goes on each time."""
    moments = random.Random(5)
    with tempfile.TemporaryDirectory() as folder, Server("--latency", "lognormal:20,0.5") as server:
        words = [DRIVER, "--url", server.url, "--calls", "60000", "--places", "64"]
        words += ["--ledger", os.path.join(folder, "ledger.sqlite")]
        kills = lost = most = 0
        while kills < 50:
            client = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(moments.uniform(0.15, 0.6))
            client.send_signal(signal.SIGKILL)
            if client.wait() == -signal.SIGKILL:
                kills += 1
            while (stats := server.stats())["in_flight"]:
                time.sleep(0.01)
            # Answers that the client had in hand, or was just being sent, when it was killed.
            missing = stats["answers"].get("200", 0) - count(words[-1]) - lost
            lost, most = lost + missing, max(most, missing)
        end = json.loads(subprocess.run(words, check=True, stdout=subprocess.PIPE, text=True).stdout)
        twice = server.stats()["duplicates"]
    told("kill", "rows on the ledger in the end", end["calls"], "60000", end["calls"] == 60000)
    told("kill", "answers lost by one of 50 kills with 64 calls in flight", most, "<= 64", most <= 64)
    # A row that was lost more than once counts once.
    told("kill", "rows answered twice, of answers lost", f"{twice} of {lost}", "no more", twice <= lost)


def count(ledger):
    """How many replies are on a ledger that a killed process left."""
    with contextlib.closing(sqlite3.connect(ledger)) as database:
        try:
            return database.execute("SELECT count(*) FROM call").fetchone()[0]
        except sqlite3.OperationalError:
            return 0


def median(runs, figure):
    return sorted(run[figure] for run in runs)[len(runs) // 2]


def peers():
    """No latency: what a call costs other programs, where they are installed."""
    present = [name for name in OTHERS if python_of(name)]
    for name in OTHERS:
        if name not in present:
            print(f"{'peers':<12} {name} is not installed, see Tests/Benchmarks/Endpoint/README.md")
    if not present:
        return
    with Server("--latency", "none") as server:
        for places in (64, 256):
            # Before, between and after the others: what a machine gives changes from minute to minute.
            own = [ours(server, 10000, places, warm=10)]
            measured = []
            for name in present:
                server.reset()
                measured.append((name, other(server, name, 10000, places)))
                server.reset()
                own.append(ours(server, 10000, places, warm=10))
            told("peers", f"{places} places: calls/s with ledger", f"{median(own, 'calls_per_s'):.0f}")
            told("peers", f"{places} places: CPU µs a call with ledger", f"{median(own, 'cpu_us_per_call'):.0f}")
            for index, (name, peer) in enumerate(measured):
                what = f"{places} places: {peer['client']}"
                told("peers", f"{what}: calls/s", f"{peer['calls_per_s']:.0f}")
                told("peers", f"{what}: CPU µs a call", f"{peer['cpu_us_per_call']:.0f}")
                told("peers", f"{what}: peak MB", f"{peer['rss_mb']:.0f}")
                beside = sum(run["cpu_us_per_call"] for run in own[index : index + 2]) / 2
                share = beside / peer["cpu_us_per_call"]
                what = f"{places} places: CPU with ledger / CPU of {name}"
                told("peers", what, f"{share:.3f}", "<= 0.05", share <= 0.05)
            server.reset()


SCENARIOS = [throughput, fixed, lognormal, idle, knee, storm, memory, kill, peers]

if __name__ == "__main__":
    wanted = sys.argv[1:]
    if wanted == ["--list"]:
        for scenario in SCENARIOS:
            print(f"{scenario.__name__:<12} {scenario.__doc__}")
        sys.exit()
    unknown = set(wanted) - {scenario.__name__ for scenario in SCENARIOS}
    if unknown:
        sys.exit(f"error: there is no scenario {', '.join(sorted(unknown))}\nhint: `run.py --list` names them")
    build = lambda *words: subprocess.run(words, check=True, cwd=ROOT, stdout=subprocess.PIPE, text=True).stdout.strip()
    build("swift", "build", "-c", "release", "--product", "endpoint-bench")
    SERVER = build(HERE / "server/build.sh").splitlines()[-1]
    PEER = build(HERE / "peers/setup.sh").splitlines()[-1]
    print("{:<12} {:<58} {:>14}  {:<18} {}".format("scenario", "what", "measured", "aim", "met"))
    for scenario in SCENARIOS:
        if not wanted or scenario.__name__ in wanted:
            scenario()
    missed = [row for row in rows if row[4] == "NO"]
    print(f"\n{len(rows)} figures, {len(missed)} short of their aim")
    sys.exit(1 if missed else 0)
