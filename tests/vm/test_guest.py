#!/usr/bin/env python3
"""A hostile program in ring 3: what it may not do ends as on Linux, and the machine goes on."""
import os
import pathlib
import subprocess
import unittest

LITEBOX, GUESTS = os.environ["LITEBOX"], pathlib.Path(os.environ["GUESTS"])
PATIENCE = 300
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


if __name__ == "__main__":
    unittest.main()
