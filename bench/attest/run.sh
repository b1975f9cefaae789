#!/usr/bin/env bash
# What evidence costs: one verification of each kind, then whatever else lies here as a program in Python.
set -eu
cd "$(dirname "$0")/../.."
cmake --build build --target bench_attest_verify >/dev/null
missed=0
build/bench/bench_attest_verify || missed=1
for program in bench/attest/*.py; do
  [ ! -e "$program" ] || python3 "$program" || missed=1
done
exit $missed
