# busybox, static: its shell and a few dozen of its tools.
# needs: busybox-static
# shell: busybox sh

set -eu
d=$(busybox mktemp -d); cd "$d"
i=0; while [ $i -lt 50 ]; do echo "line $i" >> file; i=$((i + 1)); done
busybox wc -l file; busybox grep -c 'line 4' file; busybox sed -n '3p' file; busybox awk '{s += $2} END {print s}' file
busybox sort -k2n -r file | busybox head -n 2; busybox tail -n 1 file; busybox cut -d' ' -f2 file | busybox tr '\n' ' '; echo
busybox mkdir -p a/b/c; busybox touch a/b/c/x; busybox find a | busybox sort; busybox cp -r a z; busybox ls -R z
busybox tar cf t.tar a; busybox tar tf t.tar | busybox sort; busybox gzip t.tar; busybox gunzip t.tar.gz; busybox md5sum file
busybox ln -s file link; busybox readlink link; busybox cat link | busybox sha256sum; busybox dd if=file bs=10 count=1 2>/dev/null; echo
busybox expr 6 '*' 7; busybox seq 3; busybox printf '%05d\n' 42; busybox basename /x/y/z; busybox dirname /x/y/z
(exit 3) || echo "status $?"; trap 'echo trapped' EXIT; echo 'echo from a script; exit 4' > s; busybox sh s || echo "status $?"
busybox sleep 0.01 & wait $!; echo waited; busybox rm -r "$d"
