"""Compares a package's targets with the table of floors and arrows; see check-arrows.sh.

The table's columns are: floor, target, what it is for, may import, from outside. Tests may import anything.
"""

import json
import re
import sys

FLOORS = ["system", "words", "contracts", "rooms", "engine", "doors", "shipped tests"]
# The shipped tests are for authors of plug-ins, so they rest on the contracts and nothing above.
HIGHEST_IMPORT = {"shipped tests": "contracts"}


def names(cell):
    return set(re.findall(r"`([^`]+)`", cell))


def table(path):
    text = open(path, encoding="utf-8").read()
    match = re.search(r"<!-- arrows -->\n(.*?)<!-- end of arrows -->", text, re.S)
    if not match:
        sys.exit(f"error: {path} has no table between `<!-- arrows -->` and `<!-- end of arrows -->`")
    rows, floor = {}, None
    for line in match[1].strip().splitlines()[2:]:
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if len(cells) != 5:
            sys.exit(f"error: this row of {path} has {len(cells)} cells and not 5: {line}")
        floor = cells[0] or floor
        if floor not in FLOORS:
            sys.exit(f"error: `{floor}` in {path} is no floor: use {', '.join(FLOORS)}")
        for name in sorted(names(cells[1])):
            rows[name] = {"floor": floor, "imports": names(cells[3]), "outside": names(cells[4])}
    return rows


def manifest(path):
    targets = {}
    for target in json.load(open(path, encoding="utf-8"))["targets"]:
        # Drivers of benchmarks are tests too.
        is_driver = target["type"] == "executable" and (target.get("path") or "").startswith("Tests/")
        if target["type"] == "test" or is_driver:
            continue
        inside, outside = set(), set()
        for dependency in target["dependencies"]:
            for kind, value in dependency.items():
                (outside if kind == "product" else inside).add(value[0])
        targets[target["name"]] = {"imports": inside, "outside": outside, "system": target["type"] == "system"}
    return targets


def listed(found):
    return ", ".join(f"`{name}`" for name in sorted(found)) or "nothing"


def faults(rows, targets):
    for name in sorted(targets.keys() - rows.keys()):
        yield f"`{name}` is in Package.swift and not in the table"
    for name in sorted(rows.keys() - targets.keys()):
        yield f"`{name}` is in the table and not in Package.swift"
    for name in sorted(targets.keys() & rows.keys()):
        row, target = rows[name], targets[name]
        for what in ("imports", "outside"):
            if row[what] != target[what]:
                yield f"`{name}` {what}: the table says {listed(row[what])}, Package.swift {listed(target[what])}"
        height = FLOORS.index(row["floor"])
        ceiling = FLOORS.index(HIGHEST_IMPORT.get(row["floor"], row["floor"]))
        for other in sorted(target["imports"] & rows.keys()):
            below = FLOORS.index(rows[other]["floor"])
            if row["floor"] == "rooms" and below == height:
                yield f"`{name}` imports `{other}`: rooms never import each other"
            elif below > ceiling or (below == height and row["floor"] == "shipped tests"):
                yield f"`{name}` ({row['floor']}) imports `{other}` ({rows[other]['floor']}): imports point down"


found = list(faults(table(sys.argv[2]), manifest(sys.argv[1])))
for fault in found:
    print(f"error: {fault}")
if found:
    print(f"hint: change Package.swift, or the table in {sys.argv[2]} together with a decision record")
    sys.exit(1)
