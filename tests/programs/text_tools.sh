# grep, sed, gawk and diffutils.
# needs: grep sed gawk diffutils coreutils

set -eu
d=$(mktemp -d); cd "$d"
for i in $(seq 300); do echo "line $i has $((i * i)) and $((i % 7))"; done > t
grep -c 'has 1' t; grep -E '(1|2)9+ ' t | head -n 3; grep -no 'line 10*' t; grep -v line t || echo none; grep -rl 'line 7' . ; grep -P '\b(\d)\1{2}\b' t | head -n 2
sed -n '5,7p' t; sed 's/line \([0-9]*\)/\1:/; 3q' t; sed -i.bak 's/has/HAS/g' t; cmp t t.bak || echo "differs"; sed -E '/^line [0-9]{1,2} /!d; s/ and.*//' t | tail -n 1
gawk '{sum[$NF] += $4} END {for (k in sum) print k, sum[k]}' t | sort; gawk 'BEGIN {"echo from a command" | getline x; print x; print strftime("%Y", 0, 1)}'
gawk -v n=3 'NR == n {print; exit}' t; gawk 'BEGIN {cmd = "sort -n"; for (i = 5; i; i--) print i |& cmd; close(cmd, "to"); while ((cmd |& getline l) > 0) print l}'
diff t t.bak | head -n 4; diff -u <(seq 5) <(seq 2 6) | tail -n +3 || true; diff3 <(echo a) <(echo b) <(echo a) || true; cmp <(echo a) <(echo a) && echo same; sdiff -w 30 <(echo a) <(echo b) || true
cd /; rm -rf "$d"
