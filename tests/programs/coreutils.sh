# coreutils: files, text, links, permissions, sparse files.
# needs: coreutils bash

set -eu
d=$(mktemp -d); cd "$d"
seq 1 200 > n; wc n | tr -s ' '; head -c 20 n | od -c | head -n 2; tail -n 3 n; sort -rn n | head -n 2; uniq -c <(printf 'a\na\nb\n')
split -l 50 n part.; ls part.*; cat part.* | cmp - n && echo same; paste -sd+ n | tr -d '\n' | sha256sum; shuf -i 1-5 | sort | tr '\n' ' '; echo
mkdir -p x/y; cp n x/y; cp -a x z; ls -R z; mv z w; ln n hard; ln -s n soft; stat -c '%h %s %F' n hard soft; readlink -f soft | sed "s|$d||"
chmod 640 n; stat -c '%a %A' n; umask 027; touch u; stat -c %a u; truncate -s 1M sparse; stat -c '%s' sparse; du -k --apparent-size sparse | cut -f1
touch -d '2001-02-03 04:05:06 UTC' u; date -u -r u +%FT%T; install -m 755 n inst; stat -c %a inst; test -x inst && echo executable
echo hello | tee t1 t2 >/dev/null; comm -12 t1 t2; join <(echo 1 a) <(echo 1 b); fold -w 3 <<<abcdef; expand <<<$'a\tb'; nl t1; tac n | head -n 1
dd if=/dev/zero of=z1 bs=4k count=10 2>/dev/null; stat -c %s z1; b2sum z1; base64 <<<"some text"; basename /a/b.c .c; factor 360; expr 3 + 4
mkfifo p; (echo through a fifo > p) & cat p; wait; rmdir x 2>/dev/null || echo "rmdir: not empty"; rm -rf x w; ls | wc -l; env -i A=1 env; nice -n 5 true; id -u >/dev/null; pwd | sed "s|$d|d|"
cd /; rm -rf "$d"
