#!/usr/bin/env python3
"""What the host changes in a granted directory is seen inside, and what has not changed is not asked for again."""
import json
import os
import pathlib
import re
import struct
import subprocess
import sys
import threading
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "attack"))
import sandboxes  # noqa: E402
from sandboxes import Confined, twice  # noqa: E402

# Answers one line of Python after another: the test and the guest take turns.
GUEST = """
import errno, json, os, sys
def attempt(call, *arguments):
    try: return call(*arguments)
    except OSError as e: return errno.errorcode[e.errno]
def read(path):
    with open(path) as f: return f.read()
kept = {}
for line in sys.stdin:
    print(json.dumps(attempt(lambda: eval(line)), default=str), flush=True)
"""


class Granted(Confined):
    options = ()

    def setUp(self):
        super().setUp()
        self.grant = self.here / "grant"
        self.grant.mkdir(mode=0o755)
        self.own(self.grant)

    def own(self, *paths):
        if self.identity == "user" and os.geteuid() == 0:
            for path in paths:
                os.lchown(path, sandboxes.USER, sandboxes.USER)

    def converse(self, kind="--ro"):
        process = self.start("--quiet", *self.options, kind, self.grant, "--cwd", self.grant, "--", "python3", "-c", GUEST, cwd="/",
                             stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.stdin.close)

        def ask(expression):
            process.stdin.write(expression + "\n")
            process.stdin.flush()
            return json.loads(process.stdout.readline())
        return ask


@twice
class Changes(Granted):
    def test_contents_between_two_reads(self):
        (self.grant / "file").write_text("first")
        ask = self.converse()
        self.assertEqual(ask("read('file')"), "first")
        for text in ("second", "3", "a longer text than before", ""):
            (self.grant / "file").write_text(text)
            self.assertEqual((ask("os.stat('file').st_size"), ask("read('file')")), (len(text), text))

    def test_contents_of_an_open_file(self):
        (self.grant / "file").write_text("first")
        ask = self.converse()
        self.assertEqual(ask("kept.setdefault('f', os.open('file', os.O_RDONLY)) >= 0"), True)
        with open(self.grant / "file", "r+") as file:
            file.write("FIRST and more")
        self.assertEqual((ask("os.fstat(kept['f']).st_size"), ask("os.pread(kept['f'], 100, 0).decode()")), (14, "FIRST and more"))
        os.truncate(self.grant / "file", 3)
        self.assertEqual((ask("os.fstat(kept['f']).st_size"), ask("os.pread(kept['f'], 100, 0).decode()")), (3, "FIR"))

    def test_a_file_that_is_replaced(self):
        (self.grant / "file").write_text("old")
        ask = self.converse()
        self.assertEqual((ask("read('file')"), ask("kept.setdefault('f', os.open('file', os.O_RDONLY)) >= 0")), ("old", True))
        (self.grant / "new").write_text("replaced")
        os.rename(self.grant / "new", self.grant / "file")
        self.assertEqual((ask("read('file')"), ask("os.stat('file').st_ino"), ask("os.pread(kept['f'], 10, 0).decode()")),
                         ("replaced", (self.grant / "file").stat().st_ino, "old"))

    def test_names_that_come_and_go(self):
        (self.grant / "d").mkdir()
        (self.grant / "d/there").write_text("x")
        ask = self.converse()
        for _ in range(3):
            self.assertEqual((ask("attempt(read, 'd/new')"), ask("sorted(os.listdir('d'))")), ("ENOENT", ["there"]))
            (self.grant / "d/new").write_text("now")
            self.assertEqual((ask("attempt(read, 'd/new')"), ask("sorted(os.listdir('d'))")), ("now", ["new", "there"]))
            os.unlink(self.grant / "d/new")
        os.rename(self.grant / "d", self.grant / "e")
        self.assertEqual((ask("attempt(read, 'd/there')"), ask("read('e/there')")), ("ENOENT", "x"))

    def test_a_number_that_is_used_again(self):
        ask = self.converse()
        for turn in range(20):
            (self.grant / "file").write_text(f"turn {turn}")
            self.assertEqual(ask("read('file')"), f"turn {turn}")
            os.unlink(self.grant / "file")
            os.symlink(f"target-{turn}", self.grant / "link")
            self.assertEqual(ask("os.readlink('link')"), f"target-{turn}")
            os.unlink(self.grant / "link")

    def test_permissions_of_files_and_directories(self):
        (self.grant / "d").mkdir()
        (self.grant / "d/file").write_text("x")
        self.own(self.grant / "d", self.grant / "d/file")
        ask = self.converse()
        for mode in (0o644, 0o600, 0o755):
            os.chmod(self.grant / "d/file", mode)
            os.chmod(self.grant / "d", mode | 0o100)
            self.assertEqual((ask("os.stat('d/file').st_mode & 0o777"), ask("os.stat('d').st_mode & 0o777")), (mode, mode | 0o100))

    def test_a_file_changed_through_another_name(self):
        (self.grant / "a").mkdir()
        (self.grant / "b").mkdir()
        (self.grant / "a/one").write_text("1")
        os.link(self.grant / "a/one", self.grant / "b/two")
        ask = self.converse()
        for text in ("12", "123", "1234"):
            self.assertEqual(ask("os.stat('a/one').st_size"), len(text) - 1)
            (self.grant / "b/two").write_text(text)
            self.assertEqual((ask("os.stat('a/one').st_size"), ask("read('a/one')")), (len(text), text))
        os.unlink(self.grant / "b/two")
        self.assertEqual(ask("os.stat('a/one').st_nlink"), 1)

    def test_a_mapping_sees_what_the_host_writes(self):
        (self.grant / "file").write_bytes(b"a" * 8192)
        ask = self.converse()
        ask("kept.setdefault('m', __import__('mmap').mmap(os.open('file', os.O_RDONLY), 8192, prot=1)) and 0")
        self.assertEqual(ask("kept['m'][4096:4100].decode()"), "aaaa")
        with open(self.grant / "file", "r+b") as file:
            file.seek(4096)
            file.write(b"host")
        self.assertEqual(ask("kept['m'][4096:4100].decode()"), "host")

    def test_changes_while_a_directory_is_walked(self):
        for i in range(300):
            (self.grant / f"f{i}").write_text(str(i))
        ask = self.converse()
        ending = threading.Event()

        def churn():
            turn = 0
            while not ending.is_set():
                turn += 1
                (self.grant / f"g{turn % 7}").write_text("x")
                (self.grant / f"g{(turn + 3) % 7}").unlink(missing_ok=True)
        thread = threading.Thread(target=churn)
        thread.start()
        try:
            for _ in range(20):
                self.assertEqual(ask("sum(int(read(f)) for f in os.listdir('.') if f[0] == 'f')"), sum(range(300)))
        finally:
            ending.set()
            thread.join()


