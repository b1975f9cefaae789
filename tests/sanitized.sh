#!/usr/bin/env bash
# Builds, and unit tests, in the folder of a preset with another compiler or sanitizers.
#   tests/sanitized.sh PRESET --build TARGET...    builds there
#   tests/sanitized.sh PRESET --run [PATTERN [EXCEPT]]    runs what was built (ctest -R PATTERN -E EXCEPT)
set -eu
cd "$(dirname "$0")/.."
preset=$1 action=$2
shift 2
case $action in
  --build)
    scripts/configure "$preset"
    cmake --build "build/$preset" --target "$@"
    ;;
  --run)
    export ASAN_OPTIONS=detect_stack_use_after_return=0 UBSAN_OPTIONS=print_stacktrace=1
    # What is built is not looked at again: the build before has done it.
    ctest --test-dir "build/$preset" --output-on-failure --no-tests=error -FA unit_tests -R "${1:-^unit_}" -E "^unit_build\$${2:+|$2}"
    ;;
  *)
    echo "tests/sanitized.sh: --build or --run, not $action" >&2
    exit 2
    ;;
esac
