#!/usr/bin/env bash
# Times the release binary: start-up and the check of each shipped recipe, best of ten. Fails when start-up is slow.
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/install-build-deps.sh build
scripts/build-release.sh
exec python3 - .build/release/corpusmith Templates/Recipes/*.yaml <<'PYTHON'
import os, platform, subprocess, sys, time

binary, recipes = sys.argv[1], sys.argv[2:]

def best_ms(*arguments):
    times = []
    for _ in range(10):
        start = time.perf_counter()
        result = subprocess.run([binary, *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        times.append(time.perf_counter() - start)
        if result.returncode != 0:
            sys.exit(f"error: `{binary} {' '.join(arguments)}` ended with {result.returncode}\n{result.stderr}")
    return 1000 * min(times)

print(f"{time.strftime('%Y-%m-%d')}  {platform.machine()}, {os.cpu_count()} cores, Linux {platform.release()}, load {os.getloadavg()[0]:.1f}")
start_up = best_ms("--help")
print(f"{start_up:8.1f} ms  --help")
for recipe in recipes:
    print(f"{best_ms('check', recipe):8.1f} ms  check {recipe}")
if start_up > 50:
    sys.exit(f"error: `{binary} --help` took {start_up:.1f} ms; 50 ms is the most")
PYTHON
