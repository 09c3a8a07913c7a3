#!/usr/bin/env bash
# The checks that take long: everything of `make check`, then broken runs, the live local model and the sanitizers.
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/test.sh
scripts/build-release.sh
Tests/Crash/run.py .build/release/corpusmith --kills 200
scripts/get-local-model.sh
export SWT_EXPERIMENTAL_MAXIMUM_PARALLELIZATION_WIDTH=$((4 * $(nproc)))
LOCAL_MODEL=1 NIGHTLY=1 swift test --skip-build --parallel
for sanitizer in address thread; do
    swift test --parallel --sanitize "$sanitizer" --scratch-path ".build-$sanitizer"
done
