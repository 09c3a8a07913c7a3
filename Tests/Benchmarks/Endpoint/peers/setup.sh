#!/usr/bin/env bash
# Makes a virtual environment with what the peers need, and prints the path of its Python.
#
#   setup.sh [FOLDER]     default: .build/benchmarks/venv of this checkout
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
folder=${1:-$here/../../../../.build/benchmarks/venv}
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
[ -x "$folder/bin/pip" ] || python3 -m venv "$folder" >&2
"$folder/bin/pip" install --quiet --disable-pip-version-check --requirement "$here/requirements.txt" >&2
echo "$folder/bin/python"
