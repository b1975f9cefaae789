#!/usr/bin/python3
"""curl and openssl s_client talk to the broker; its commands keep their promises."""
import base64
import json
import os
import signal
import subprocess

from broker_world import BROKER, TOOL, Tee, World, main, run

world = World("tdx")
world.policy("tdx", 1, world.tee_policy("tdx"), "--binding", "channel", "--binding", "key")
world.put("a/b/c", b"the secret", "tdx")
world.serve("--policy", world.dir / "policy.signed")


def curl(*arguments):
    return run("curl", "--silent", "--show-error", *arguments)


def curl_talks_to_the_broker():
    greeting = json.loads(curl("--cacert", world.dir / "broker.pem", world.url + "/").stdout)
    assert greeting["service"] == "litebox-broker"
    # By its public key alone, as the broker prints it.
    pinned = curl("--insecure", "--pinnedpubkey", world.pin, world.url + "/").stdout
    assert json.loads(pinned) == greeting
    challenge = curl("--cacert", world.dir / "broker.pem", "--include", "--json", '{"version":"0.4.0","tee":"tdx","extra-params":""}',
                     world.url + "/kbs/v0/auth").stdout.decode()
    assert "kbs-session-id=" in challenge and len(base64.b64decode(json.loads(challenge.splitlines()[-1])["nonce"])) == 32
    nonce = curl("--cacert", world.dir / "broker.pem", "--include", "--request", "POST", world.url + "/litebox/v1/nonce").stdout.decode()
    assert nonce.startswith("HTTP/1.1 204") and "Litebox-Nonce: " in nonce


def curl_refuses_another_broker():
    wrong = subprocess.run(["curl", "--silent", "--insecure", "--pinnedpubkey", "sha256//" + base64.b64encode(bytes(32)).decode(), world.url],
                           capture_output=True)
    assert wrong.returncode == 90, wrong


def openssl_talks_to_the_broker():
    request = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    done = run("openssl", "s_client", "-connect", f"127.0.0.1:{world.port}", "-CAfile", world.dir / "broker.pem", "-verify_return_error",
               "-verify_ip", "127.0.0.1", "-ign_eof", input=request)
    assert b"HTTP/1.1 200 OK" in done.stdout and b"litebox-broker" in done.stdout, done.stdout
    old = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{world.port}", "-tls1_2"], input=b"", capture_output=True)
    assert old.returncode != 0, "TLS 1.2 cannot be bound to a channel here"


def evidence_script():
    """A TEE as `get` meets it: a command that turns $LITEBOX_REPORT_DATA into evidence."""
    return f"(echo $LITEBOX_REPORT_DATA | {TOOL} attest tdx | tail -n 1 | base64 -d)"


def get_fetches_a_secret_for_a_command_that_attests():
    got = world.broker("get", "--url", world.url, "--pin", world.pin, "--evidence-command", evidence_script(), "a/b/c")
    assert got.stdout == b"the secret", got
    out = world.dir / "out"
    world.broker("get", "--url", world.url, "--ca", world.dir / "broker.pem", "--evidence-command", evidence_script(), "--out", out, "a/b/c")
    assert out.read_bytes() == b"the secret" and os.stat(out).st_mode & 0o777 == 0o600
    for options in (["--pin", "sha256//AAAA"], []):
        refused = world.broker("get", "--url", world.url, *options, "--evidence-command", "true", "a/b/c", check=False)
        assert refused.returncode == 1 and not refused.stdout
    failing = world.broker("get", "--url", world.url, "--pin", world.pin, "--evidence-command", "exit 3", "a/b/c", check=False)
    assert failing.returncode == 1 and b"evidence command failed" in failing.stderr


