#!/usr/bin/env bash
# A secret released to the right code and refused to the wrong, in simulation. Takes nothing, leaves nothing.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
litebox=${LITEBOX:-$here/../../build/bin/litebox}
work=$(mktemp -d)
broker_pid=""
trap '[ -z "$broker_pid" ] || kill "$broker_pid"; rm -rf "$work"' EXIT
say() { printf '\n== %s\n' "$1"; }

say "The program, and what stands for it in evidence"
printf '#!/bin/sh\necho "I have the secret: $(cat)"\n' > "$work/program"
printf '#!/bin/sh\necho "I have the secret, and tell everyone: $(cat)"\n' > "$work/changed-program"
measurement() { sha384sum "$1" | cut -d' ' -f1; }
echo "program: $(measurement "$work/program")"

# A simulated TD that runs the given file: evidence for the report data that it is asked for.
attest() { # FILE
  echo "'$litebox' attest simulate tdx --out '$work/td' --measurement $(measurement "$1") --report-data \$LITEBOX_REPORT_DATA >/dev/null && cat '$work/td/evidence.bin'"
}

say "The owner writes and signs a policy, makes a store, puts the secret into it"
printf '[tdx]\nmr_td = ["%s"]\n' "$(measurement "$work/program")" > "$work/policy.toml"
openssl genpkey -algorithm ed25519 -out "$work/owner.pem" 2>/dev/null
chmod 600 "$work/owner.pem"
openssl pkey -in "$work/owner.pem" -pubout -out "$work/owner.pub"
"$litebox" broker policy sign --name program --version 1 --key "$work/owner.pem" --out "$work/program.policy" "$work/policy.toml"
"$litebox" broker new-key "$work/store.key"
store=(--store "$work/store" --store-key "file:$work/store.key")
"$litebox" broker init "${store[@]}" --policy-signer "$work/owner.pub"
"$litebox" broker policy add "${store[@]}" "$work/program.policy"
printf 'the answer is 42' | "$litebox" broker put "${store[@]}" --policy program example/secret/answer

say "The broker serves"
"$litebox" attest simulate tdx --out "$work/platform" >/dev/null # the simulated platform's root and collateral
mkfifo "$work/says"
"$litebox" broker serve "${store[@]}" --root "$work/platform/root.der" --collateral "$work/platform/collateral" --listen 127.0.0.1:0 > "$work/says" &
broker_pid=$!
read -r _ url _ pin < "$work/says"
echo "$url, known by $pin"
get() { "$litebox" broker get --url "$url" --pin "$pin" --evidence-command "$(attest "$1")" example/secret/answer; }

say "The right code asks"
get "$work/program" | sh "$work/program"

say "The wrong code asks"
if get "$work/changed-program" > "$work/leak"; then
  echo "the changed program was given the secret" && exit 1
fi
[ ! -s "$work/leak" ]

say "The audit log"
"$litebox" broker audit "${store[@]}" --show
