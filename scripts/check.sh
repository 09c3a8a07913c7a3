#!/usr/bin/env bash
# All that a change must pass, cheapest first. Prints one line for each quick check, and its log only when it fails.
set -euo pipefail
cd "$(dirname "$0")/.."

log=$(mktemp)
trap 'rm -f "$log"' EXIT

quick() {
    local name=$1
    shift
    if "$@" >"$log" 2>&1; then
        printf 'ok    %s\n' "$name"
    else
        printf 'FAIL  %s\n' "$name"
        cat "$log"
        exit 1
    fi
}

quick "format" swift format lint --strict --parallel --recursive Package.swift Sources Tests
quick "arrows" scripts/check-arrows.sh
echo "build (the first one takes some minutes)"
swift build --build-tests --explicit-target-dependency-import-check error
printf 'ok    build\n'
quick "generated reference" scripts/make-reference.sh .build/debug/corpusmith --check
quick "docs and recipes" scripts/check-docs.sh .build/debug/corpusmith
ulimit -S -n "$(ulimit -H -n)" 2>/dev/null || true
# Whole runs with their servers and sandboxes: all at once they would only wait for each other, and some until their time is up.
export SWT_EXPERIMENTAL_MAXIMUM_PARALLELIZATION_WIDTH=$((4 * $(nproc)))
if ! swift test --skip-build --parallel 2>&1 | tee "$log"; then
    # The failures once more, below all the lines of tests that passed; the runner's own summary stays the last one.
    printf '\nFAILED\n'
    grep -A 3 -E '^✘ Test .* (recorded an issue|failed after)|^✘ Suite|Fatal error|unexpected signal' "$log" | grep -vE '^(✔|◇)' | grep -v '^✘ Test run' || true
    grep -E '^(✘|✔) Test run with' "$log" | tail -n 1 || tail -n 20 "$log"
    exit 1
fi
