#!/usr/bin/env bash
# Runs the fuzzers.
#   fuzz/run.sh [--short] [--seconds N] [--built] [NAME...]      all of them when none is named; --list names them
# --short: ten seconds each, as the tests do; else ten minutes each. --built: does not build first.
# Corpora grow in build/asan/fuzz/corpus/NAME, from the seeds in fuzz/seeds/NAME. The exit code is not zero when a fuzzer
# found something; the input that shows it again is named.
set -u
cd "$(dirname "$0")/.."
seconds=600 built="" names=()
while [ $# -gt 0 ]; do
  case $1 in
    --short) seconds=10 ;;
    --seconds) seconds=${2:?--seconds wants a number}; shift ;;
    --built) built=1 ;;
    --list) list=1 ;;
    -*) echo "fuzz/run.sh: there is no option $1; see the head of the file" >&2; exit 2 ;;
    *) names+=("$1") ;;
  esac
  shift
done
out=build/asan/fuzz
if [ -z "$built" ]; then
  scripts/configure asan || exit 1
  if [ ${#names[@]} -gt 0 ]; then targets=("${names[@]/#/fuzz_}"); else targets=(fuzzers); fi
  cmake --build build/asan --target "${targets[@]}" || exit 1
fi
mapfile -t known < <(cd "$out" 2>/dev/null && ls -- *.options 2>/dev/null | sed 's/\.options$//')
if [ -n "${list:-}" ]; then printf '%s\n' "${known[@]}"; exit 0; fi
[ ${#names[@]} -gt 0 ] || names=("${known[@]}")
[ ${#names[@]} -gt 0 ] || { echo "fuzz/run.sh: there is no fuzzer; build them first (without --built)" >&2; exit 1; }

failed=()
for name in "${names[@]}"; do
  program=$out/fuzz_$name
  if [ ! -x "$program" ]; then
    echo "fuzz/run.sh: there is no fuzzer $name; there are: ${known[*]}" >&2
    exit 2
  fi
  corpus=$out/corpus/$name found=$out/found/$name log=$out/$name.log
  mkdir -p "$corpus" "$found"
  seeds=(); [ -d "fuzz/seeds/$name" ] && seeds=("fuzz/seeds/$name")
  # Evidence has real seeds as well, where they lie beside the project.
  vectors=${LITEBOX_VECTORS:-../shared/vectors}
  [[ $name == attest* && -f $vectors/expected.json ]] && seeds+=("$vectors")
  IFS=';' read -ra options < "$out/$name.options"
  echo "fuzz: $name for $seconds s"
  # In a short run what an input may take is generous: the machine may be loaded.
  if UBSAN_OPTIONS=print_stacktrace=1 "$program" -max_total_time="$seconds" -timeout=60 -rss_limit_mb=2560 \
      -print_final_stats=1 -artifact_prefix="$found/" "${options[@]}" "$corpus" "${seeds[@]}" > "$log" 2>&1; then
    runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
    covered=$(grep -o 'cov: [0-9]*' "$log" | tail -1)
    echo "fuzz: $name is fine: ${runs:-?} inputs, ${covered:-cov: ?}"
  else
    failed+=("$name")
    tail -n 80 "$log"
    reproducer=$(sed -n 's/.*Test unit written to //p' "$log" | tail -1)
    echo "fuzz: $name FOUND something. Again: $program ${reproducer:-(no input was written; see $log)}" >&2
  fi
done
[ ${#failed[@]} -eq 0 ] || { echo "fuzz: found something: ${failed[*]}" >&2; exit 1; }
