#!/usr/bin/env bash
# Builds what is measured and measures it. Without arguments: the full sitting, which writes docs/bench.md and docs/bench.svg.
set -eu
cd "$(dirname "$0")/.."
scripts/configure default
cmake --build build --target bench_programs >/dev/null
[ $# -gt 0 ] || set -- --write-docs
exec python3 bench/run.py "$@"
