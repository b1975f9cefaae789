#!/usr/bin/env bash
# The manual page and the completion know every option that `litebox run --help` lists, and no other but those of the other commands.
set -u
cd "$(dirname "$0")/../.."
bad=0
listed=$("$LITEBOX" run --help | grep -oE '^ +(-., )?--[a-z-]+' | grep -oE -- '--[a-z-]+' | sort -u)
[ -n "$listed" ] || { echo "--help lists no options"; exit 1; }
elsewhere=$({ "$LITEBOX" image build --help; "$LITEBOX" kernel --help; } | grep -oE -- '--[a-z-]+' | sort -u)
manual=$(sed 's/\\-/-/g' docs/litebox.1)
for option in $listed; do
  [ "$option" = --help ] || grep -qE -- "^\.(TP|B|BI|BR).*$option( |\$|\"|=)" <<<"$manual" || { echo "not in the manual page: $option"; bad=1; }
  grep -q -- "$option" docs/completions/litebox.bash || { echo "not completed: $option"; bad=1; }
done
for option in $(grep -oE -- '^\.B.*--[a-z-]+' <<<"$manual" | grep -oE -- '--[a-z-]+' | sort -u); do
  grep -qxF -- "$option" <<<"$listed"$'\n'"$elsewhere"$'\n'"--json" || { echo "in the manual page, but no option: $option"; bad=1; }
done
# shellcheck source=/dev/null
. docs/completions/litebox.bash
compopt() { :; }
complete_words() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=(); _litebox; echo "${COMPREPLY[*]}"; }
[ "$(complete_words litebox pro)" = profile ] || { echo "pro does not complete"; bad=1; }
[ "$(complete_words litebox run --hostn)" = --hostname ] || { echo "--hostn does not complete"; bad=1; }
[ "$(complete_words litebox run --wx d)" = deny ] || { echo "--wx d does not complete"; bad=1; }
[[ " $(complete_words litebox run --rw x -- pytho) " == *" python3 "* ]] || { echo "programs do not complete"; bad=1; }
[ "$bad" = 0 ] && echo "manual page and completion agree with --help"
exit "$bad"
