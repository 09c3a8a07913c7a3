"""Checks the documentation; see check-docs.sh. The argument is the path of the binary, or empty."""

import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

TOP = ["Sources", "Tests", "Templates", "Seeds", "docs", "scripts", ".ci"]
binary = sys.argv[1] if len(sys.argv) > 1 else ""
if binary and not os.access(binary, os.X_OK):
    sys.exit(f"error: there is no program `{binary}`\nhint: build first, or leave it out to check links and paths alone")
found = []


def fault(path, line, message):
    found.append(f"{path}:{line}: {message}")


def slug(heading):
    kept = re.sub(r"[^\w\- ]", "", re.sub(r"[`*]", "", heading).strip().lower())
    return kept.replace(" ", "-")


def prose(text):
    """The lines outside fenced blocks, with their numbers."""
    fence = None
    for number, line in enumerate(text.splitlines(), 1):
        mark = re.match(r"\s*(`{3,}|~{3,})", line)
        if mark and (fence is None or line.strip() == fence):
            fence = None if fence else mark[1]
        elif fence is None:
            yield number, line


def anchors(path):
    return {slug(line.lstrip("#")) for _, line in prose(path.read_text("utf-8")) if re.match(r"#{1,6} ", line)}


def check_link(path, number, target):
    if re.match(r"[a-z]+:", target):
        return
    file, _, anchor = target.partition("#")
    place = (path.parent / file) if file else path
    if not place.exists():
        fault(path, number, f"the link to `{target}` leads nowhere")
    elif anchor and place.suffix == ".md" and anchor not in anchors(place):
        fault(path, number, f"`{place}` has no heading for `#{anchor}`")


def is_example(name):
    """NAME, RUN, <x>, *.py, {a,b} and … stand for something else."""
    return any(re.fullmatch(r"[A-Z_]{2,}(\.\w+)?", part) for part in name.split("/")) or re.search(r"[*<>{}…]|NNNN", name)


def check_path(path, number, name):
    if name.split("/")[0] in TOP and re.fullmatch(r"[\w./+-]+", name) and not is_example(name):
        if not Path(name).exists():
            fault(path, number, f"there is no `{name}`")


def check_recipe(path, number, text):
    if not binary:
        return
    with tempfile.NamedTemporaryFile("w", suffix=".yaml", dir=".", prefix=".check-docs-", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        result = subprocess.run([binary, "check", os.path.basename(file.name)], capture_output=True, text=True)
    if result.returncode != 0:
        fault(path, number, "this recipe is not sound:\n" + result.stderr.strip())


pages = [path for path in [Path("README.md"), Path("CONTRIBUTING.md"), Path("SECURITY.md"), Path("CHANGELOG.md")]
         if path.exists()]
pages += sorted(Path("docs").rglob("*.md")) + sorted(Path("Seeds").glob("*.md"))
recipes = 0
for page in pages:
    text = page.read_text("utf-8")
    for number, line in prose(text):
        for target in re.findall(r"\]\(([^)\s]+)\)", re.sub(r"`[^`]*`", "", line)):
            check_link(page, number, target)
        for name in re.findall(r"`([^`]+)`", line):
            check_path(page, number, name)
    for block in re.finditer(r"^```yaml recipe\n(.*?)^```", text, re.S | re.M):
        recipes += 1
        check_recipe(page, text[: block.start()].count("\n") + 1, block[1])
for recipe in sorted(Path("Templates/Recipes").glob("*.yaml")):
    recipes += 1
    if binary:
        result = subprocess.run([binary, "check", str(recipe)], capture_output=True, text=True)
        if result.returncode != 0:
            fault(recipe, 1, "this recipe is not sound:\n" + result.stderr.strip())

# Every reason code that a plug-in or the endpoint can give is explained.
codes_page = Path("docs/reference/reason-codes.md")
explained = set(re.findall(r"`([a-z][a-z0-9-]*)`", codes_page.read_text("utf-8")))
given = {}
for source in sorted(Path("Sources").rglob("*.swift")):
    for code in re.findall(r"ReasonCode = \"([a-z-]+)\"", source.read_text("utf-8")):
        given[code] = source
if binary:
    plugins = json.loads(subprocess.run([binary, "plugins", "--json"], capture_output=True, text=True, check=True).stdout)
    for plugin in plugins["plugins"]:
        for code in plugin.get("reasons", []):
            given[code] = plugin["name"]
for code, giver in sorted(given.items()):
    if code not in explained:
        fault(codes_page, 1, f"`{code}` of {giver} is not explained")

for line in found:
    print(f"error: {line}")
print(f"{len(pages)} pages, {recipes} recipes" + ("" if binary else " (no binary: recipes not checked)"))
sys.exit(1 if found else 0)
