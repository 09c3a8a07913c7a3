#!/usr/bin/env python3
"""Measures the engine and its ledger without models: seeds that cost nothing, stages that do nothing.

run.py [--seeds N] [--stages N] [--folder FOLDER]

Prints outcomes a second, CPU time for each, peak memory and the ledger's size, for a first pass and for a second one that
finds everything on the ledger. The same rows are then written by one loop that knows no engine: SQLite's own speed for
one row of a digest and some text an outcome, with the same durability and in transactions of the same size.
"""

import argparse
import hashlib
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time

ROOT = os.path.realpath(os.path.join(os.path.dirname(__file__), "../../.."))
AIM_PER_SECOND = 50_000
AIM_MB = 300


def build():
    subprocess.run(["swift", "build", "-c", "release", "--product", "engine-bench"], cwd=ROOT, check=True,
                   stdout=subprocess.DEVNULL)
    return os.path.join(ROOT, ".build/release/engine-bench")


def measure(program, folder, arguments):
    words = [program, "--folder", folder, "--seeds", str(arguments.seeds), "--stages", str(arguments.stages)]
    return json.loads(subprocess.run(words, check=True, capture_output=True, text=True).stdout)


def floor(folder, outcomes):
    """Rows a second that SQLite takes: one table, digests as keys, as durable as a ledger."""
    database = sqlite3.connect(os.path.join(folder, "floor.sqlite"), isolation_level=None)
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = FULL")
    database.execute("PRAGMA cache_size = -49152")
    database.execute("CREATE TABLE item (key BLOB PRIMARY KEY, state INTEGER, detail TEXT) WITHOUT ROWID")
    start = time.perf_counter()
    for first in range(0, outcomes, 2000):
        rows = ((hashlib.sha256(str(n).encode()).digest()[:16], 1, "{}")
                for n in range(first, min(first + 2000, outcomes)))
        database.execute("BEGIN")
        database.executemany("INSERT INTO item VALUES (?, ?, ?)", rows)
        database.execute("COMMIT")
    seconds = time.perf_counter() - start
    database.close()
    return outcomes / seconds


def main():
    parser = argparse.ArgumentParser(description="Measures the engine and its ledger without models.")
    parser.add_argument("--seeds", type=int, default=200_000)
    parser.add_argument("--stages", type=int, default=3)
    parser.add_argument("--folder", help="where the ledger lies; a temporary folder otherwise")
    arguments = parser.parse_args()
    program = build()
    folder = arguments.folder or tempfile.mkdtemp(prefix="engine-bench-")
    try:
        first = measure(program, folder, arguments)
        again = measure(program, folder, arguments)
        rows = floor(folder, first["outcomes"])
    finally:
        if not arguments.folder:
            shutil.rmtree(folder, ignore_errors=True)
    for name, figures in (("first pass", first), ("second pass", again)):
        print(f"{name:12} {figures['outcomes_per_second']:9.0f} outcomes/s  "
              f"{figures['cpu_us_per_outcome']:6.1f} us CPU each  {figures['peak_mb']:5.0f} MB peak  "
              f"{figures['ledger_mb']:6.0f} MB ledger")
    print(f"{'SQLite':12} {rows:9.0f} rows/s, one bare row an outcome in one thread")
    print(f"ratio        {first['outcomes_per_second'] / rows:9.2f} of SQLite's bare rows")
    missed = []
    if first["outcomes_per_second"] < AIM_PER_SECOND:
        missed.append(f"{AIM_PER_SECOND} outcomes/s")
    if max(first["peak_mb"], again["peak_mb"]) >= AIM_MB:
        missed.append(f"less than {AIM_MB} MB")
    for aim in missed:
        print(f"missed       {aim}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
