"""Faults other than a kill: signals, full disks, damaged files, other people's files, locks."""

import os
import shutil
import signal
import sqlite3
import subprocess
import time

from bench import Bench, kill
from model import Model


def signals(suite):
    """Signals that ask a run to end, and streams that nobody reads."""
    model = Model(latency=0.01)
    bench = Bench(suite.program, model)
    exports, seconds, _ = suite.reference(bench, "signals")
    for number, name in ((signal.SIGINT, "SIGINT"), (signal.SIGTERM, "SIGTERM"), (signal.SIGHUP, "SIGHUP")):
        for part in (0.1, 0.4, 0.7):
            bench.forget()
            model.forget()
            process = bench.start()
            try:
                process.wait(timeout=seconds * part)
            except subprocess.TimeoutExpired:
                process.send_signal(number)
            code = process.wait(timeout=60)
            trouble = [] if code in (0, 130, -number) else [f"it ended with {code}"]
            before = model.count() - bench.bought()
            code = bench.run()
            trouble += [] if code == 0 else [f"the run after it ended with {code}"]
            # Once it listens, a run that is asked to end waits for what is in flight; before that nothing is.
            if model.count() != bench.bought():
                trouble.append(f"{model.count() - bench.bought()} calls were bought twice")
            suite.table.note(name, trouble + suite.differences(bench, exports), before, before)
    bench.forget()
    model.forget()
    process = bench.start(stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    process.stdout.close()
    process.stderr.close()
    code = process.wait(timeout=60)
    suite.table.note("standard output and error closed", ([] if code == 0 else [f"it ended with {code}"])
                     + suite.differences(bench, exports))
    bench.close()
    model.close()


def disk(suite):
    """A small file system in memory that is full at some write; the run must stop resumably and go on after room is made."""
    name = "disk full"
    model = Model(latency=0)
    bench = Bench(suite.program, model, tasks=40)
    exports, _, _ = suite.reference(bench, "disk")
    output = os.path.join(bench.folder, "output")
    os.makedirs(output, exist_ok=True)
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", output], capture_output=True)
    if mounted.returncode != 0:
        print(f"skipped: {name}: mounting takes root's rights")
        return
    try:
        for kibibytes in (40, 80, 160, 320, 480, 640, 900, 1200):
            for entry in os.listdir(output):
                shutil.rmtree(os.path.join(output, entry), ignore_errors=True)
            ballast = os.path.join(output, ".ballast")
            with open(ballast, "wb") as file:
                file.truncate(0)
                state = os.statvfs(output)
                file.write(bytes(max(0, state.f_bavail * state.f_frsize - kibibytes * 1024)))
            model.forget()
            code = bench.run()
            full = code != 0
            trouble = [] if code in (0, 75) else [f"with {kibibytes} KiB it ended with {code}: {bench.words()[-300:]}"]
            os.remove(ballast)
            on_ledger, asked = bench.bought(), model.count()
            if full:
                suite.ended(name, bench, exports, on_ledger, asked)
            if trouble:
                suite.table.note(name, trouble)
    finally:
        subprocess.run(["umount", "-l", output], capture_output=True)
        bench.close()
        model.close()


def cuts(suite):
    """The ledger cut short: it must be refused with a sentence, or resumed to the same bytes; never silently begun anew."""
    model = Model(latency=0)
    bench = Bench(suite.program, model, tasks=8)
    exports, _, _ = suite.reference(bench, "cuts")
    bench.run()
    whole = bench.ledger + ".whole"
    shutil.copy(bench.ledger, whole)
    size = os.path.getsize(whole)
    offsets = sorted({0, 1, 15, 16, 99, 100, 101, 511, 4095, 4096, 4097, size - 1, size - 4096}
                     | {suite.random.randrange(size) for _ in range(60)})
    for offset in offsets:
        for suffix in ("-wal", "-shm"):
            if os.path.exists(bench.ledger + suffix):
                os.remove(bench.ledger + suffix)
        shutil.copy(whole, bench.ledger)
        os.truncate(bench.ledger, offset)
        model.forget()
        code = bench.run()
        if code == 0:
            trouble = suite.differences(bench, exports)
            if model.count():
                trouble.append(f"cut at {offset}, it bought {model.count()} replies without a word")
        else:
            trouble = [] if code == 2 and "error[" in bench.words() else [f"cut at {offset}, it ended with {code}"]
        suite.table.note("ledger cut short", trouble)
    bench.close()
    model.close()


def files(suite):
    """A file that is no ledger, or one of another version."""
    model = Model(latency=0)
    bench = Bench(suite.program, model, tasks=4)
    exports, _, _ = suite.reference(bench, "files")

    def refused(name, code_wanted, prepare, word):
        bench.forget()
        bench.run()
        bench.select("SELECT 1")
        prepare()
        before = model.count()
        start = len(bench.words())
        code = bench.run()
        said = bench.words()[start:]
        trouble = []
        if code != code_wanted or f"error[{word}]" not in said:
            trouble.append(f"it ended with {code} and said: {said[-300:]}")
        if model.count() != before:
            trouble.append("it called a model")
        suite.table.note(name, trouble)

    def write(content):
        for suffix in ("-wal", "-shm"):
            if os.path.exists(bench.ledger + suffix):
                os.remove(bench.ledger + suffix)
        with open(bench.ledger, "wb") as file:
            file.write(content)

    def pragma(sql):
        database = sqlite3.connect(bench.ledger)
        database.execute(sql)
        database.commit()
        database.close()

    refused("a text in the ledger's place", 2, lambda: write(b"this is no database\n" * 200), "ledger-foreign")
    refused("somebody else's database", 2, lambda: pragma("PRAGMA application_id = 7"), "ledger-foreign")
    refused("a ledger of a later version", 2, lambda: pragma("PRAGMA user_version = 99"), "ledger-newer")
    if os.getuid() != 0:
        refused("a folder that may not be written", 2, lambda: os.chmod(bench.run_folder, 0o555), "ledger-denied")
        os.chmod(bench.run_folder, 0o755)
    bench.close()
    model.close()


def locks(suite):
    """Two processes on one folder, and the lock of one that is gone."""
    model = Model(latency=0.2)
    bench = Bench(suite.program, model, tasks=8)
    process = bench.start()
    deadline = time.monotonic() + 30
    while model.count() < 4 and time.monotonic() < deadline:
        time.sleep(0.02)
    before = len(bench.words())
    code = bench.run()
    said = bench.words()[before:]
    trouble = []
    if code != 75 or f"process {process.pid}" not in said:
        trouble.append(f"the second one ended with {code} and said: {said[-300:]}")
    kill(process)
    time.sleep(0.3)
    on_ledger, asked = bench.bought(), model.count()
    suite.table.note("a second process on the run", trouble)
    # The lock's file is still there and names a process that is gone.
    code = bench.run()
    trouble = [] if code == 0 else [f"the run after it ended with {code}"]
    twice = model.count() - bench.bought()
    if twice > asked - on_ledger:
        trouble.append(f"{twice} calls were bought twice")
    suite.table.note("the lock of a process that is gone", trouble, twice, asked - on_ledger)
    bench.close()
    model.close()


PARTS = {"signals": signals, "disk": disk, "cuts": cuts, "files": files, "locks": locks}
