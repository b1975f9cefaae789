# findutils: find with its tests and actions, xargs in parallel.
# needs: findutils coreutils

set -eu
d=$(mktemp -d); cd "$d"
mkdir -p a/{1..5}/b; for i in {1..40}; do echo "$i" > "a/$((i % 5 + 1))/b/f$i.txt"; done; ln -s a/1 link; chmod 600 a/1/b/f5.txt
find . -type f | wc -l; find . -name '*1.txt' | sort; find a -maxdepth 1 -type d | sort; find -L link -type f | sort | head -n 3
find . -size -1k -type f | wc -l; find . -perm 600 -name '*.txt'; find . -type l -printf '%p %l\n'; find . -newer a/1 -type f | wc -l
find . -name '*.txt' -print0 | xargs -0 -P 2 -n 7 cat | sort -n | tail -n 1; find . -type f -exec cat {} + | awk '{s += $1} END {print s}'
seq 20 | xargs -n 5 echo; find . -name 'f1*' -delete; find . -type f | wc -l; find . -depth -type d -empty | sort; find . -type f -exec sh -c 'exit 1' \; -o -name 'f2.txt' -print
cd /; rm -rf "$d"
