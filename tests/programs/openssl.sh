# openssl: digests, ciphers, keys, certificates, and a TLS connection between two processes.
# needs: openssl
# timeout: 120

set -eu
d=$(mktemp -d); cd "$d"; seq 10000 > f
openssl dgst -sha256 f; openssl dgst -sha3-512 f | cut -c1-40; openssl enc -aes-256-ctr -K "$(printf '%064d' 1)" -iv "$(printf '%032d' 2)" -in f -out e; openssl enc -d -aes-256-ctr -K "$(printf '%064d' 1)" -iv "$(printf '%032d' 2)" -in e | cmp - f && echo deciphered
openssl rand 32 | wc -c; openssl genpkey -algorithm ED25519 -out ed 2>/dev/null; openssl pkeyutl -sign -inkey ed -rawin -in f -out sig; openssl pkey -in ed -pubout -out pub; openssl pkeyutl -verify -pubin -inkey pub -rawin -in f -sigfile sig
openssl req -x509 -newkey rsa:2048 -nodes -keyout key -out cert -days 2 -subj /CN=localhost 2>/dev/null; openssl x509 -in cert -noout -subject; openssl verify -CAfile cert cert
port=$((20000 + $$ % 20000)); openssl s_server -accept "127.0.0.1:$port" -key key -cert cert -quiet -www >/dev/null 2>&1 & server=$!
for _ in $(seq 100); do printf 'GET / HTTP/1.0\r\n\r\n' | timeout 5 openssl s_client -connect "127.0.0.1:$port" -CAfile cert -quiet -ign_eof >page 2>/dev/null && [ -s page ] && break; sleep 0.05; done
head -n 1 page | tr -d '\r'; grep -c 'TLSv1.3' page | sed 's/[1-9][0-9]*/spoke TLS 1.3/'; kill "$server"; wait "$server" 2>/dev/null || true; openssl speed -seconds 1 -bytes 64 sha256 >/dev/null 2>&1 && echo "speed runs"; cd /; rm -rf "$d"
