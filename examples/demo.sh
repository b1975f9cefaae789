#!/usr/bin/env bash
# The main job on real input: a Python program with threads, subprocesses, SQLite and files, run by the system's python3 inside.
# Options of `litebox run` may be given: --platform=vm.
set -eu
cd "$(dirname "$0")/.."
litebox=build/bin/litebox
report=build/demo.json
[ -x "$litebox" ] || { echo "demo: $litebox is not there; run make first" >&2; exit 1; }
echo "\$ litebox run${*:+ $*} -- python3 examples/demo.py"
status=0
"$litebox" run "$@" --json="$report" -- python3 examples/demo.py || status=$?
if [ "$status" != 0 ]; then
  echo "demo: the program ended with status $status inside LiteBox" >&2
  exit "$status"
fi
python3 - "$report" <<'END'
import json
import sys
r = json.load(open(sys.argv[1], encoding="utf-8"))
print(f"Ran inside LiteBox: started in {r['start_us'] / 1000:.1f} ms, {r['guest_calls']} system calls served inside, "
      f"{r['host_calls']} host system calls made, {r['processes']} processes, {r['wall_us'] / 1e6:.2f} s.")
END