@twice
class Requests(Granted):
    """Counted by the openers; --stats tells."""

    def count(self, script):
        """The fewest of a few runs: whatever else changes a directory on the way here is asked about anew."""
        return min(self.count_once(script) for _ in range(3))

    def count_once(self, script):
        done = self.run_litebox("run", "--stats", "--ro", self.grant, "--cwd", self.grant, "--", "sh", "-c", script, cwd="/")
        self.assertEqual(done.returncode, 0, done.stderr)
        return int(re.search(r"(\d+) requests about granted files", done.stderr).group(1))

    def fill(self, count):
        for i in range(count):
            (self.grant / f"file{i}").write_text(f"{i}\n" * 100)
        os.symlink("file1", self.grant / "link")
        os.link(self.grant / "file2", self.grant / "other-name")

    def test_no_request_after_the_first_open_also_from_other_processes(self):
        self.fill(10)
        once = "cat file1 file2 link other-name; stat file3; ls -l; test -e missing || true; "
        self.assertEqual(self.count(once), self.count(once * 20))

    def test_no_request_for_programs_that_have_run(self):
        self.fill(3)
        once = "python3 -c 'import json, subprocess; json.dumps({})'; "
        self.assertEqual(self.count(once), self.count(once * 3))

    def test_one_request_brings_many_files(self):
        self.fill(200)
        # Names, attributes and descriptors of 200 files: far fewer requests than files.
        none = self.count("true; tar --version >/dev/null")
        self.assertLess(self.count("true; tar cf - . | cat >/dev/null") - none, 60)

    def test_reading_makes_no_request(self):
        self.fill(3)
        (self.grant / "large").write_bytes(os.urandom(1 << 20))
        few = self.count("dd if=large of=/dev/null bs=1M count=1 2>/dev/null")
        # 65,536 reads. What starting dd asks for varies by a request or two with when the answers come.
        self.assertLess(self.count("dd if=large of=/dev/null bs=16 2>/dev/null"), few + 8)


