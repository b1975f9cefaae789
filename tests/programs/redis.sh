# redis-server with redis-cli and redis-benchmark, over TCP and a Unix socket, saving by fork.
# needs: redis-server redis-tools
# timeout: 120

set -eu
d=$(mktemp -d); cd "$d"; port=$((20000 + $$ % 20000))
redis-server --port "$port" --bind 127.0.0.1 --unixsocket "$d/s" --dir "$d" --save '' --appendonly yes --daemonize no --logfile "$d/log" & server=$!
cli() { redis-cli -p "$port" "$@"; }
for _ in $(seq 100); do [ "$(cli ping 2>/dev/null)" = PONG ] && break; sleep 0.05; done
cli set a 1; cli incr a; cli rpush l x y z; cli lrange l 0 -1; cli hset h f v; cli expire a 100; cli eval 'return redis.call("get", KEYS[1])' 1 a; redis-cli -s "$d/s" get a
cli bgsave | head -c 10; echo; for _ in $(seq 100); do [ -s dump.rdb ] && [ "$(cli info persistence | grep -c 'rdb_bgsave_in_progress:0')" = 1 ] && break; sleep 0.05; done; [ -s dump.rdb ] && echo saved
redis-benchmark -p "$port" -c 20 -n 2000 -t set,get,incr,lpush --csv | cut -d, -f1; redis-benchmark -s "$d/s" -P 16 -n 5000 -t get --csv | tail -n 1 | cut -d, -f1
cli dbsize; cli shutdown nosave; wait "$server"; echo "server $?"; redis-check-aof appendonlydir/*.incr.aof >/dev/null 2>&1 && echo "log is good"; cd /; rm -rf "$d"
