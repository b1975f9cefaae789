#!/usr/bin/env bash
# Lines of code by room: what is neither blank nor only a comment. The sandboxed rooms have a budget of 40,000 lines;
# what takes evidence apart and judges it by collateral and policy (attest/, without its interface) has one of 6,000.
set -eu
cd "$(dirname "$0")/.."
count() {
  git ls-files -- "$1" | grep -E '\.(cpp|h|c|S|def|py|sh)$' | while read -r file; do cat "$file"; echo; done |
    awk '{ sub(/^[ \t]+/, "") } /^$/ || /^\/\// || /^\*/ || /^\/\*/ || /^#( |$)/ && !/^#(include|define|if|el|end|undef|pragma|error)/ { next } { n++ } END { print n + 0 }'
}
sandboxed=0
for room in core/base core/memory core/task core/file core/net core linux arch platform/process platform; do
  case $room in
    core) lines=$(($(count core) - $(count core/base) - $(count core/memory) - $(count core/task) - $(count core/file) - $(count core/net))); name="core (rest)" ;;
    platform) lines=0; for f in $(git ls-files 'platform/*.h' | grep -v '/.*/'); do lines=$((lines + $(count "$f"))); done; name="platform (interface)" ;;
    *) lines=$(count "$room"); name=$room ;;
  esac
  printf '%-24s %7d\n' "$name" "$lines"
  sandboxed=$((sandboxed + lines))
done
printf '%-24s %7d of 40000\n\n' "in the sandbox" "$sandboxed"
for room in platform/vm platform/simulated supervisor attest cli sdk tests bench fuzz examples scripts; do
  [ -d "$room" ] && printf '%-24s %7d\n' "$room" "$(count "$room")"
done
judging=0
for room in base x509 intel amd wrap policy verify; do judging=$((judging + $(count "attest/$room"))); done
printf '%-24s %7d of 6000\n' "attest: parse and judge" "$judging"
[ "$judging" -lt 6000 ] || { echo "attest's parsing, verifying and policy are over their budget" >&2; exit 1; }
[ "$sandboxed" -le 40000 ] || { echo "the sandboxed code is over its budget" >&2; exit 1; }
