#!/usr/bin/env bash
# Builds the tree twice, from copies in two different directories, and compares the binaries bit by bit.
set -eu
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for copy in one a/longer/path/for/two; do
  mkdir -p "$work/$copy"
  git ls-files -z | xargs -0 cp --parents -t "$work/$copy"
  (cd "$work/$copy" && cmake --preset default >/dev/null && cmake --build build --target litebox >/dev/null)
done
sum() { (cd "$work/$1/build/bin" && sha256sum -- *); }
if [ "$(sum one)" = "$(sum a/longer/path/for/two)" ]; then
  sum one
  echo "reproducible: two builds gave the same bits"
else
  diff <(sum one) <(sum a/longer/path/for/two)
  echo "reproducible: the builds differ" >&2
  exit 1
fi
