# bash: pipes, here-documents, traps, expansions, co-processes, process substitution.
# needs: bash coreutils

set -u
cat <<END | tr a-z A-Z
a here-document with $((6 * 7))
END
cat <<<"a here-string"
printf '%s\n' {1..5} | while read -r n; do echo "read $n"; done
diff <(echo one; echo two) <(echo one; echo 2); echo "diff said $?"
coproc CAT { cat; }; echo through the co-process >&"${CAT[1]}"; read -r line <&"${CAT[0]}"; echo "$line"
eval "exec ${CAT[1]}>&-"; wait "$CAT_PID" 2>/dev/null; echo "ended $?"
trap 'echo got USR1' USR1; kill -USR1 $$; trap 'echo leaving' EXIT
(trap 'echo child term; exit 7' TERM; kill -TERM $BASHPID; echo not here); echo "child said $?"
false | true | (exit 3); echo "${PIPESTATUS[@]}"
set -o pipefail; false | true; echo "pipefail $?"; set +o pipefail
declare -A map=([x]=1 [y]=2); echo "${map[x]} ${map[y]} ${#map[@]}"
text="hello world"; echo "${text^^} ${text/world/there} ${text:6:3} ${#text}"
f() { local n=$1; ((n <= 1)) && echo 1 || echo $((n * $(f $((n - 1))))); }; f 6
exec 5>"${TMPDIR:-/tmp}/bash-test-$$"; echo through five >&5; exec 5>&-; cat "${TMPDIR:-/tmp}/bash-test-$$"; rm "${TMPDIR:-/tmp}/bash-test-$$"
yes | head -n 2; seq 1000 | tail -n 1; timeout 0.1 sleep 5; echo "timeout said $?"
ulimit -n >/dev/null && echo "limits are there"; [[ abc =~ ^a(b)c$ ]] && echo "${BASH_REMATCH[1]}"
bash -c 'kill -SEGV $$' 2>/dev/null; echo "signal gives $?"; bash -c 'exit 42'; echo "exit gives $?"; nothing-there 2>/dev/null; echo "missing gives $?"
