"""Runs one of CPython's test modules and prints one JSON line for each test as it ends, so that a crash loses nothing but itself.

usage: cpython_inner.py MODULE SECONDS    (a test that takes longer than SECONDS ends the process)"""
import faulthandler
import json
import os
import sys
import tempfile
import unittest

from test import support
from test.support import os_helper

# Results go to a copy of standard output: tests play with descriptors 1 and 2.
OUTPUT = os.dup(1)


def say(entry):
    os.write(OUTPUT, (json.dumps(entry) + "\n").encode())


class Result(unittest.TestResult):
    def __init__(self, limit):
        super().__init__()
        self.limit = limit

    def startTest(self, test):
        super().startTest(test)
        faulthandler.dump_traceback_later(self.limit, exit=True)
        say({"test": test.id(), "outcome": "started"})
        self.outcome = None

    def stopTest(self, test):
        super().stopTest(test)
        faulthandler.cancel_dump_traceback_later()
        outcome, why = self.outcome or ("ok", "")
        say({"test": test.id(), "outcome": outcome, "why": why})

    def note(self, outcome, why=""):
        # A failing subtest weighs more than the test's own end.
        if self.outcome is None or self.outcome[0] in ("ok", "skipped"):
            self.outcome = (outcome, why)

    @staticmethod
    def words(error):
        return f"{error[0].__name__}: {error[1]}"[:300]

    def addError(self, test, err):
        if not hasattr(self, "outcome") or not isinstance(test, unittest.TestCase):
            say({"test": str(test), "outcome": "error", "why": self.words(err)})  # setUpModule, setUpClass, import
        else:
            self.note("error", self.words(err))

    def addFailure(self, test, err):
        self.note("failed", self.words(err))

    def addSubTest(self, test, subtest, err):
        if err is not None:
            self.note("failed", f"{subtest}: {self.words(err)}")

    def addSkip(self, test, reason):
        if isinstance(test, unittest.TestCase):
            self.note("skipped", reason)
        else:
            say({"test": str(test), "outcome": "skipped", "why": reason})

    def addExpectedFailure(self, test, err):
        self.note("expected failure")

    def addUnexpectedSuccess(self, test):
        self.note("failed", "succeeds unexpectedly")


def main():
    name, limit = sys.argv[1], float(sys.argv[2])
    support.use_resources = []
    support.verbose = 0
    faulthandler.enable(file=os.fdopen(os.dup(2), "w"))
    # A name of its own: the module runs outside and inside at the same time.
    with tempfile.TemporaryDirectory() as directory, os_helper.change_cwd(directory):
        try:
            suite = unittest.defaultTestLoader.loadTestsFromName("test." + name)
        except unittest.SkipTest as skip:
            say({"test": name, "outcome": "skipped", "why": str(skip)})
            return
        suite.run(Result(limit))
    say({"test": name, "outcome": "module ended"})
    support.reap_children()


if __name__ == "__main__":
    main()
