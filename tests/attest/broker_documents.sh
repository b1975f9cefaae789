#!/usr/bin/env bash
# The broker's manual page and completion know every sub-command and option that --help lists, and no other.
set -u
cd "$(dirname "$0")/../.."
bad=0
manual=$(sed 's/\\-/-/g' docs/litebox-broker.1)
options_of() { "$BROKER" "$@" --help | grep -oE '^ +(-., ?)?--[a-z-]+' | grep -oE -- '--[a-z-]+' | grep -v -- '^--help$' | sort -u; }
all=""
for sub in new-key init put list remove rearm audit serve get "policy sign" "policy add" "policy list"; do
  # shellcheck disable=SC2086
  listed=$(options_of $sub)
  all+=$'\n'$listed
  grep -qE "^\.SS $sub( |\$)" <<<"$manual" || { echo "not in the manual page: $sub"; bad=1; }
  section=$(sed -n "/^\.SS $sub\( \|\$\)/,/^\.S[SH] /p" <<<"$manual"; sed -n '/^\.SS Options of several/,/^\.SH /p' <<<"$manual")
  for option in $listed; do
    grep -qE -- "^\.(B|BI|BR|TP).*$option( |\$|\"|=|\\\\)" <<<"$section" || { echo "$sub: not in the manual page: $option"; bad=1; }
    grep -q -- "$option" docs/completions/litebox.bash || { echo "not completed: $option"; bad=1; }
  done
done
for option in $(grep -oE -- '^\.B.*--[a-z-]+' <<<"$manual" | grep -oE -- '--[a-z-]+' | sort -u); do
  grep -qxF -- "$option" <<<"$all" || { echo "in the manual page, but no option: $option"; bad=1; }
done
# shellcheck source=/dev/null
. docs/completions/litebox.bash
compopt() { :; }
complete_words() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=(); _litebox; echo "${COMPREPLY[*]}"; }
[ "$(complete_words litebox broker rea)" = rearm ] || { echo "rea does not complete"; bad=1; }
[ "$(complete_words litebox broker serve --lis)" = --listen ] || { echo "--lis does not complete"; bad=1; }
[ "$(complete_words litebox broker policy si)" = sign ] || { echo "policy si does not complete"; bad=1; }
[ "$bad" = 0 ] && echo "the broker's manual page and completion agree with --help"
exit "$bad"
