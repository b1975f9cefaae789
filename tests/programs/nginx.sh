# nginx (master and two workers) with curl: files, ranges, keep-alive, 404, reload.
# needs: nginx curl
# timeout: 120

set -eu
d=$(mktemp -d); cd "$d"; chmod 755 "$d"; port=$((20000 + $$ % 20000)); mkdir www; echo '<h1>hello</h1>' > www/index.html; head -c 300000 /dev/zero > www/big
user=""; [ "$(id -u)" != 0 ] || user="user root;"
cat > conf <<END
$user worker_processes 2; pid $d/pid; error_log $d/error; daemon off;
events { worker_connections 64; }
http { access_log $d/access; client_body_temp_path $d/1; proxy_temp_path $d/2; fastcgi_temp_path $d/3; uwsgi_temp_path $d/4; scgi_temp_path $d/5; gzip on; sendfile on;
  server { listen 127.0.0.1:$port; root $d/www; location /back { proxy_pass http://127.0.0.1:$port/index.html; } location /gone { return 410; } } }
END
nginx -p "$d" -c "$d/conf" -e "$d/error" & server=$!
url=http://127.0.0.1:$port; for _ in $(seq 100); do curl -s -o /dev/null "$url/" && break; sleep 0.05; done
curl -s "$url/"; curl -s -o /dev/null -w '%{http_code} %{size_download}\n' "$url/big"; curl -s -r 100-199 -o /dev/null -w '%{http_code} %{size_download}\n' "$url/big"; curl -s -o /dev/null -w '%{http_code}\n' "$url/nothing" "$url/gone"
curl -s "$url/back"; curl -s --compressed "$url/index.html"; for i in $(seq 20); do curl -s "$url/" "$url/big" "$url/" | wc -c & done; for _ in $(seq 20); do wait -n || true; done
echo 'new page' > www/index.html; kill -HUP "$server"; sleep 0.3; curl -s "$url/"; wc -l < access; kill -QUIT "$server"; wait "$server"; echo "server $?"; cd /; rm -rf "$d"
