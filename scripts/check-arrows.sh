#!/usr/bin/env bash
# Compares the targets of Package.swift and what they import with the table in docs/concepts/architecture.md.
set -euo pipefail
cd "$(dirname "$0")/.."
manifest=$(mktemp)
trap 'rm -f "$manifest"' EXIT
swift package dump-package >"$manifest"
python3 scripts/check-arrows.py "$manifest" docs/concepts/architecture.md
