#!/usr/bin/env bash
# examples/attested_secret does what its README says.
set -u
out=$("$(dirname "$0")/../../examples/attested_secret/run.sh" 2>&1) || { echo "$out"; exit 1; }
bad=0
want() { grep -qF -- "$1" <<<"$out" || { echo "missing: $1"; bad=1; }; }
want "I have the secret: the answer is 42"
want "the broker refuses: the evidence is not accepted: out-of-policy"
want '"event":"release","binding":"channel"'
want '"event":"refuse","secret":"example/secret/answer"'
want "seals checked"
grep -q "tell everyone" <<<"$out" && { echo "the changed program was run with the secret"; bad=1; }
[ "$bad" = 0 ] || echo "$out"
exit "$bad"
