#!/usr/bin/env python3
"""Breaks runs on purpose, in every way that a machine can, and looks whether the same command ends them as if nothing had been.

run.py PROGRAM [--kills N] [--seed N] [--only NAME …]

After each fault the run is ended by the same command. Then every exported byte must be that of an undisturbed run, the
report's sums must come out even, SQLite must find nothing wrong, and no reply may have been bought twice that was on the
ledger when the fault came. Prints a table, and ends with 1 when anything was lost.
"""

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import time

import campaigns
import faults
from bench import Bench
from model import Model


class Table:
    """Counts what was tried and what came of it, by the fault's name."""

    def __init__(self):
        self.rows, self.troubles = {}, []

    def note(self, name, troubles, bought_twice=0, in_flight=0):
        row = self.rows.setdefault(name, [0, 0, 0, 0])
        row[0] += 1
        row[1] += not troubles
        row[2] += bought_twice
        row[3] += in_flight
        self.troubles += [f"{name}: {trouble}" for trouble in troubles]

    def print(self):
        print(f"{'fault':44} {'tried':>6} {'survived':>9} {'bought twice':>13} {'of these in flight':>19}")
        for name, (tried, survived, twice, flying) in self.rows.items():
            print(f"{name:44} {tried:6} {survived:9} {twice:13} {flying:19}")
        for trouble in self.troubles[:40]:
            print(f"trouble: {trouble}")


