#!/usr/bin/python3
"""The clients of examples/attested_tls talk to code that their policy accepts, and to no other."""
import os
import pathlib
import subprocess

from broker_world import TOOL, World, main

CLIENTS = pathlib.Path(os.environ["CLIENTS"])
world = World("tdx")
world.policy("tdx", 1, world.tee_policy("tdx"))
world.serve("--evidence-command", f"(echo $LITEBOX_REPORT_DATA | {TOOL} attest tdx | tail -n 1 | base64 -d)")
wrong = world.dir / "wrong.toml"
wrong.write_text(world.tee_policy("tdx").replace("11", "22"))


def run(client, policy, root=None):
    return subprocess.run([CLIENTS / f"attested_{client}_client", "127.0.0.1", str(world.port), policy, root or world.dir / "tdx" / "root.der",
                           world.dir / "collateral"], capture_output=True, text=True)


def right_code_is_talked_to():
    for client in ("openssl", "curl", "asio"):
        done = run(client, world.dir / "tdx" / "policy.toml")
        assert done.returncode == 0, (client, done)
        assert ("litebox-broker" if client == "curl" else "accepted") in done.stdout, (client, done)


def wrong_code_is_not():
    for client in ("openssl", "curl", "asio"):
        done = run(client, wrong)
        assert done.returncode == 1, (client, done)
        assert client == "curl" or "out-of-policy" in done.stdout, (client, done)


def nor_is_a_stranger():
    for client in ("openssl", "curl", "asio"):
        assert run(client, world.dir / "tdx" / "policy.toml", world.dir / "broker.pem").returncode == 1, client


with world:
    main([right_code_is_talked_to, wrong_code_is_not, nor_is_a_stranger])
