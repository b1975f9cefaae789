#!/usr/bin/env python3
"""8 processes of 8 threads fork, vfork, exec, truncate mapped files, stop, continue and kill -9 each other at random; afterwards no lock
is held, memory is as free as before, and a new process starts."""
import os
import unittest

from sandboxes import Confined, twice

SECONDS = 60 if os.environ.get("LITEBOX_LONG_TESTS") else 8


@twice
class Stress(Confined):
    def test_processes_and_threads_against_each_other(self):
        done = self.run_litebox("run", "--quiet", "--memory", "2G", "--", "./stress", SECONDS, timeout=SECONDS + 240)
        print(done.stdout.strip())
        self.assertEqual(done.returncode, 0, (done.stdout, done.stderr))


if __name__ == "__main__":
    unittest.main(verbosity=1)
