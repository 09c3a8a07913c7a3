"""A run in a folder of its own, and what can be known of it from outside."""

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import tempfile


class Bench:
    """A recipe over numbered tasks, a folder, and the program under test."""

    def __init__(self, program, model, tasks=30, attempts=4, tests=False, budget="tokens: 100000000", target=None, places=8):
        self.program, self.model = program, model
        self.folder = tempfile.mkdtemp(prefix="crash-")
        self.run_folder = os.path.join(self.folder, "output/crash")
        self.ledger = os.path.join(self.run_folder, "ledger.sqlite")
        with open(os.path.join(self.folder, "seeds.jsonl"), "w") as file:
            for number in range(1, tasks + 1):
                cases = [{"args": [x], "expect": x + number} for x in (0, 10, -5)]
                file.write(json.dumps({
                    "id": f"t{number}", "instruction": f"Add {number} to the given number.",
                    "signature": f"def add_{number}(x):", "example": f"add_{number}(1) -> {number + 1}",
                    "tests": {"kind": "call", "entry_point": f"add_{number}", "cases": cases},
                    "labels": {"language": "python", "kind": "abc"[number % 3]}}) + "\n")
        last = "tested" if tests else "solved"
        stages = ["solved: { generate: solve, from: tasks, model: student, options: { attempts: %d } }" % attempts]
        exports = ["sft: { write: sft-messages, from: unique, splits: { train: 0.8, test: 0.2 } }"]
        if tests:
            stages.append("tested: { verify: tests, from: solved }")
            stages.append("pairs: { pair: rollouts, chosen: unique, rejected: tested.fail }")
            exports.append("dpo: { write: dpo, from: pairs }")
        stages.insert(-1 if tests else len(stages), "unique: { select: exact-duplicates, from: %s }" % last)
        self.recipe = "\n".join([
            "version: 1", "name: crash", "random_seed: 5",
            "models: { student: { url: \"%s\", model: scripted, limits: { concurrency: %d }, "
            "sampling: { max_tokens: 100, seed: true }, price: { input: 1, output: 2 } } }" % (model.url, places),
            "budget: { %s }" % budget, *(["target: %s" % target] if target else []),
            "sources: { tasks: { read: jsonl, path: seeds.jsonl, licence: MIT } }",
            "stages:", *("  " + stage for stage in stages), "exports:", *("  " + export for export in exports)]) + "\n"
        self.write(self.recipe)

    def write(self, recipe):
        with open(os.path.join(self.folder, "recipe.yaml"), "w") as file:
            file.write(recipe)

    def start(self, *more, wrapper=(), **options):
        """Starts a run; what it says goes to a file."""
        return self.start_command("run", "recipe.yaml", "--quiet", *more, wrapper=wrapper, **options)

    def start_command(self, *words, wrapper=(), **options):
        self.said = os.path.join(self.folder, "said")
        with open(self.said, "ab") as errors:
            options.setdefault("stdout", subprocess.DEVNULL)
            options.setdefault("stderr", errors)
            return subprocess.Popen([*wrapper, self.program, *words],
                                    cwd=self.folder, stdin=subprocess.DEVNULL, **options)

    def run(self, *more, **options):
        process = self.start(*more, **options)
        return process.wait(timeout=600)

    def words(self):
        with open(self.said, errors="replace") as file:
            return file.read()

    def command(self, *words):
        return subprocess.run([self.program, *words], cwd=self.folder, capture_output=True, text=True)

    def exports(self, run_folder=None):
        """Every exported file's bytes; what tells of the run itself is left out."""
        root, files = os.path.join(run_folder or self.run_folder, "export"), {}
        for folder, _, names in os.walk(root):
            for name in names:
                path = os.path.join(folder, name)
                if name.endswith((".jsonl", ".jsonl.gz", ".jsonl.zst")):
                    with open(path, "rb") as file:
                        files[os.path.relpath(path, root)] = file.read()
        return files

    def counts(self):
        return json.loads(self.command("report", self.run_folder, "--json").stdout)["counts"]

    def adds_up(self):
        counts = self.counts()
        ended = counts["exported"] + sum(counts["dropped"].values()) + sum(counts["failed"].values())
        return counts["open"] == 0 and counts["candidates"] == ended

    def kinds(self):
        """How many exported rows there are of each kind of seed."""
        kinds = {}
        for rows in self.exports().values():
            for row in rows.decode().splitlines():
                kind = json.loads(json.loads(row)["labels_json"])["kind"]
                kinds[kind] = kinds.get(kind, 0) + 1
        return kinds

    def bought(self, ledger=None):
        """How many replies are on a ledger, the run's if none is named, as a reader sees it that comes after a crash."""
        return self.select("SELECT count(*) FROM call WHERE attempts > 0", ledger)

    def bought_keys(self, ledger):
        """The keys of these replies."""
        words = self.select("SELECT group_concat(hex(key)) FROM call WHERE attempts > 0", ledger)
        return set(words.split(",")) if words else set()

    def select(self, sql, ledger=None):
        """One value, read from a copy: whoever opens the ledger after a crash also mends it."""
        ledger = ledger or self.ledger
        if not os.path.exists(ledger):
            return 0
        with tempfile.TemporaryDirectory() as folder:
            for suffix in ("", "-wal"):
                if os.path.exists(ledger + suffix):
                    shutil.copy(ledger + suffix, os.path.join(folder, "ledger.sqlite" + suffix))
            database = sqlite3.connect(os.path.join(folder, "ledger.sqlite"))
            try:
                return database.execute(sql).fetchone()[0]
            except sqlite3.OperationalError:
                return 0
            except sqlite3.DatabaseError as error:
                return str(error)
            finally:
                database.close()

    def faults(self):
        """What SQLite itself finds wrong."""
        found = self.select("PRAGMA integrity_check")
        return [] if found == "ok" else [str(found)]

    def forget(self):
        shutil.rmtree(os.path.join(self.folder, "output"), ignore_errors=True)

    def close(self):
        shutil.rmtree(self.folder, ignore_errors=True)


def kill(process):
    process.send_signal(signal.SIGKILL)
    process.wait()
