#!/usr/bin/env python3
"""The invoker's terminal under a sandbox: suspended and continued, escaped from, left as it was, on pseudo-terminals."""
import os
import pathlib
import signal
import sys
import termios
import time
import unittest

from test_cli import LITEBOX, Case, OnTerminal


def states(supervisor):
    found = []
    for child in pathlib.Path(f"/proc/{supervisor}/task/{supervisor}/children").read_text().split():
        found.append(pathlib.Path(f"/proc/{child}/stat").read_text().rsplit(")", 1)[1].split()[0])
    return found


class Escape(Case):
    RAW = "stty raw -echo; echo ready; "

    def start(self, script):
        t = OnTerminal([LITEBOX, "run", "--quiet", "--", "sh", "-c", self.RAW + script], self.here)
        t.expect("ready")
        time.sleep(0.3)
        return t

    def test_ends_a_program_that_hangs(self):
        t = self.start("trap '' INT TERM HUP; while :; do sleep 1; done")
        t.send("\x03\x03typed\r~.")
        self.assertEqual(t.end(), 137)

    def test_only_at_the_beginning_of_a_line(self):
        t = self.start("dd bs=1 count=12 2>/dev/null | od -An -c; exit 6")
        t.send("a~.b\r~~~x\r~y\r")
        t.expect(r"a\s+~\s+\.\s+b\s+\\r\s+~\s+~\s+x\s+\\r\s+~\s+y\s+\\r")
        self.assertEqual(t.end(), 6)

    def test_suspends(self):
        t = OnTerminal(["bash", "--norc", "-i"], self.here)
        t.expect(r"\$ ")
        t.send(f"{LITEBOX} run --quiet -- sh -c '{self.RAW} dd bs=1 count=2 2>/dev/null; exit 3'\n")
        t.expect("ready\r?\n")
        time.sleep(0.5)
        t.send("\r~\x1a")
        t.expect("Stopped")
        t.send("stty -a | grep -o ' icanon'; fg\n")
        t.expect("icanon")
        time.sleep(0.5)
        t.send("x")
        time.sleep(0.5)
        t.send("echo code $?\n")
        t.expect("code [03]")
        t.send("exit\n")
        t.end()


class Suspended(Case):
    @staticmethod
    def soon(supervisor, enough):
        """The states of its processes once they are as wished, or as they are after a while."""
        for _ in range(100):
            found = set(states(supervisor))
            if enough(found):
                break
            time.sleep(0.05)
        return found

    def test_every_process_stops_and_goes_on(self):
        t = OnTerminal(["bash", "--norc", "-i"], self.here)
        t.expect(r"\$ ")
        t.send(f"{LITEBOX} run --quiet -- sh -c 'sleep 30 & sleep 31 & echo up; wait' & echo $!; fg\n")
        supervisor = int(t.expect(r"(\d+)\r\n").group(1))
        t.expect("up")
        time.sleep(0.3)
        t.send("\x1a")
        t.expect("Stopped")
        self.assertEqual(self.soon(supervisor, lambda found: set(found) == {"T"}), {"T"})
        t.send("fg\n")
        t.expect("fg")
        self.assertNotIn("T", self.soon(supervisor, lambda found: "T" not in found))
        t.send("\x03")
        t.expect(r"\$ ")
        t.send("exit\n")
        t.end()

    def background(self, command):
        t = OnTerminal(["bash", "--norc", "-i"], self.here)
        t.expect(r"\$ ")
        t.send(f"{LITEBOX} run --quiet -- {command} &\n")
        time.sleep(1.5)
        t.send("jobs\n")
        t.expect("Stopped")
        mode = termios.tcgetattr(t.descriptor)
        t.send("kill -9 %1; sleep 0.5; exit\n")
        time.sleep(1)
        t.send("exit\n")
        t.end()
        return mode

    def test_reading_in_the_background_waits_for_the_foreground(self):
        self.background("cat")

    def test_the_background_does_not_change_the_terminal(self):
        mode = self.background("sh -c 'stty raw -echo; sleep 20'")
        self.assertTrue(mode[3] & termios.ISIG)


class Interrupts(Case):
    def test_the_second_ends_a_program_that_ignores_them(self):
        t = OnTerminal([LITEBOX, "run", "--quiet", "--", "sh", "-c", "trap '' INT; echo up; while :; do sleep 1; done"], self.here)
        t.expect("up")
        t.send("\x03")
        time.sleep(0.5)
        t.send("\x03")
        self.assertIn(t.end(), (130, -signal.SIGINT))

    def test_a_prompt_takes_many_over_time(self):
        t = OnTerminal([LITEBOX, "run", "--quiet", "--", "python3", "-q"], self.here)
        t.expect(">>> ")
        for _ in range(2):
            t.send("\x03")
            t.expect("KeyboardInterrupt")
            t.expect(">>> ")
            time.sleep(3.3)
        t.send("print(40 + 2)\n")
        t.expect("42")
        t.expect(">>> ")
        t.send("\x04")
        self.assertEqual(t.end(), 0)


class Afterwards(Case):
    def after(self, words, typed):
        """What a shell reads behind a sandbox that ran meanwhile."""
        t = OnTerminal(["bash", "-c", f"{LITEBOX} run --quiet -- {words}; if read -t 1 x; then echo \"got:$x\"; else echo clean; fi"], self.here)
        typed(t)
        found = t.expect(r"got:(\S*)|clean")
        t.end()
        return found.group(0)

    def test_a_terminals_answer_is_no_command(self):
        def answer(t):
            t.expect(r"\x1b\[6n")
            t.send("\x1b[1;1R\n")
        self.assertEqual(self.after("printf '\\033[6n'", answer), "clean")

    def test_what_was_typed_ahead_is_still_there(self):
        def type_ahead(t):
            t.expect("up")
            t.send("ahead\n")
        self.assertEqual(self.after("sh -c 'echo up; sleep 1'", type_ahead), "got:ahead")

    def test_all_output_arrives(self):
        t = OnTerminal([LITEBOX, "run", "--quiet", "--", "sh", "-c", "stty raw; seq 1 20000; echo the end"], self.here)
        t.expect("19999")
        t.expect("the end")
        self.assertEqual(t.end(), 0)

    def test_the_terminal_after_the_supervisor_was_killed(self):
        t = OnTerminal(["bash", "--norc", "-i"], self.here)
        t.expect(r"\$ ")
        before = termios.tcgetattr(t.descriptor)[3]
        t.send(f"{LITEBOX} run --quiet -- sh -c 'stty raw -echo; echo up; sleep 30'; echo ended\n")
        t.expect("up\r?\n")
        supervisor = int(pathlib.Path(f"/proc/{t.pid}/task/{t.pid}/children").read_text().split()[0])
        self.assertFalse(termios.tcgetattr(t.descriptor)[3] & termios.ICANON)
        os.kill(supervisor, signal.SIGKILL)
        t.expect("ended")
        for _ in range(100):
            if termios.tcgetattr(t.descriptor)[3] & termios.ECHO == before & termios.ECHO:
                break
            time.sleep(0.05)
        t.send("exit\n")
        t.end()


if __name__ == "__main__":
    if not os.access(LITEBOX, os.X_OK):
        sys.exit(f"{LITEBOX} is not there: run make first")
    unittest.main(verbosity=1)
