#!/usr/bin/env bash
# From a fresh clone to a first corpus: what is missing, the local model, the binary, one run.
set -euo pipefail
cd "$(dirname "$0")/.."

fail() {
    printf 'error: %s\n' "$1" >&2
    if [ $# -gt 1 ]; then printf 'hint: %s\n' "$2" >&2; fi
    exit 2
}

say() { printf '\n== %s\n' "$1"; }

say "1/4 what building and running need"
scripts/install-build-deps.sh build
scripts/install-build-deps.sh run

say "2/4 local model"
scripts/get-local-model.sh

say "3/4 build"
if ! [ -x .build/release/corpusmith ]; then
    free_mib=$(df -Pm . | awk 'NR == 2 { print $4 }')
    [ "$free_mib" -ge 2048 ] || fail "$PWD has $free_mib MiB free, and building needs 2048 MiB" "free some disk space"
    echo "the first build takes some minutes"
fi
scripts/build-release.sh \
    || fail "the build failed" "the lines above say why; an interrupted download is cured by running this again"

say "4/4 run Templates/Recipes/quickstart.yaml"
code=0
.build/release/corpusmith run Templates/Recipes/quickstart.yaml || code=$?
case $code in
    0 | 1) ;;
    75) printf '\nstopped early; the same command goes on where it stopped: make quickstart\n'; exit "$code" ;;
    *) exit "$code" ;;
esac

say "files"
find output/quickstart -type f ! -name '*-wal' ! -name '*-shm' ! -name '*.lock' -printf '%10s bytes  %p\n' | sort -k3
cat <<'NEXT'

look at it again      .build/release/corpusmith report output/quickstart
change it             edit Templates/Recipes/quickstart.yaml and run make quickstart again: paid replies are kept
use your own model    put url: and model: in place of local: in the recipe
NEXT
exit "$code"
