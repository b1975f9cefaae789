#!/usr/bin/env python3
"""How many secrets the broker releases a second on one core, over kept-alive connections, for each technology's evidence.

One release is all that it is for a real client: a nonce of its own, evidence made for that nonce and that TLS channel, a whole
verification against the policy, the audit entry on disk before the secret leaves. The figure is releases for each second of
processor time that the broker's process used, its writing thread and the kernel's work for it included; on an idle machine with the
clients on other cores that is what one core gives, and on a busy one it still is."""
import json
import os
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
os.environ.setdefault("BROKER", str(ROOT / "build/bin/litebox-broker"))
os.environ.setdefault("BROKER_TOOL", str(ROOT / "build/tests/broker_tool"))
sys.path.insert(0, str(ROOT / "tests/attest"))
import broker_world  # noqa: E402

WANTED = {"sgx": 1000, "tdx": 1000, "snp": 900}
CONNECTIONS, SECONDS, ROUNDS = 32, 3, 3


def processor_seconds(process):
    fields = open(f"/proc/{process.pid}/stat").read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure(tee):
    with broker_world.World(tee) as world:
        world.policy(tee, 1, world.tee_policy(tee))
        world.put("bench/secret/one", b"x" * 32, tee)
        world.serve("--threads", "1")
        rates, walls = [], []
        for _ in range(ROUNDS):
            before = processor_seconds(world.process)
            done = broker_world.run(broker_world.TOOL, "load", tee, world.url, world.pin, "bench/secret/one", CONNECTIONS, SECONDS)
            found = json.loads(done.stdout)
            rates.append(found["releases"] / (processor_seconds(world.process) - before))
            walls.append(found["releases"] / found["seconds"])
        assert world.audit().returncode == 0
        return max(rates), max(walls)


def main():
    print("broker: secrets released a second of one core (processor time of the broker; in brackets: by the clock, clients on the same machine)")
    missed = 0
    for tee, wanted in WANTED.items():
        rate, wall = measure(tee)
        missed |= rate < wanted
        print(f"  {tee}: {rate:6.0f}  ({wall:.0f})  wanted {wanted}{'' if rate >= wanted else '  MISSED'}", flush=True)
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
