# bash: job control on a pseudo-terminal (background, stop, continue, foreground, wait, kill).
# needs: bash coreutils

set -m
sleep 30 & first=$!; sleep 30 & second=$!
jobs -r | sed 's/ *&$//; s/[[:space:]][[:space:]]*/ /g'
kill -STOP "$first"; for _ in $(seq 100); do [ -n "$(jobs -s)" ] && break; sleep 0.02; done
jobs -s | wc -l; kill -CONT "$first"; for _ in $(seq 100); do [ -z "$(jobs -s)" ] && break; sleep 0.02; done
jobs -r | wc -l; kill "$first" "$second"; wait "$first" 2>/dev/null; echo "first $?"; wait "$second" 2>/dev/null; echo "second $?"
(sleep 0.05; exit 5) & wait -n; echo "wait -n $?"
sleep 0.05 | cat & fg %% >/dev/null; echo "foreground $?"
a=$(ps -o pgid= -p $$ 2>/dev/null | tr -d ' '); sleep 1 & b=$(ps -o pgid= -p $! 2>/dev/null | tr -d ' ')
[ -z "$a" ] || { [ "$a" != "$b" ] && echo "a job is its own process group"; }
kill %1 2>/dev/null || kill $!; wait; echo done
