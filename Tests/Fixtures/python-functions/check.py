"""Runs right and wrong solutions of the tasks in a seed file against the tasks' own tests.

    python3 check.py SEEDS FOLDER

FOLDER holds the solutions: `# task ID` opens a task and its reference, `# wrong: WHY` each wrong solution. Prints one
JSON document: `findings`, a list of sentences that is empty when every reference passes its example and tests and
leaves its arguments alone, and every wrong solution, stub and changed reference fails; and `counts`. Changes of a
reference that change nothing about what it returns are listed in `equivalent.json`.
"""
import ast
import collections
import copy
import json
import pathlib
import sys

STEPS = 200_000
STUBS = ["None", "0", "1", "-1", "''", "[]", "True", "False", "given[0]"]


class TooLong(BaseException):
    pass


def plain(value):
    """A value as the tests compare it: type and value, tuples as lists."""
    if isinstance(value, (list, tuple)):
        return ["list"] + [plain(item) for item in value]
    if isinstance(value, dict):
        return ["dict"] + sorted([str(key), plain(item)] for key, item in value.items())
    return [type(value).__name__, value]


def limited(call):
    """The call's value; an endless loop ends after a number of lines, not after a time."""
    left = STEPS

    def trace(frame, event, argument):
        nonlocal left
        left -= 1
        if left < 0:
            raise TooLong
        return trace

    sys.settrace(trace)
    try:
        return call()
    finally:
        sys.settrace(None)


def passes(source, task, checks_arguments=False):
    space = {}
    try:
        exec(source, space)
        function = space[task["entry_point"]]
        for case in task["tests"]["cases"]:
            given = copy.deepcopy(case["args"])
            value = limited(lambda: function(*given))
            if plain(value) != plain(case["expect"]):
                return False
            if checks_arguments and given != case["args"]:
                return False
        return True
    except (Exception, TooLong):
        return False


class Changes(ast.NodeTransformer):
    """Makes the change with one number; counts the changes that there are."""

    def __init__(self, wanted):
        self.wanted, self.seen = wanted, 0

    def pick(self, node, others):
        for other in others:
            self.seen += 1
            if self.seen - 1 == self.wanted:
                return ast.copy_location(other, node)
        return node

    def visit_Constant(self, node):
        if type(node.value) is int:
            return self.pick(node, [ast.Constant(node.value + 1), ast.Constant(node.value - 1)])
        return node

    def visit_Compare(self, node):
        self.generic_visit(node)
        swaps = {
            ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
            ast.In: ast.NotIn, ast.NotIn: ast.In,
        }
        others = []
        for place, sign in enumerate(node.ops):
            if type(sign) in swaps:
                signs = list(node.ops)
                signs[place] = swaps[type(sign)]()
                others.append(ast.Compare(node.left, signs, node.comparators))
        return self.pick(node, others)

    def visit_BinOp(self, node):
        self.generic_visit(node)
        swaps = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Add, ast.FloorDiv: ast.Mod, ast.Mod: ast.FloorDiv}
        swap = swaps.get(type(node.op))
        return self.pick(node, [ast.BinOp(node.left, swap(), node.right)] if swap else [])

    def visit_BoolOp(self, node):
        self.generic_visit(node)
        return self.pick(node, [ast.BoolOp(ast.And() if isinstance(node.op, ast.Or) else ast.Or(), node.values)])

    def visit_UnaryOp(self, node):
        self.generic_visit(node)
        return self.pick(node, [node.operand] if isinstance(node.op, ast.Not) else [])


def changed(source):
    counter = Changes(-1)
    counter.visit(ast.parse(source))
    for number in range(counter.seen):
        yield ast.unparse(ast.fix_missing_locations(Changes(number).visit(ast.parse(source))))


def solutions(folder):
    """The reference and the wrong solutions of every task, by its id."""
    tasks = {}
    for path in sorted(folder.glob("*.py")):
        if path.name == "check.py":
            continue
        parts = None
        for line in path.read_text().splitlines():
            if line.startswith("# task "):
                parts = tasks[line[7:].strip()] = [("reference", [])]
            elif line.startswith("# wrong: "):
                parts.append((line[9:].strip(), []))
            elif parts:
                parts[-1][1].append(line)
    return {task: [(why, "\n".join(lines)) for why, lines in parts] for task, parts in tasks.items()}


def main(seeds, folder):
    tasks = [json.loads(line) for line in pathlib.Path(seeds).read_text().splitlines() if line.strip()]
    folder = pathlib.Path(folder)
    known, equivalent = solutions(folder), json.loads((folder / "equivalent.json").read_text())
    findings, counts = [], collections.Counter(tasks=len(tasks))
    for task in tasks:
        name = task["id"]
        if name not in known:
            findings.append(f"{name} has no solutions")
            continue
        cases = task["tests"]["cases"]
        counts["cases"] += len(cases)
        counts["cases " + task["labels"]["difficulty"]] += len(cases)
        if len({json.dumps(case["args"]) for case in cases}) < len(cases):
            findings.append(f"{name} tests the same arguments twice")
        (_, reference), *wrong = known[name]
        if not passes(reference, task, checks_arguments=True):
            findings.append(f"{name}: the reference fails or changes its arguments")
        space = {}
        exec(reference, space)
        call, _, value = task["example"].partition(" -> ")
        if plain(eval(call, space)) != plain(ast.literal_eval(value)):
            findings.append(f"{name}: the example is not what the reference returns")
        if list(ast.parse(call).body[0].value.args) and any(
            [ast.literal_eval(part) for part in ast.parse(call).body[0].value.args] == case["args"] for case in cases
        ):
            findings.append(f"{name}: the example is one of the tests")
        if len(wrong) < 3:
            findings.append(f"{name} has fewer than three wrong solutions")
        counts["wrong"] += len(wrong)
        for why, source in wrong:
            if task["entry_point"] not in source:
                findings.append(f"{name}: `{why}` defines another function")
            if passes(source, task):
                findings.append(f"{name}: `{why}` passes")
        for stub in STUBS:
            if passes(f"def {task['entry_point']}(*given): return {stub}", task):
                findings.append(f"{name}: the stub `{stub}` passes")
        excused = list(equivalent.get(name, []))
        for source in changed(reference):
            counts["changes"] += 1
            if not passes(source, task):
                counts["caught"] += 1
            elif source in excused:
                excused.remove(source)
            else:
                findings.append(f"{name}: this change passes:\n{source}")
        findings += [f"{name}: this change is listed as equivalent and fails:\n{source}" for source in excused]
    findings += [f"{name} is no task" for name in sorted(set(known) - {task["id"] for task in tasks})]
    print(json.dumps({"findings": findings, "counts": counts}, sort_keys=True))


main(*sys.argv[1:])
