#!/usr/bin/env bash
# Builds the release binaries: corpusmith, and corpusmith-cell beside it, which keeps the sandbox's cells.
set -euo pipefail
cd "$(dirname "$0")/.."

swift build -c release --product corpusmith-cell
swift build -c release --product corpusmith
