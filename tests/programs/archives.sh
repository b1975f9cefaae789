# tar, gzip and xz: archives with links, modes, times and holes, and back again.
# needs: tar gzip xz-utils coreutils

set -eu
d=$(mktemp -d); cd "$d"
mkdir -p src/deep/er; seq 20000 > src/numbers; head -c 300000 /dev/zero > src/zero; ln src/numbers src/hard; ln -s numbers src/soft; echo x > src/deep/er/x; chmod 751 src/deep; truncate -s 3M src/sparse
touch -d '2010-10-10 10:10:10 UTC' src/numbers
tar cf a.tar src; tar tf a.tar | sort; mkdir out; tar xf a.tar -C out; diff -r src out/src && echo same; stat -c '%a %h' out/src/deep out/src/numbers; date -u -r out/src/numbers +%FT%T
tar czf a.tgz src; gzip -t a.tgz && echo good; tar xzf a.tgz -O src/deep/er/x; tar cJf a.txz src; xz -t a.txz && tar tJf a.txz | wc -l
tar cf - src | (mkdir -p piped && cd piped && tar xf -); diff -r src piped/src && echo piped; tar --sparse -cf s.tar src/sparse; [ "$(stat -c %s s.tar)" -lt 100000 ] && echo "holes kept"
cp src/numbers src/alone; gzip -9k src/alone; zcat src/alone.gz | sha256sum; gunzip -c src/alone.gz | cmp - src/alone && echo equal; xz -T2 -k src/zero; xz -dc src/zero.xz | wc -c; xz --robot -l src/zero.xz | awk '/^totals/ {print $5}'
tar rf a.tar src/alone.gz; tar df a.tar && echo "no difference"; cd /; rm -rf "$d"
