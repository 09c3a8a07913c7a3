#!/usr/bin/env bash
# The checks that take long: everything of `make check`, then the live local model, then the sanitizers.
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/test.sh
scripts/get-local-model.sh
LOCAL_MODEL=1 NIGHTLY=1 swift test --skip-build --parallel
for sanitizer in address thread; do
    swift test --parallel --sanitize "$sanitizer" --scratch-path ".build-$sanitizer"
done
