# sqlite3: transactions, journals, indexes, two writers.
# needs: sqlite3

set -eu
d=$(mktemp -d); cd "$d"
for mode in delete truncate persist wal memory; do
  sqlite3 "$mode.db" "pragma journal_mode=$mode; create table t (id integer primary key, v text); begin; with recursive n(i) as (select 1 union all select i + 1 from n where i < 500) insert into t (v) select 'value ' || i from n; commit; select count(*), max(id) from t; create index i on t (v); explain query plan select * from t where v = 'value 7'; pragma integrity_check;"
done
for w in 1 2 3; do (for i in $(seq 20); do sqlite3 -cmd '.timeout 20000' wal.db "insert into t (v) values ('writer $w');"; done) & done; wait
sqlite3 wal.db "select v, count(*) from t where v like 'writer%' group by v;"; sqlite3 delete.db .dump | sqlite3 copy.db; sqlite3 copy.db 'select count(*) from t; vacuum; select sum(length(v)) from t;'
printf 'a,1\nb,2\n' > in.csv; sqlite3 copy.db -cmd '.mode csv' '.import in.csv c' 'select * from c;' 2>/dev/null; sqlite3 copy.db "select json_extract('{\"a\":[1,2]}', '\$.a[1]');"; cd /; rm -rf "$d"
