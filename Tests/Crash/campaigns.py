"""Kills of runs that belong together: shards and their merge, and runs that share a ledger."""

import os
import signal
import subprocess
import time

from bench import Bench
from model import Model


def kill_after(process, seconds):
    """Whether the process was still at work."""
    try:
        process.wait(timeout=seconds)
        return False
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        process.wait()
        return True


def shards(suite, count):
    """SIGKILL of shards and of merges at drawn moments, with overlaps now and then; then a merge and a run to the end."""
    name = "SIGKILL of shards and merges"
    model = Model(latency=0.004)
    bench = Bench(suite.program, model, tasks=60)
    exports, seconds, _ = suite.reference(bench, "shards")
    bench.run("--shard", "1/1")
    start = time.monotonic()
    bench.command("merge", "recipe.yaml")
    merging = time.monotonic() - start
    killed = 0
    for _ in range(count):
        bench.forget()
        model.forget()
        parts = suite.random.choice((["1/2", "2/2"], ["1/3", "2/3", "3/3"], ["1/2", "2/2", "1/3"], ["2/3", "3/3"]))
        ledgers = [os.path.join(bench.run_folder, "shards", part.replace("/", "-of-"), "ledger.sqlite") for part in parts]
        for part in parts:
            for _ in range(1 + (suite.random.random() < 0.5)):
                kill_after(bench.start("--shard", part), suite.random.uniform(0, seconds))
            if suite.random.random() < 0.6:
                bench.run("--shard", part)
        time.sleep(0.05)
        paid = sum(bench.bought(ledger) for ledger in ledgers)
        in_flight = model.count() - paid
        # Shards of different numbers have each bought what falls to both: that is no accident.
        overlap = paid - len(set().union(*(bench.bought_keys(ledger) for ledger in ledgers)))
        for _ in range(3):
            killed += kill_after(bench.start_command("merge", "recipe.yaml"), suite.random.uniform(0, 1.2 * merging))
        # Killed before any shard had begun, there is nothing to merge.
        merged = bench.start_command("merge", "recipe.yaml").wait(timeout=600)
        trouble = [] if merged == 0 or (merged == 2 and paid == 0) else [f"the merge ended with {merged}: {bench.words()[-400:]}"]
        code = bench.run()
        trouble += [] if code == 0 else [f"the run after it ended with {code}: {bench.words()[-400:]}"]
        if not trouble:
            trouble = suite.differences(bench, exports)
            if bench.command("ledger", "verify", bench.run_folder).returncode != 0:
                trouble.append("the ledger is not sound")
            booked = bench.bought() + bench.select("SELECT count(*) FROM charge")
            if booked > model.count() or booked < model.count() - in_flight:
                trouble.append(f"{booked} calls are booked, {model.count()} were made, {in_flight} had been in flight")
        twice = max(0, model.count() - bench.bought() - overlap)
        if twice > in_flight:
            trouble.append(f"{twice} calls were bought twice without need, and only {in_flight} had been in flight")
        suite.table.note(name, trouble, twice, in_flight)
    print(f"{name}: {killed} merges were killed at work")
    bench.close()
    model.close()


def shared(suite, count):
    """SIGKILL of two runs in turn that share a ledger; then both to the end."""
    name = "SIGKILL of runs with a shared ledger"
    model = Model(latency=0.004)
    bench = Bench(suite.program, model, tasks=30)
    exports, seconds, _ = suite.reference(bench, "shared")
    bench.write(bench.recipe + "ledger: output/shared.sqlite\n")
    shared_ledger = os.path.join(bench.folder, "output/shared.sqlite")
    other = os.path.join(bench.folder, "output/other")
    for _ in range(count):
        bench.forget()
        os.makedirs(os.path.join(bench.folder, "output"))
        model.forget()
        for _ in range(suite.random.randrange(1, 5)):
            more = suite.random.choice(((), ("--output", other)))
            kill_after(bench.start(*more), suite.random.uniform(0, seconds))
        time.sleep(0.05)
        in_flight = model.count() - bench.bought(shared_ledger)
        codes = [bench.run(), bench.run("--output", other)]
        trouble = [] if codes == [0, 0] else [f"the runs after it ended with {codes}: {bench.words()[-400:]}"]
        if not trouble:
            trouble = suite.differences(bench, exports)
            if bench.exports(other) != exports:
                trouble.append("the exports of the second run differ")
            if bench.bought(shared_ledger) != 120:
                trouble.append(f"{bench.bought(shared_ledger)} replies are shared and not 120")
        twice = model.count() - 120
        if twice > in_flight:
            trouble.append(f"{twice} calls were bought twice, and only {in_flight} had been in flight")
        suite.table.note(name, trouble, twice, in_flight)
    bench.close()
    model.close()
