#!/usr/bin/python3
"""The broker is killed at random moments while it releases and while secrets are put: no stored secret is lost, none that may be
released once is released twice, and the audit log stays whole."""
import random
import signal
import subprocess
import threading
import time

from broker_world import BROKER, TOOL, World, main, run

ROUNDS = 16
NEW_EACH_ROUND = 8


def put_until_killed(world, prefix, stored, stop):
    """Puts secrets by commands of their own, one of which is killed too; `stored` are those that were said to be stored."""
    number = 0
    while not stop.is_set():
        name, value = f"put/{prefix}/{number}", f"value of {prefix} {number}"
        process = subprocess.Popen([BROKER, "put", *map(str, world.store), "--policy", "tdx", name], stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        if number % 3 == 2:
            threading.Timer(random.uniform(0, 0.05), process.kill).start()
        out, _ = process.communicate(value.encode())
        if process.returncode == 0 and out.startswith(b"put "):
            stored[name] = value
        number += 1


class Taker:
    """A client that takes secrets one after the other until its broker is gone."""

    def __init__(self, world, names):
        self.got, self.ended = [], False
        self.process = subprocess.Popen([TOOL, "take", "tdx", world.url, world.pin, *names], stdout=subprocess.PIPE, text=True)
        self.thread = threading.Thread(target=self.read)
        self.thread.start()

    def read(self):
        for line in self.process.stdout:
            word, name, rest = line.rstrip("\n").split(" ", 2)
            if word == "got":
                self.got.append((name, rest))
        self.process.wait()
        self.process.stdout.close()
        self.ended = True


def no_secret_is_lost_and_none_released_twice():
    random.seed()
    with World("tdx") as world:
        world.policy("tdx", 1, world.tee_policy("tdx"))
        once, got, stored = [], {}, {}
        for round_number in range(ROUNDS):
            for i in range(NEW_EACH_ROUND):
                once.append(f"once/secret/{round_number}-{i}")
                world.put(once[-1], once[-1].encode(), "tdx", "--once")
            world.serve("--threads", "2")
            stop = threading.Event()
            putter = threading.Thread(target=put_until_killed, args=(world, round_number, stored, stop))
            putter.start()
            takers = [Taker(world, random.sample(once[-3 * NEW_EACH_ROUND:], min(len(once), 3 * NEW_EACH_ROUND))) for _ in range(3)]
            # A release is some milliseconds, and this is among the first of the round, most often while others are on their way.
            while not any(taker.got or taker.ended for taker in takers):
                time.sleep(0.001)
            time.sleep(random.uniform(0.0, 0.03))
            world.stop(signal.SIGKILL)
            stop.set()
            for taker in takers:
                taker.thread.join()
                for name, value in taker.got:
                    assert value == name, f"{name} has another value: {value}"
                    got[name] = got.get(name, 0) + 1
            putter.join()
            audit = world.audit()
            assert audit.returncode == 0, f"round {round_number}: {audit.stdout.decode()}"
        twice = {name: count for name, count in got.items() if count > 1}
        assert not twice, f"released more than once: {twice}"
        listed = run(BROKER, "list", *world.store).stdout.decode()
        missing = [name for name in stored if f"{name}  policy" not in listed]
        assert not missing, f"said to be stored, and lost: {missing}"
        released = [line.split()[0] for line in listed.splitlines() if line.endswith("once, released")]
        assert set(got) <= set(released), "released, and not marked"
        # What was stored can still be had, with its value.
        world.serve()
        names = random.sample(sorted(stored), min(10, len(stored)))
        taken = run(TOOL, "take", "tdx", world.url, world.pin, *names).stdout.decode().splitlines()
        assert sorted(taken) == sorted(f"got {name} {stored[name]}" for name in names), taken
        # And those whose client was cut off go out again only after an operator re-armed them.
        cut_off = sorted(set(released) - set(got)) or [released[0]]
        assert "refused" in run(TOOL, "take", "tdx", world.url, world.pin, cut_off[0]).stdout.decode()
        world.broker("rearm", *world.store, cut_off[0])
        assert run(TOOL, "take", "tdx", world.url, world.pin, cut_off[0]).stdout.decode().startswith("got ")
        print(f"{ROUNDS} kills, {len(got)} of {len(once)} released, {len(released) - len(got)} cut off, {len(stored)} stored meanwhile")


main([no_secret_is_lost_and_none_released_twice])
