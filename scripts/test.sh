#!/usr/bin/env bash
# Installs what the tests need, then runs every check.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/install-build-deps.sh test
exec scripts/check.sh
