#!/usr/bin/env python3
"""litebox run --platform=vm from the outside: streams, exit codes, limits, the terminal, and what goes wrong said in words."""
import json
import os
import pathlib
import pty
import select
import subprocess
import tempfile
import time
import unittest

LITEBOX = os.environ.get("LITEBOX", "build/bin/litebox")
PATIENCE = 240


def run(*words, options=(), **more):
    more = {"stdin": subprocess.DEVNULL, **more}
    return subprocess.run([LITEBOX, "run", "--platform=vm", "--memory=128M", *options, "--", *words], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, errors="replace", timeout=PATIENCE, check=False, **more)


class Streams(unittest.TestCase):
    def test_both_streams_and_the_exit_code_come_through(self):
        done = run("sh", "-c", "echo out; echo err >&2; exit 7")
        self.assertEqual((done.stdout, done.returncode), ("out\n", 7))
        self.assertIn("err\n", done.stderr)

    def test_a_signal_is_told_as_the_shell_tells_it(self):
        self.assertEqual(run("sh", "-c", "kill -9 $$").returncode, 137)

    def test_input_reaches_the_program_to_its_end(self):
        text = "".join(f"line {i}\n" for i in range(20000))
        done = run("cat", stdin=None, input=text)
        self.assertEqual((done.stdout, done.returncode), (text, 0))

    def test_input_that_nobody_reads_stays_outside(self):
        with tempfile.TemporaryFile("w+") as file:
            file.write("first\nsecond\n")
            file.flush()
            file.seek(0)
            self.assertEqual(run("true", stdin=file).returncode, 0)
            self.assertEqual(file.read(), "first\nsecond\n")

    def test_a_reader_that_goes_away_ends_the_writer(self):
        with subprocess.Popen([LITEBOX, "run", "--platform=vm", "--memory=128M", "--", "yes"], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            self.assertEqual(process.stdout.readline(), b"y\n")
            process.stdout.close()
            self.assertIsNotNone(process.wait(timeout=PATIENCE))

    def test_much_output_comes_whole(self):
        done = run("seq", "200000")
        self.assertEqual(done.stdout, "".join(f"{i}\n" for i in range(1, 200001)))


class Options(unittest.TestCase):
    def test_a_trace_names_the_calls(self):
        self.assertIn("execve(", run("sh", "-c", "/bin/true", options=["--trace"]).stderr)

    def test_the_report_counts(self):
        done = run("true", options=["--json"])
        report = json.loads(done.stderr.splitlines()[-1])
        self.assertEqual((report["end"], report["exit_code"]), ("exited", 0))
        self.assertGreater(report["guest_calls"], 5)
        self.assertGreater(report["start_us"], 0)

    def test_a_directory_granted_for_writing_keeps_what_is_written(self):
        with tempfile.TemporaryDirectory() as directory:
            done = run("sh", "-c", f"cd {directory} && echo kept > file && mkdir d && mv file d/f && chmod 640 d/f && stat -c %u d/f",
                       options=["--rw", directory])
            self.assertEqual(done.stdout, f"{os.geteuid()}\n", done.stderr)
            kept = pathlib.Path(directory, "d/f")
            self.assertEqual(kept.read_text(), "kept\n")
            self.assertEqual((kept.stat().st_mode & 0o777, kept.stat().st_uid), (0o640, os.geteuid()))

    def test_what_is_written_elsewhere_vanishes(self):
        with tempfile.TemporaryDirectory() as directory:
            self.assertEqual(run("sh", "-c", f"echo x > {directory}/file && cat {directory}/file", options=["--ro", directory]).stdout, "x\n")
            self.assertEqual(os.listdir(directory), [])

    def test_processors_are_what_was_asked_for(self):
        self.assertEqual(run("nproc", options=["--cpus", "2"]).stdout, "2\n")

    def test_processors_are_for_machines_alone(self):
        done = subprocess.run([LITEBOX, "run", "--cpus=2", "--", "true"], capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 125)
        self.assertIn("--platform=vm", done.stderr)

    def test_too_little_memory_is_refused_with_the_least(self):
        done = subprocess.run([LITEBOX, "run", "--platform=vm", "--memory=4M", "--", "true"], capture_output=True, text=True,
                              check=False)
        self.assertEqual(done.returncode, 125)
        self.assertIn("at least 8M", done.stderr)

    def test_denied_calls_are_refused_inside(self):
        with tempfile.NamedTemporaryFile("w") as file:
            file.write("mkdir\nmkdirat\n")
            file.flush()
            done = run("mkdir", "/tmp/x", options=["--deny-calls", file.name])
            self.assertNotEqual(done.returncode, 0)
            self.assertIn("not permitted", done.stderr)

    def test_the_time_limit_ends_a_program_that_does_not_end(self):
        done = run("sh", "-c", "while :; do :; done", options=["--timeout", "5s"])
        self.assertEqual(done.returncode, 124)
        self.assertIn("--timeout", done.stderr)

    def test_a_program_that_is_not_there_is_127(self):
        self.assertEqual(run("no-such-program").returncode, 127)


class Terminal(unittest.TestCase):
    """A person at a terminal, played over a pseudo-terminal."""

    def setUp(self):
        self.child, self.terminal = pty.fork()
        if self.child == 0:
            os.execv(LITEBOX, [LITEBOX, "run", "--platform=vm", "--memory=128M", "-it", "--env", "PS1=ready>", "--", "/bin/sh"])
        self.said = ""
        self.addCleanup(os.close, self.terminal)

    def expect(self, text):
        end = time.monotonic() + PATIENCE
        while text not in self.said:
            self.assertLess(time.monotonic(), end, self.said)
            if select.select([self.terminal], [], [], 1)[0]:
                try:
                    self.said += os.read(self.terminal, 4096).decode("utf-8", "replace")
                except OSError:
                    self.fail("it ended: " + self.said)
        self.said = self.said.split(text, 1)[1]

    def send(self, text):
        os.write(self.terminal, text.encode())

    def test_a_shell_is_talked_to_and_interrupted(self):
        self.expect("ready>")
        self.send("echo $((6 * 7)); tty\n")
        self.expect("42")
        self.expect("/dev/")
        self.send("sleep 1000\n")
        time.sleep(1)
        self.send("\x03")
        self.expect("ready>")
        self.send("exit 3\n")
        self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(self.child, 0)[1]), 3)


if __name__ == "__main__":
    os.environ.setdefault("TERM", "dumb")
    unittest.main()
