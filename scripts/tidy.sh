#!/usr/bin/env bash
# clang-tidy over the tree's own sources, or over the files given. Needs a configured build (compile_commands.json).
set -eu
cd "$(dirname "$0")/.."
scripts/configure clang
if [ $# -gt 0 ]; then files=("$@"); else mapfile -t files < <(git ls-files -- '*.cpp' | grep -vE '^(tests|fuzz)/'); fi
known=$(python3 -c 'import json; print("\n".join(e["file"] for e in json.load(open("build/clang/compile_commands.json"))))')
chosen=(); for file in "${files[@]}"; do grep -qF "$PWD/$file" <<<"$known" && chosen+=("$file"); done
[ ${#chosen[@]} -gt 0 ] || { echo "tidy: nothing to look at" >&2; exit 1; }
printf '%s\n' "${chosen[@]}" | xargs -P "$(nproc)" -n 4 clang-tidy -p build/clang --quiet 2>/dev/null
echo "clang-tidy: ${#chosen[@]} files, no complaint"