def a_broker_in_a_tee_is_judged_by_its_clients():
    with World("tdx") as attested:
        attested.policy("tdx", 1, attested.tee_policy("tdx"))
        attested.put("a/b/c", b"mutual", "tdx")
        attested.serve("--evidence-command", evidence_script())
        judge = [*attested.roots, "--collateral", attested.dir / "collateral"]
        policy = attested.dir / "broker-policy.toml"
        policy.write_text(attested.tee_policy("tdx"))
        get = ["get", "--url", attested.url, "--broker-policy", policy, *judge, "--evidence-command", evidence_script(), "a/b/c"]
        assert attested.broker(*get).stdout == b"mutual"
        policy.write_text(attested.tee_policy("tdx").replace("11", "22"))
        refused = attested.broker(*get, check=False)
        assert refused.returncode == 1 and b"broker's own evidence is not accepted" in refused.stderr, refused.stderr
        plain = world.broker("get", "--url", world.url, "--broker-policy", policy, *judge, "--evidence-command", "true", "a/b/c", check=False)
        assert plain.returncode == 1 and b"no evidence" in plain.stderr, plain.stderr


def a_wrong_store_key_says_so():
    run(BROKER, "new-key", world.dir / "other.key")
    wrong = run(BROKER, "list", "--store", world.dir / "store", "--store-key", f"file:{world.dir}/other.key", check=False)
    assert wrong.returncode == 1 and b"not locked with this key file" in wrong.stderr, wrong.stderr


def a_policy_cannot_go_back():
    world.policy("tdx", 2, world.tee_policy("tdx"))
    try:
        world.policy("tdx", 1, world.tee_policy("tdx"))
        raise AssertionError("an older version was taken")
    except AssertionError as refused:
        assert "rollback" in str(refused)
    bad = world.dir / "bad.toml"
    bad.write_text("no_such_key = 1\n")
    refused = world.broker("policy", "sign", "--name", "x", "--version", 1, "--key", world.dir / "signer.pem", bad, check=False)
    assert refused.returncode == 1 and b"no_such_key" in refused.stderr


def new_collateral_is_read_on_a_signal():
    kept = world.dir / "kept"
    kept.mkdir()
    tee = Tee("tdx")
    collateral = world.dir / "collateral"
    for file in collateral.iterdir():
        file.rename(kept / file.name)
    def answer():
        return run(TOOL, "take", "tdx", world.url, world.pin, "a/b/c").stdout.decode()
    def hang_up():
        before = (world.dir / "broker.log").read_text().count("read anew")
        world.process.send_signal(signal.SIGHUP)
        while (world.dir / "broker.log").read_text().count("read anew") == before:
            pass
    assert answer().startswith("got")
    hang_up()
    assert answer().startswith("refused"), "no collateral, no verdict"
    for file in kept.iterdir():
        file.rename(collateral / file.name)
    hang_up()
    assert answer().startswith("got")
    tee.close()


def the_audit_is_checked_with_and_without_the_key():
    whole = world.audit()
    assert whole.returncode == 0 and b"seals checked" in whole.stdout
    unkeyed = world.broker("audit", "--store", world.dir / "store")
    assert b"seals not checked" in unkeyed.stdout
    head = whole.stdout.decode().split("newest ")[1].split(",")[0]
    assert world.broker("audit", *world.store, "--expect", head).returncode == 0
    other = world.broker("audit", *world.store, "--expect", "00" * 32, check=False)
    assert other.returncode == 1 and b"noted down is not in the log" in other.stdout


def a_broken_log_keeps_the_broker_from_serving():
    with World("tdx") as broken:
        broken.policy("tdx", 1, broken.tee_policy("tdx"))
        run("sqlite3", broken.dir / "store", "DROP TRIGGER audit_rests; UPDATE audit SET time = time + 1 WHERE sequence = 1;")
        done = broken.broker("serve", *broken.store, check=False)
        assert done.returncode == 1 and b"audit log does not hold" in done.stderr, done.stderr
        assert broken.audit().returncode == 1


def it_ends_on_a_signal():
    assert world.stop() == 0
    world.serve()


with world:
    main([curl_talks_to_the_broker, curl_refuses_another_broker, openssl_talks_to_the_broker, get_fetches_a_secret_for_a_command_that_attests,
          a_broker_in_a_tee_is_judged_by_its_clients, a_wrong_store_key_says_so, a_policy_cannot_go_back, new_collateral_is_read_on_a_signal,
          the_audit_is_checked_with_and_without_the_key, a_broken_log_keeps_the_broker_from_serving, it_ends_on_a_signal])
