#!/usr/bin/env bash
# Makes a virtual environment with what a peer needs, and prints the path of its Python.
#
#   setup.sh [PEER [FOLDER]]
#
# PEER is aiohttp (the default), curator or data-designer. FOLDER is by default .build/benchmarks/venv of this checkout
# for aiohttp, and .build/benchmarks/venv-PEER for the others.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
peer=${1:-aiohttp}
case $peer in
    aiohttp) suffix= ;;
    curator | data-designer) suffix=-$peer ;;
    *)
        echo "error: there is no peer \`$peer\`" >&2
        echo "hint: the peers are aiohttp, curator and data-designer" >&2
        exit 64
        ;;
esac
folder=${2:-$here/../../../../.build/benchmarks/venv$suffix}
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
[ -x "$folder/bin/pip" ] || python3 -m venv "$folder" >&2
"$folder/bin/pip" install --quiet --disable-pip-version-check --requirement "$here/requirements$suffix.txt" >&2
echo "$folder/bin/python"