class Many(Granted, unittest.TestCase):
    """More than the bounds of what is kept. Once: each file is a request, and a busy machine is slow to hand over."""
    identity = "root" if os.geteuid() == 0 else "user"

    def test_more_directories_than_can_be_watched(self):
        for i in range(4300):
            (self.grant / f"d{i}").mkdir()
            (self.grant / f"d{i}/f").touch()
        ask = self.converse()
        count = "sum(os.stat(f'{e.name}/f').st_size for e in os.scandir('.'))"
        self.assertEqual(ask(count), 0)
        for i in (0, 1, 2000, 4299):
            (self.grant / f"d{i}/f").write_text("12")
        self.assertEqual(ask(count), 8)

    def test_more_files_than_there_are_descriptors(self):
        for i in range(4500):
            (self.grant / f"f{i}").write_text(str(i))
        ask = self.converse()
        for _ in range(2):
            self.assertEqual(ask("sum(int(read(e.name)) for e in os.scandir('.'))"), sum(range(4500)))

    def test_more_files_open_than_there_are_descriptors(self):
        for i in range(4500):
            (self.grant / f"f{i}").write_text(str(i))
        ask = self.converse()
        ask("__import__('resource').setrlimit(7, (__import__('resource').getrlimit(7)[1],) * 2) or 0")
        ask("kept.update(files=[]) or 0")
        opened = ask("[attempt(lambda: kept['files'].append(os.open(e.name, os.O_RDONLY))) for e in os.scandir('.')]")
        self.assertEqual({error for error in opened if error}, {"ENFILE"})
        # What is open goes on, and what is closed makes room.
        self.assertEqual(ask("os.pread(kept['files'][0], 10, 0) != b''"), True)
        self.assertEqual(ask("[os.close(f) for f in kept['files'][10:]] and int(read('f4499'))"), 4499)


class Unanswered(Granted, unittest.TestCase):
    """A file system whose server has gone silent delays nobody but who asks it."""
    identity = "root"

    def setUp(self):
        if os.geteuid() != 0 or not os.path.exists("/dev/fuse"):
            self.skipTest("only root mounts what does not answer, and the host must have /dev/fuse")
        super().setUp()
        self.mountpoint = self.here / "silent"
        self.mountpoint.mkdir()
        self.device = os.open("/dev/fuse", os.O_RDWR)
        self.addCleanup(os.close, self.device)
        options = f"fd={self.device},rootmode=40000,user_id=0,group_id=0,allow_other".encode()
        if sandboxes.libc.mount(b"silent", os.fsencode(self.mountpoint), b"fuse", 0, options) != 0:
            self.skipTest("mounting is not to be had")
        self.addCleanup(lambda: sandboxes.libc.umount2(os.fsencode(self.mountpoint), 2))
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        """Answers the greeting and questions about the root; a look-up never."""
        init, get_attributes, open_directory, lookup = 26, 3, 27, 1
        while True:
            try:
                request = os.read(self.device, 1 << 17)
            except OSError:
                return
            _, kind, unique, node = struct.unpack_from("<IIQQ", request)
            if kind == init:
                body = struct.pack("<IIIIHHIIHHIIHHI", 7, 26, 65536, 0, 16, 12, 65536, 1, 0, 0, 0, 0, 0, 0, 0) + b"\0" * 16
            elif kind == get_attributes and node == 1:
                body = struct.pack("<QII", 0, 0, 0) + struct.pack("<QQQQQQIIIIIIIIII", 1, 0, 0, 0, 0, 0, 0, 0, 0, 0o40755, 2, 0, 0, 0, 4096, 0)
            elif kind == lookup:
                continue
            else:
                body = None
            error = 0 if body is not None else -38
            os.write(self.device, struct.pack("<IiQ", 16 + len(body or b""), error, unique) + (body or b""))

    def test_it_must_be_asked_for(self):
        done = self.run_litebox("run", "--quiet", "--ro", self.mountpoint, "--", "true", cwd="/")
        self.assertEqual(done.returncode, 125)
        self.assertIn("--allow-slow-fs", done.stderr)

    def test_another_grant_goes_on(self):
        (self.grant / "file").write_text("answered")
        process = self.start("--quiet", "--allow-slow-fs", "--ro", self.mountpoint, "--ro", self.grant, "--cwd", self.grant, "--", "sh", "-c",
                             f"cat {self.mountpoint}/never & cat file; ls; echo; sleep 600", cwd="/", stdout=subprocess.PIPE, text=True)
        self.addCleanup(process.stdout.close)
        self.addCleanup(lambda: sandboxes.libc.umount2(os.fsencode(self.mountpoint), 1))
        self.assertEqual((process.stdout.read(8), process.stdout.readline().strip()), ("answered", "file"))

    def test_beneath_another_grant_it_is_not_there(self):
        inner = self.grant / "inner"
        inner.mkdir()
        if sandboxes.libc.mount(os.fsencode(self.mountpoint), os.fsencode(inner), None, 4096, None) != 0:
            self.skipTest("mounting is not to be had")
        self.addCleanup(lambda: sandboxes.libc.umount2(os.fsencode(inner), 2))
        (self.grant / "file").write_text("x")
        done = self.run_litebox("run", "--quiet", "--ro", self.grant, "--cwd", self.grant, "--", "sh", "-c", "ls; ls inner; cat inner/never; cat file",
                                cwd="/")
        self.assertEqual(done.stdout, "file\ninner\nx", done.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=1)
