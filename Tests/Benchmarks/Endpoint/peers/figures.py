"""What the scripts for other programs share: flags, prompts and figures."""

import argparse
import json
import resource
import sys
import time
import urllib.request

FEW = 10


def arguments(description):
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--url", required=True, help="the stand-in server, as in http://127.0.0.1:8000/v1")
    parser.add_argument("--calls", type=int, default=3000)
    parser.add_argument("--places", type=int, default=64, help="most requests under way")
    parser.add_argument("--prompt-bytes", type=int, default=1500)
    parser.add_argument("--model", default="stand-in")
    return parser.parse_args()


def prompts(count, length):
    """As those of aiohttp_client.py."""
    filler = "Write a function that does what the row says, and tests for it.\n" * (1 + length // 64)
    starts = [f"row {row}\n" for row in range(count)]
    return [start + filler[: max(0, length - len(start))] for start in starts]


def cpu_s():
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def peak_mb():
    return max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)) / 1024


def ask(server, path, body=None):
    with urllib.request.urlopen(urllib.request.Request(server + path, data=body), timeout=30) as reply:
        return json.loads(reply.read())


def measure(client, run, arguments):
    """Prints the figures of `run`, which takes prompts and gives the replies in their order.

    Starting costs nothing here: a run of a few rows loads what is loaded late, and the CPU time of a second one is
    taken off that of the run that counts.
    """
    server = arguments.url.rstrip("/").removesuffix("/v1")
    few, many = prompts(FEW, arguments.prompt_bytes), prompts(arguments.calls, arguments.prompt_bytes)
    run(few)
    before = cpu_s()
    run(few)
    start = cpu_s() - before
    ask(server, "/reset", b"")
    began, before = time.perf_counter(), cpu_s()
    replies = run(many)
    wall, cpu = time.perf_counter() - began, cpu_s() - before
    stats = ask(server, "/stats")
    figures = {
        "client": client,
        "python": sys.version.split()[0],
        "calls": arguments.calls,
        "places": arguments.places,
        "wall_s": round(wall, 4),
        "seconds": round(stats["elapsed_s"], 4),
        "calls_per_s": round(stats["rows_answered"] / stats["elapsed_s"], 1),
        "cpu_us_per_call": round(1e6 * (cpu - start) / (arguments.calls - FEW), 1),
        "start_cpu_s": round(start, 4),
        "rss_mb": round(peak_mb(), 1),
        "most_in_flight": stats["max_in_flight"],
        "requests": stats["requests"],
        "duplicates": stats["duplicates"],
        "missing": arguments.calls - stats["rows_answered"],
        "mismatched": sum(not reply.startswith(f"row {row} ") for row, reply in enumerate(replies)),
    }
    print(json.dumps(figures), flush=True)
