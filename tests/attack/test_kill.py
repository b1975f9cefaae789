#!/usr/bin/env python3
"""Any host process of a sandbox killed from outside at a random moment under load, its supervisor included: everything of that sandbox is
gone within a second, nothing else is touched, the terminal is as before, and the reason is printed unless the supervisor was the one."""
import os
import pathlib
import pty
import random
import select
import termios
import time
import unittest

import sandboxes
from sandboxes import Confined, children, gone, is_pid_one, send, status, twice

MOMENTS = int(os.environ.get("LITEBOX_KILLS", "500" if os.environ.get("LITEBOX_LONG_TESTS") else "15"))
# A second, and what a loaded machine needs to look.
SECOND = 1.0
SLACK = 4.0


def rings_inode(process):
    """Of the memory file that supervisor, openers and guests of one sandbox all map."""
    try:
        for line in pathlib.Path(f"/proc/{process}/maps").read_text().splitlines():
            if "litebox-rings" in line:
                return line.split()[4]
    except OSError:
        pass
    return None


def who_maps(inode):
    found = []
    for entry in os.listdir("/proc"):
        if entry.isdigit() and not gone(int(entry)) and rings_inode(entry) == inode:
            found.append(int(entry))
    return found


@twice
class Killed(Confined):
    LOADS = {
        "many processes": ["./stress", "hold", "30"],
        "a raw terminal": ["sh", "-c", "stty raw -echo; while :; do ls -R /usr/share/doc >/dev/null; echo x; done"],
        "a prompt": ["sh", "-c", "while read line; do echo $line; done"],
    }

    def setUp(self):
        super().setUp()
        # Whoever has lost its supervisor comes to us, so that nobody depends on how well this host's init looks after orphans.
        sandboxes.libc.prctl(36, 1, 0, 0, 0)

    def reap(self):
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            pass

    def test_at_random_moments(self):
        chosen = random.Random(os.getpid())
        self.longest = 0.0
        self.counts = {"supervisor": 0, "PID 1": 0, "opener or guest": 0, "watcher": 0}
        for moment in range(MOMENTS):
            load = list(self.LOADS)[moment % len(self.LOADS)]
            with self.subTest(moment=moment, load=load):
                self.one_moment(load, chosen)
        print(f"killed as {self.identity}: {self.counts}; all gone after {self.longest:.2f} s at most")

    def start_on_terminal(self, words):
        """A supervisor on a pseudo-terminal of its own, in a session of its own, with the error output apart."""
        master, slave = pty.openpty()
        before = termios.tcgetattr(slave)
        read, write = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.setsid()
            for number in (0, 1):
                os.dup2(slave, number)
            os.dup2(write, 2)
            sandboxes.libc.ioctl(0, termios.TIOCSCTTY, 0)
            os.closerange(3, 256)
            os.chdir(self.here)
            os.execvp(words[0], words)
        os.close(write)
        return pid, master, slave, before, read

    def one_moment(self, load, chosen):
        pid, master, slave, before, errors = self.start_on_terminal(self.command("run", "--quiet", "--rw", ".", "--", *self.LOADS[load]))
        try:
            self.drain(master, chosen.uniform(0.002, 0.4))
            inode = rings_inode(pid)
            targets = [p for p in children(pid) if not gone(p)] + [pid]
            target = pid if chosen.random() < 0.25 else chosen.choice(targets)
            others = [p for p in targets if p != pid]
            kind = ("supervisor" if target == pid else "PID 1" if is_pid_one(target) else
                    "watcher" if load == "a raw terminal" and status(target).get("Name", "").startswith("litebox") else "opener or guest")
            send(target)
            struck = time.monotonic()
            ended = self.wait_for(pid, master, target)
            if ended == 0:
                kind, struck = "supervisor", time.monotonic()
            left = self.wait_until_gone(inode, others, master, struck)
            self.longest = max(self.longest, time.monotonic() - struck)
            self.assertEqual(left, [], f"still there {time.monotonic() - struck:.1f} s after {kind} was killed: {[status(p).get('Name') for p in left]}")
            self.assert_terminal(slave, before, master)
            text = self.read_all(errors)
            self.counts[kind] += 1
            if target != pid and ended != 0:
                self.assertEqual(os.waitstatus_to_exitcode(ended), 125, (kind, text))
                self.assertRegex(text, r"^litebox: ", kind)
        finally:
            send(pid)
            for descriptor in (master, slave, errors):
                os.close(descriptor)
            self.reap()
        self.assertIsNone(self.canary.poll(), "a process outside was harmed")

    def drain(self, master, seconds):
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            if select.select([master], [], [], left)[0]:
                os.read(master, 65536)

    def wait_for(self, pid, master, target):
        """The supervisor's status; 0 if what was killed was on its way out anyhow, and the sandbox lives."""
        end = time.monotonic() + SECOND + SLACK
        while time.monotonic() < end:
            done, result = os.waitpid(pid, os.WNOHANG)
            if done:
                return result
            self.drain(master, 0.005)
        if target != pid and target not in children(pid):
            send(pid)
            os.waitpid(pid, 0)
            return 0
        raise AssertionError("the supervisor goes on")

    def wait_until_gone(self, inode, others, master, struck):
        while True:
            self.reap()
            left = [p for p in others if not gone(p) and rings_inode(p) == inode]
            if not left:
                left = who_maps(inode) if inode else []
            if not left or time.monotonic() - struck > SECOND + SLACK:
                return left
            self.drain(master, 0.01)

    def assert_terminal(self, slave, before, master):
        end = time.monotonic() + SECOND + SLACK
        while termios.tcgetattr(slave) != before and time.monotonic() < end:
            self.drain(master, 0.01)
        self.assertEqual(termios.tcgetattr(slave), before, "the terminal is not as before")

    @staticmethod
    def read_all(descriptor):
        text = b""
        while select.select([descriptor], [], [], 0.2)[0]:
            piece = os.read(descriptor, 65536)
            if not piece:
                break
            text += piece
        return text.decode("utf-8", "replace")


if __name__ == "__main__":
    unittest.main(verbosity=1)
