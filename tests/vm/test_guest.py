#!/usr/bin/env python3
"""A hostile program in ring 3: what it may not do ends as on Linux, and the machine goes on."""
import os
import pathlib
import subprocess
import unittest

LITEBOX, GUESTS = os.environ["LITEBOX"], pathlib.Path(os.environ["GUESTS"])
PATIENCE = 1500 if os.environ.get("LITEBOX_LONG_TESTS") else 300
# The emulator does not check alignment.
NOT_EMULATED = ("alignment:",)


def inside(*words, options=()):
    return subprocess.run([LITEBOX, "run", "--platform=vm", "--ro", str(GUESTS), *options, "--", *map(str, words)],
                          capture_output=True, text=True, timeout=PATIENCE, stdin=subprocess.DEVNULL)


class Hostile(unittest.TestCase):
    def compare(self, *options):
        program = GUESTS / "vm_guest_hostile"
        native = subprocess.run([program], capture_output=True, text=True, timeout=PATIENCE).stdout
        done = inside(program, options=options)
        self.assertEqual(done.returncode, 0, done.stderr)
        lines = [[line for line in text.splitlines() if not line.startswith(NOT_EMULATED)] for text in (native, done.stdout)]
        self.assertEqual(*lines)

    def test_privileged_instructions_bad_addresses_stacks_and_flags_end_as_on_linux(self):
        self.compare()

    def test_the_same_with_several_processors(self):
        self.compare("--cpus", "4")


class Memory(unittest.TestCase):
    """What processes had is free again when they have ended: a leak would grow with the rounds."""
    LONG = bool(os.environ.get("LITEBOX_LONG_TESTS"))
    # Caches (dead thread blocks, slabs) may still grow a little; a frame lost per round would be far more.
    SLACK_KIB = 400

    def rounds(self, what, count, memory):
        done = inside(GUESTS / "vm_guest_memory", what, count, options=("--memory", memory, "--cpus", "1"))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stdout, r"^\d+ \d+\n$")
        before, after = map(int, done.stdout.split())
        self.assertGreater(after, before - self.SLACK_KIB)

    def test_fork_and_exec_leave_the_free_frames_as_they_were(self):
        self.rounds("forks", 10000 if self.LONG else 300, "64M")

    def test_processes_ended_for_lack_of_memory_leave_the_free_frames_as_they_were(self):
        self.rounds("ends", 1000 if self.LONG else 20, "32M")


if __name__ == "__main__":
    unittest.main()