class Suite:
    def __init__(self, program, seed):
        self.program, self.random, self.table = program, random.Random(seed), Table()
        self.references = {}

    def reference(self, bench, key):
        """The exports of an undisturbed run, and how long it took."""
        if key not in self.references:
            start = time.monotonic()
            code = bench.run()
            if code != 0:
                sys.exit(f"error: the undisturbed run ended with {code}\n{bench.words()}")
            self.references[key] = (bench.exports(), time.monotonic() - start, bench.bought())
            bench.forget()
            bench.model.forget()
        return self.references[key]

    def differences(self, bench, exports):
        """What is not as in an undisturbed run."""
        found = []
        if bench.exports() != exports:
            found.append("the exports differ")
        if not bench.adds_up():
            found.append(f"the sums do not come out even: {bench.counts()}")
        return found + bench.faults()

    def ended(self, name, bench, exports, on_ledger, asked):
        """Ends a disturbed run by the same command and judges it."""
        code = bench.run()
        troubles = [] if code == 0 else [f"the run after it ended with {code}: {bench.words()[-600:]}"]
        if not troubles:
            troubles = self.differences(bench, exports)
        twice = bench.model.count() - bench.bought() if not troubles else 0
        in_flight = asked - on_ledger
        if twice > in_flight:
            troubles.append(f"{twice} calls were bought twice, and only {in_flight} had been in flight")
        self.table.note(name, troubles, twice, in_flight)

    def kills(self, count, tests):
        """SIGKILL at moments drawn by chance, each on a new run, now and then on the resumed one as well."""
        name = "SIGKILL at a random moment" + (", with a sandbox" if tests else "")
        model = Model(latency=0.005)
        bench = Bench(self.program, model, tasks=12 if tests else 30, tests=tests)
        exports, seconds, _ = self.reference(bench, ("kill", tests))
        for _ in range(count):
            bench.forget()
            model.forget()
            for _ in range(1 + (self.random.random() < 0.3)):
                process = bench.start()
                try:
                    process.wait(timeout=self.random.uniform(0, seconds))
                except subprocess.TimeoutExpired:
                    process.send_signal(signal.SIGKILL)
                    process.wait()
            # Requests whose client is gone are still being written down.
            time.sleep(0.05)
            self.ended(name, bench, exports, bench.bought(), model.count())
        bench.close()
        model.close()

    def target(self, count):
        """SIGKILL at random moments of a run that ends when each cell of its target is full."""
        self.kill_some(
            "SIGKILL, with a target and strata", count, 1,
            dict(tasks=150, attempts=2, target="{ accepted: 40, strata: { kind: { a: 0.5, b: 0.3, c: 0.2 } } }"),
            {"a": 20, "b": 12, "c": 8})

    def exactly(self, count):
        """A run of ten thousand seeds, killed some times, gives exactly as many rows as its target asks for."""
        self.kill_some(
            "SIGKILL, ten thousand seeds, a target of 5000", 1, count,
            dict(tasks=10_000, attempts=2, places=64,
                 target="{ accepted: 5000, strata: { kind: { a: 0.25, b: 0.25, c: 0.5 } } }"),
            {"a": 1250, "b": 1250, "c": 2500})

    def kill_some(self, name, runs, kills, settings, kinds):
        model = Model(latency=0.002)
        bench = Bench(self.program, model, **settings)
        start = time.monotonic()
        exports, seconds, _ = self.reference(bench, name)
        for _ in range(runs):
            bench.forget()
            model.forget()
            on_ledger = asked = 0
            for _ in range(kills):
                process = bench.start()
                try:
                    process.wait(timeout=self.random.uniform(0, seconds))
                except subprocess.TimeoutExpired:
                    process.send_signal(signal.SIGKILL)
                    process.wait()
                time.sleep(0.05)
                on_ledger, asked = bench.bought(), model.count()
            self.ended(name, bench, exports, on_ledger, asked)
            if bench.kinds() != kinds:
                self.table.troubles.append(f"{name}: {bench.kinds()} rows and not {kinds}")
        print(f"{name}: {sum(kinds.values())} rows, {time.monotonic() - start:.0f} s in all")
        bench.close()
        model.close()

    def writes(self):
        """SIGKILL at each write to the ledger in turn, by a tracer that counts system calls."""
        name = "SIGKILL at a write to the ledger"
        if not shutil.which("strace"):
            print(f"skipped: {name}: `strace` is not installed")
            return
        model = Model(latency=0)
        bench = Bench(self.program, model, tasks=3, attempts=2)
        exports, _, _ = self.reference(bench, "write")
        for call in ("pwrite64", "fdatasync"):
            step = 1
            while True:
                bench.forget()
                model.forget()
                tracer = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={call}",
                          "-e", f"inject={call}:signal=SIGKILL:when={step}"]
                code = bench.run(wrapper=tracer)
                if code == 0:
                    break
                self.ended(f"{name} ({call})", bench, exports, bench.bought(), model.count())
                # Every write at the beginning, where files are made; later ones are much alike.
                step += 1 if step < 60 else 1 + self.random.randrange(12)
        bench.close()
        model.close()


def main():
    parser = argparse.ArgumentParser(description="Breaks runs on purpose and looks whether they end as undisturbed ones.")
    parser.add_argument("program", help="the corpusmith binary")
    parser.add_argument("--kills", type=int, default=200, help="how many random moments")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", nargs="*", help="names of the parts: kills, tested, target, exactly, writes, shards, shared, " + ", ".join(faults.PARTS))
    arguments = parser.parse_args()
    suite = Suite(os.path.realpath(arguments.program), arguments.seed)
    parts = {"kills": lambda: suite.kills(arguments.kills, tests=False),
             "tested": lambda: suite.kills(max(1, arguments.kills // 10), tests=True),
             "target": lambda: suite.target(max(1, arguments.kills // 5)),
             "exactly": lambda: suite.exactly(max(1, arguments.kills // 20)),
             "writes": suite.writes,
             "shards": lambda: campaigns.shards(suite, max(1, arguments.kills // 10)),
             "shared": lambda: campaigns.shared(suite, max(1, arguments.kills // 10))}
    parts.update({name: (lambda part=part: part(suite)) for name, part in faults.PARTS.items()})
    for name, part in parts.items():
        if not arguments.only or name in arguments.only:
            part()
    suite.table.print()
    return 1 if suite.table.troubles else 0


if __name__ == "__main__":
    sys.exit(main())
