#!/usr/bin/env bash
# Builds the model server and prints where it is.
#
#   build.sh [OUTPUT]     default: .build/benchmarks/model-server of this checkout
#
# CFLAGS come last, so `CFLAGS="-O1 -g -fsanitize=address,undefined" build.sh` makes one that checks itself.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
output=${1:-$here/../../../../.build/benchmarks/model-server}
mkdir -p "$(dirname "$output")"
output=$(cd "$(dirname "$output")" && pwd)/$(basename "$output")
# shellcheck disable=SC2086
"${CC:-cc}" -std=c11 -D_GNU_SOURCE -O2 -Wall -Wextra -Werror ${CFLAGS:-} -o "$output" "$here"/*.c -lm
echo "$output"
