#!/usr/bin/env bash
# Builds what is measured and measures it. Without arguments: the full sitting, which writes docs/bench.md and docs/bench.svg, then
# virtual machines (docs/bench-vm.md), and what evidence costs (bench/attest).
set -eu
cd "$(dirname "$0")/.."
scripts/configure default
cmake --build build --target bench_programs >/dev/null
[ $# -eq 0 ] || exec python3 bench/run.py "$@"
python3 bench/run.py --write-docs
python3 bench/machine.py --output docs/bench-vm.md
bench/attest/run.sh
