#!/usr/bin/env bash
# The completion knows every option of `litebox attest`, and the help every command that the manual page names.
set -u
cd "$(dirname "$0")/../.."
bad=0
# shellcheck source=/dev/null
. docs/completions/litebox.bash
compopt() { :; }
complete_words() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=(); _litebox; echo " ${COMPREPLY[*]} "; }
commands=$("$ATTEST" --help | sed -n '/^Subcommands:/,$p' | grep -oE '^  [a-z-]+' | tr -d ' ')
[ -n "$commands" ] || { echo "--help lists no commands"; exit 1; }
for command in $commands; do
  [[ $(complete_words litebox attest "") == *" $command "* ]] || { echo "not completed: attest $command"; bad=1; }
  grep -q "${command//-/\\\\-}" docs/litebox.1 || { echo "not in the manual page: attest $command"; bad=1; }
done
for command in verify show fetch-urls explain-mismatch; do
  listed=$("$ATTEST" "$command" --help | grep -oE -- '^ +(-.,)?--[a-z-]+' | grep -oE -- '--[a-z-]+' | sort -u)
  known=$(complete_words litebox attest "$command" -- | tr ' ' '\n' | grep . | sort -u)
  [ "$listed" = "$known" ] || { echo "attest $command: --help and completion differ:"; diff <(echo "$listed") <(echo "$known"); bad=1; }
done
[ "$bad" = 0 ] && echo "manual page and completion agree with --help"
exit "$bad"
