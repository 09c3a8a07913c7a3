#!/usr/bin/env bash
# Writes docs/reference/cli.md and docs/reference/plugins.md from the program itself.
#
#   scripts/make-reference.sh [BINARY] [--check]     --check: writes nothing, fails when a page differs
set -euo pipefail
cd "$(dirname "$0")/.."
binary=.build/debug/corpusmith
check=
for argument in "$@"; do
    if [ "$argument" = --check ]; then check=1; else binary=$argument; fi
done
pages=$(mktemp -d)
trap 'rm -rf "$pages"' EXIT

{
    echo "<!-- Made by scripts/make-reference.sh; do not edit. -->"
    echo "# Command line"
    for command in "" check plan run "ctl status" "ctl pause" "ctl resume" "ctl set-width" "ctl set-budget" "ctl skip-stage" \
        "ctl drain" merge report rejects explain "ledger stats" "ledger verify" "ledger vacuum" \
        "ledger export" "ledger import" plugins "plugins list" "plugins show" doctor "model serve" "fingerprint build" "fingerprint info" init; do
        printf '\n## corpusmith%s\n\n```text\n' "${command:+ $command}"
        # shellcheck disable=SC2086
        COLUMNS=100 "$binary" $command --help | sed 's/[[:space:]]*$//'
        printf '```\n'
    done
} >"$pages/cli.md"

{
    echo "<!-- Made by scripts/make-reference.sh; do not edit. -->"
    echo "# Plug-ins"
    "$binary" plugins list --json | python3 -c '
import json, sys

for plugin in json.load(sys.stdin)["plugins"]:
    print("\n## {verb}: {name}\n\n{summary}. Version {version}.\n".format(**plugin))
    for title, key in (("needs", "needs"), ("roles", "roles"), ("input fields", "requires"), ("output fields", "produces"), ("reason codes", "reasons")):
        if plugin[key]:
            print("- {}: {}".format(title, ", ".join("`%s`" % value for value in plugin[key])))
    if plugin["options"]:
        print("\n| option | default | meaning |\n|---|---|---|")
        for name, value in sorted(plugin["options"].items()):
            meaning = plugin["option_meanings"].get(name)
            if not meaning:
                sys.exit("error: the option `{}` of `{}` has no entry in `meanings`".format(name, plugin["name"]))
            row = "| `{}` | `{}` | {} |".format(name, json.dumps(value, ensure_ascii=False), meaning.replace("|", "\\|"))
            print(row)
'
} >"$pages/plugins.md"

for page in cli.md plugins.md; do
    if [ -n "$check" ]; then
        cmp -s "$pages/$page" "docs/reference/$page" || {
            echo "error: docs/reference/$page differs from the program"
            echo "hint: run scripts/make-reference.sh and commit the page"
            exit 1
        }
    else
        mkdir -p docs/reference
        cp "$pages/$page" "docs/reference/$page"
    fi
done
