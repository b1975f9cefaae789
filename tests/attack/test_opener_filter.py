#!/usr/bin/env python3
"""The filter of running openers, from the kernel, against the list of what they need, written down here a second time."""
import os
import struct
import unittest

from sandboxes import Confined, is_guest, is_pid_one, status
from test_filter import ALLOW, KILL, X86_64, filter_of, run

FILES, WRITTEN, END = 64, 64 + 4096, 64 + 4096 + 1024
CLOSE_ON_EXEC, OFD_SET_LOCK = 0o2000000, 37
READING = {"read": 0, "close": 3, "poll": 7, "lseek": 8, "chdir": 80, "fchdir": 81, "fstatfs": 138, "lgetxattr": 192, "llistxattr": 195,
           "getdents64": 217, "restart_syscall": 219, "exit_group": 231, "inotify_add_watch": 254, "inotify_rm_watch": 255, "readlinkat": 267,
           "statx": 332, "openat2": 437}
WRITING = {"lsetxattr": 189, "lremovexattr": 198, "fchownat": 260, "unlinkat": 263, "linkat": 265, "symlinkat": 266, "utimensat": 280,
           "renameat2": 316}
ON_WRITTEN = {"pwrite64": 18, "fsync": 74, "fdatasync": 75, "ftruncate": 77, "fallocate": 285}
FUTEX, FCNTL, MKDIRAT, MKNODAT, FCHMODAT, DUP3, FCHMODAT2 = 202, 72, 258, 259, 268, 292, 452
CONDITIONAL = {FUTEX, FCNTL, MKDIRAT, MKNODAT, FCHMODAT, DUP3, FCHMODAT2, *ON_WRITTEN.values()}
NUMBERS = range(480)


def permitted(number, a, writes):
    if number in READING.values():
        return True
    if number == FUTEX:
        return a[1] in (0, 1)
    if number == DUP3:
        return FILES <= a[1] < END and a[2] == CLOSE_ON_EXEC
    if not writes:
        return False
    if number in WRITING.values():
        return True
    on_written = WRITTEN <= a[0] < END
    if number in ON_WRITTEN.values():
        return on_written
    if number == FCNTL:
        return on_written and a[1] == OFD_SET_LOCK
    if number in (MKDIRAT, FCHMODAT, FCHMODAT2):
        return a[2] & ~0o1777 == 0
    if number == MKNODAT:
        return a[2] & ~0o010777 == 0 or 0o140000 <= a[2] <= 0o140777
    return False


def argument_sets():
    """Around every border that a condition has, in each argument, and in upper halves."""
    values = [0, 1, 2, 3, 37, 38, FILES - 1, FILES, WRITTEN - 1, WRITTEN, END - 1, END, 0o777, 0o1777, 0o2755, 0o4755, 0o010644, 0o012644, 0o020666,
              0o060666, 0o100644, 0o140000, 0o140777, 0o141000, 0o142755, CLOSE_ON_EXEC, CLOSE_ON_EXEC | 1, 2**31, 2**32 - 1, 2**64 - 1]
    values += [v | 1 << 32 for v in (0, 1, 37, FILES, WRITTEN, 0o755, CLOSE_ON_EXEC)]
    for base in ((0,) * 6, (WRITTEN, WRITTEN, CLOSE_ON_EXEC, 0, 0, 0), (WRITTEN, OFD_SET_LOCK, 0o644, 0, 0, 0), (0, FILES, CLOSE_ON_EXEC, 0, 0, 0)):
        for place in range(6):
            for value in values:
                yield base[:place] + (value,) + base[place + 1:]


def judge(program, number, arguments, architecture=X86_64):
    return run(program, struct.pack("<IIQ6Q", number & 2**32 - 1, architecture, 0x400000, *arguments))


@unittest.skipUnless(os.geteuid() == 0, "only root looks into processes that are not dumpable")
class OpenerFilter(Confined, unittest.TestCase):
    def openers(self, *options):
        supervisor = self.start("--quiet", *options, "--", "sleep", "600")
        processes = self.wait_for_guests(supervisor)
        found = [p for p in processes if not is_guest(p) and not is_pid_one(p) and status(p).get("Seccomp") == "2"]
        self.assertTrue(found, "no opener is behind a filter")
        return found

    def check(self, program, writes):
        everything = list(argument_sets())
        for number in NUMBERS:
            # Most numbers are decided by themselves.
            for arguments in everything if number in CONDITIONAL else everything[::97]:
                expected = ALLOW if permitted(number, arguments, writes) else KILL
                self.assertEqual(judge(program, number, arguments), expected, (number, arguments))

    def test_what_openers_do_without_a_directory_for_writing(self):
        for opener in self.openers():
            self.check(filter_of(opener), False)

    def test_what_openers_do_with_one(self):
        (self.here / "out").mkdir()
        self.check(filter_of(self.openers("--rw", self.here / "out")[0]), True)

    def test_other_architectures_and_numbers(self):
        program = filter_of(self.openers()[0])
        for architecture in (0x40000003, 0, 0xC00000B7):
            self.assertEqual(judge(program, 3, (0,) * 6, architecture), KILL)
        for number in (0x40000000, 0x40000003, 2**31, 2**32 - 1):
            self.assertEqual(judge(program, number, (0,) * 6), KILL)


if __name__ == "__main__":
    unittest.main(verbosity=1)
