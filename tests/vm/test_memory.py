#!/usr/bin/env python3
"""Memory of the VM platform: mapped files, programs that take all there is of something, and how little is enough."""
import os
import pathlib
import subprocess
import tempfile
import time
import unittest

LITEBOX, GUESTS, PROGRAM = os.environ["LITEBOX"], pathlib.Path(os.environ["GUESTS"]), pathlib.Path(os.environ["PROGRAM"])
LONG = bool(os.environ.get("LITEBOX_LONG_TESTS"))
PATIENCE = 1500 if LONG else 300


def command(*words, options=()):
    return [LITEBOX, "run", "--platform=vm", "--ro", str(GUESTS), *options, "--", *map(str, words)]


def inside(*words, options=()):
    return subprocess.run(command(*words, options=options), capture_output=True, text=True, timeout=PATIENCE, stdin=subprocess.DEVNULL)


class MappedFiles(unittest.TestCase):
    SIZE = 48 << 20

    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory, self.file = directory.name, pathlib.Path(directory.name, "file")

    def files(self, what, memory):
        done = inside(GUESTS / "vm_guest_files", self.file, what, options=("--rw", self.directory, "--memory", memory))
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def test_pages_behind_the_end_of_a_shortened_file_are_gone_as_on_linux(self):
        self.file.write_bytes(b"x" * 40000)
        native = subprocess.run([GUESTS / "vm_guest_files", self.file, "cut"], capture_output=True, text=True, check=True).stdout
        self.file.write_bytes(b"x" * 40000)
        self.assertEqual(self.files("cut", "64M"), native)

    @unittest.skipUnless(LONG, "long")
    def test_a_file_larger_than_memory_is_read_through_a_mapping(self):
        self.file.write_bytes(os.urandom(1 << 20) * (self.SIZE >> 20))
        sums = self.files("many", "32M").split()
        native = subprocess.run([GUESTS / "vm_guest_files", self.file, "many"], capture_output=True, text=True, check=True)
        self.assertEqual(sums, native.stdout.split())

    @unittest.skipUnless(LONG, "long")
    def test_more_than_memory_is_written_through_a_mapping(self):
        os.truncate(os.open(self.file, os.O_CREAT | os.O_WRONLY), self.SIZE)
        self.assertEqual(self.files("dirty", "32M"), f"{self.SIZE} written\n")
        self.assertEqual(self.file.read_bytes(), b"d" * self.SIZE)

    def test_changes_through_a_mapping_reach_the_host_without_being_asked_for(self):
        self.file.write_bytes(b"x" * 4096)
        program = command(GUESTS / "vm_guest_files", self.file, "changed", options=("--rw", self.directory))
        with subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as running:
            self.addCleanup(running.kill)
            self.assertEqual(running.stdout.readline(), "changed\n")
            end = time.monotonic() + PATIENCE
            while not self.file.read_bytes().startswith(b"changed"):
                self.assertLess(time.monotonic(), end)
                self.assertIsNone(running.poll())
                time.sleep(0.2)
            running.stdin.close()
            self.assertEqual(running.wait(PATIENCE), 0)


class Exhaustion(unittest.TestCase):
    # Caches (dead thread blocks, slabs) may grow a little.
    SLACK_KIB = 400

    def stress(self, *words, memory, more=()):
        done = inside(GUESTS / "vm_guest_stress", *words, options=("--memory", memory, *more))
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def ends_and_gives_back(self, *words, memory):
        lines = self.stress(*words, memory=memory).splitlines()
        self.assertEqual(lines[:2], ["ended by signal 9"] * 2)
        before, after = map(int, lines[2].split())
        self.assertGreater(after, before - self.SLACK_KIB)

    def test_page_tables_of_two_mebibytes_each_end_the_program_that_wants_them(self):
        self.ends_and_gives_back("tables", 2 << 20, memory="32M")

    @unittest.skipUnless(LONG, "long")
    def test_page_tables_of_a_gibibyte_each_end_the_program_that_wants_them(self):
        self.ends_and_gives_back("tables", 1 << 30, memory="32M")

    @unittest.skipUnless(LONG, "long")
    def test_a_system_call_that_finds_no_memory_for_its_answer_ends_a_program(self):
        self.ends_and_gives_back("copy", memory="32M")

    @unittest.skipUnless(LONG, "long")
    def test_ten_thousand_threads_run_and_are_joined(self):
        self.assertEqual(self.stress("threads", 10000, memory="768M", more=("--cpus", "2", "--processes", "11000")), "10000 threads\n")

    def test_threads_for_which_there_is_no_memory_are_refused_or_end_their_program(self):
        done = inside(GUESTS / "vm_guest_stress", "threads", 10000, options=("--memory", "32M", "--processes", "11000"))
        if done.returncode == 0:
            self.assertRegex(done.stdout, r"^thread \d+: Resource temporarily unavailable\n$")
        else:
            self.assertEqual((done.returncode, done.stdout), (137, ""), done.stderr)


class RealTime(unittest.TestCase):
    def test_a_thread_of_the_highest_priority_leaves_others_a_part_of_the_processor(self):
        done = inside(GUESTS / "vm_guest_stress", "realtime", options=("--cpus", "1"))
        self.assertEqual((done.stdout, done.returncode), ("the other came first\n", 0), done.stderr)


class Little(unittest.TestCase):
    def test_eight_mebibytes_are_enough_for_a_static_program(self):
        done = inside(PROGRAM, options=("--ro", str(PROGRAM.parent), "--memory", "8M"))
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_twenty_four_mebibytes_are_enough_for_python(self):
        done = inside("python3", "-c", "print(6 * 7)", options=("--memory", "24M"))
        self.assertEqual((done.stdout, done.returncode), ("42\n", 0), done.stderr)


if __name__ == "__main__":
    unittest.main()
