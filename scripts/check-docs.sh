#!/usr/bin/env bash
# Checks the documentation: links and anchors lead somewhere, paths in backticks exist, recipes are sound.
#
#   scripts/check-docs.sh [BINARY]     default: the debug or release build, whichever is there
set -euo pipefail
cd "$(dirname "$0")/.."
binary=${1:-}
if [ -z "$binary" ]; then
    for candidate in .build/debug/corpusmith .build/release/corpusmith; do
        if [ -x "$candidate" ]; then binary=$candidate; fi
    done
fi
exec python3 scripts/check-docs.py "$binary"
