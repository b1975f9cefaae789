#!/usr/bin/env python3
"""A guest that scribbles in the rings while supervisor and opener serve them: lengths that lie, garbage, requests that change while they
are read, rings held full. It ends or it does not; nothing outside is touched, and nothing it says steers a terminal."""
import os
import subprocess
import unittest

from sandboxes import USER, Confined, twice

SECONDS = "1"


@twice
class Rings(Confined):
    def setUp(self):
        super().setUp()
        self.granted = self.here / "granted"
        self.granted.mkdir()
        (self.granted / "out").mkdir()
        (self.granted / "a").write_text("a file")
        os.symlink("../outside", self.granted / "link")
        self.outside = self.here / "outside"
        self.outside.write_text("outside")
        if self.identity == "user" and os.geteuid() == 0:
            for path in (self.granted, self.granted / "out", self.granted / "a"):
                os.chown(path, USER, USER)
        self.before = self.tree()

    def tree(self):
        return {p.name: (p.stat().st_mode, p.read_bytes()) for p in self.here.iterdir() if p.is_file()}

    def attack(self, name, *options, output=subprocess.PIPE):
        done = self.run_litebox("run", "--rw", str(self.granted), "--timeout", "3s", *options, "--", "./hostile_rings", name, SECONDS,
                                capture_output=False, stdout=output, stderr=subprocess.PIPE, text=False, errors=None)
        self.assertIn(done.returncode, (0, 124, 125, 137), done.stderr)
        if done.returncode:
            self.assertTrue(done.stderr.startswith(b"litebox: "), done.stderr)
        self.assertNotRegex(done.stderr, rb"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
        self.assertTrue(self.tree() == self.before, "files outside the grant were changed")
        return done

    def test_lengths_and_counters_of_the_output_ring(self):
        for _ in range(5):
            done = self.attack("output")
            if done.returncode == 125:
                self.assertIn(b"rules of its rings", done.stderr)

    def test_counters_of_the_input_ring(self):
        self.attack("input")

    def test_requests_for_files_that_lie(self):
        self.attack("files")

    def test_requests_that_race_with_their_own_memory(self):
        self.attack("races")

    def test_rings_held_full(self):
        self.attack("full")

    def test_state_that_lies(self):
        self.attack("state")

    def test_garbage_all_over(self):
        self.attack("scribble")

    def test_escapes_in_reports(self):
        done = self.attack("escapes", output=subprocess.DEVNULL)
        self.assertIn(b"\\x1b]0;owned\\x07", done.stderr)
        self.attack("escapes", f"--trace={self.granted}/log", output=subprocess.DEVNULL)
        self.assertNotIn(b"\x1b", (self.granted / "log").read_bytes())

    def test_a_state_that_does_not_exist(self):
        for number in (3, 7, 0xffff):
            done = self.run_litebox("run", "--timeout", "30s", "--", "./hostile_rings", "state-number", number)
            self.assertEqual(done.returncode, 125)
            self.assertIn("rules of its rings", done.stderr)

    def test_a_reason_that_steers_the_terminal(self):
        done = self.run_litebox("run", "--timeout", "30s", "--", "./hostile_rings", "reason", 1)
        self.assertEqual(done.returncode, 125)
        self.assertIn("the library OS stopped: ??", done.stderr)
        self.assertNotIn("\x1b", done.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=1)
