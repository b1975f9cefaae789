#!/usr/bin/env bash
# Builds and runs the tests; the last line is "N passed, N failed". With --all also the long ones, and docs/COMPATIBILITY.md.
set -u
cd "$(dirname "$0")/.."
all=""; [ "${1:-}" = --all ] && { all=1; export LITEBOX_LONG_TESTS=1; }
jobs=$(nproc)
mkdir -p build/test-results
cmake -B build >/dev/null || exit 1
if grep -q '^GTest_DIR:PATH=GTest_DIR-NOTFOUND' build/CMakeCache.txt; then
  echo "tests: GoogleTest is not there (Debian package libgtest-dev)" >&2
  exit 1
fi
cmake --build build -j"$jobs" || exit 1
rm -f build/test-results/ctest.xml
# What is labelled long: with --all only. A failed test is not asked again: one that fails now and then is to be mended.
long=(-LE '^long$'); [ -n "$all" ] && long=()
ctest --test-dir build -j"$jobs" --output-on-failure --no-tests=error "${long[@]}" --output-junit test-results/ctest.xml
if [ -n "$all" ]; then
  tests/programs/run.py --json build/test-results/programs.json
  programs=$?
  tests/programs/cpython.py --json build/test-results/cpython.json
  cpython=$?
  tests/oracle/run.py --json build/test-results/oracle.json
  oracle=$?
  # The same in virtual machines, which are emulated where KVM is of no use.
  tests/programs/run.py --platform vm --json build/test-results/programs-vm.json
  programs_vm=$?
  tests/oracle/run.py --platform vm --json build/test-results/oracle-vm.json
  oracle_vm=$?
  # Debian's Python has the cryptography package; another one may not.
  /usr/bin/python3 tests/attest/second/compare.py build/unit/attest_cases --cases 10000 --jobs "$jobs"
  second_verifier=$?
  python3 tests/compatibility.py build/test-results docs/COMPATIBILITY.md
fi
python3 tests/summary.py build/test-results/ctest.xml ${all:+programs=$programs cpython=$cpython oracle=$oracle programs_vm=$programs_vm oracle_vm=$oracle_vm second_verifier=$second_verifier}
