#!/usr/bin/env python3
"""Directories granted with --rw: what is written is the host's, as its owner wrote it."""
import fcntl
import mmap
import os
import pathlib
import struct
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "attack"))
from sandboxes import twice  # noqa: E402
from test_coherence import Granted  # noqa: E402


class Writable(Granted):
    def inside(self, *words, options=()):
        done = self.run_litebox("run", "--quiet", *options, "--rw", self.grant, "--cwd", self.grant, "--", *words, cwd="/", timeout=300)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout


@twice
class Programs(Writable):
    def test_make_builds_into_it(self):
        (self.grant / "Makefile").write_text("all: program\nprogram: a.o b.o\n\tgcc -o $@ $^\n%.o: %.c\n\tgcc -O1 -c -o $@ $<\n")
        (self.grant / "a.c").write_text("int b(void);\n#include <stdio.h>\nint main(void) { printf(\"%d\\n\", b()); return 0; }\n")
        (self.grant / "b.c").write_text("int b(void) { return 42; }\n")
        self.own(*self.grant.iterdir())
        self.inside("make", "-j2")
        self.assertEqual(subprocess.run([self.grant / "program"], capture_output=True, text=True, check=True).stdout, "42\n")
        # What the host has touched since is built anew, nothing else.
        os.utime(self.grant / "b.c")
        self.assertNotIn("a.c", self.inside("make"))
        self.assertIn("Nothing to be done", self.inside("make"))

    def test_git_clones_into_it(self):
        git = ["git", "-c", "user.name=a", "-c", "user.email=a@b", "-c", "init.defaultBranch=main"]
        self.inside(*git, "init", "-q", "one")
        self.inside("sh", "-c", "cd one && for i in 1 2 3 4 5 6 7 8 9; do echo $i > f$i; done")
        self.inside(*git, "-C", "one", "add", ".")
        self.inside(*git, "-C", "one", "commit", "-qm", "first")
        self.inside(*git, "clone", "-q", "one", "two")
        self.inside(*git, "-C", "two", "gc", "-q")
        self.assertEqual((self.grant / "two/f7").read_text(), "7\n")
        # The host's git agrees.
        done = subprocess.run(["git", "-c", "safe.directory=*", "-C", str(self.grant / "two"), "fsck", "--strict"], capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_an_archive_is_unpacked_into_it(self):
        self.inside("sh", "-c", "mkdir src && for i in 1 2 3 4 5; do echo $i > src/$i; done; ln -s 1 src/link; ln src/2 src/again; chmod 640 src/3;"
                    " tar cf a.tar src && mkdir out && tar xf a.tar -C out && rm -r src")
        out = self.grant / "out/src"
        self.assertEqual((sorted(os.listdir(out)), os.readlink(out / "link"), (out / "2").stat().st_nlink, (out / "3").stat().st_mode & 0o777),
                         (["1", "2", "3", "4", "5", "again", "link"], "1", 2, 0o640))


@twice
class Files(Writable):
    def test_files_belong_to_the_directorys_owner(self):
        if os.geteuid() == 0 and self.identity == "root":
            os.chown(self.grant, 4321, 4322)
        owner = self.grant.stat()
        self.inside("sh", "-c", "echo x > file; mkdir d; ln -s file link; mkfifo fifo")
        for path in self.grant.iterdir():
            self.assertEqual((path.lstat().st_uid, path.lstat().st_gid), (owner.st_uid, owner.st_gid), path)

    def test_every_kind_of_change_arrives(self):
        self.inside("python3", "-c", """
import os
with open('f', 'w') as f: f.write('0123456789')
os.truncate('f', 5)
with open('f', 'a') as f: f.write('appended')
fd = os.open('f', os.O_RDWR); os.pwrite(fd, b'XY', 1); os.posix_fallocate(fd, 0, 100); os.fsync(fd); os.close(fd)
os.chmod('f', 0o640)
os.utime('f', (1000, 2000))
os.link('f', 'g'); os.rename('g', 'h'); os.symlink('h', 's'); os.mkdir('d'); os.rename('h', 'd/i')
open('gone', 'w').close(); os.unlink('gone'); os.mkdir('e'); os.rmdir('e')
os.mkfifo('p')
""")
        status = (self.grant / "f").stat()
        self.assertEqual(((self.grant / "f").read_bytes(), status.st_mode & 0o777, status.st_mtime, status.st_nlink),
                         (b"0XY34appended".ljust(100, b"\0"), 0o640, 2000, 2))
        self.assertEqual((sorted(os.listdir(self.grant)), os.listdir(self.grant / "d"), os.readlink(self.grant / "s")), (["d", "f", "p", "s"], ["i"], "h"))

    def test_a_shared_writable_mapping_is_the_hosts_page(self):
        (self.grant / "file").write_bytes(b"a" * 8192)
        self.own(self.grant / "file")
        ask = self.converse("--rw")
        ask("kept.setdefault('m', __import__('mmap').mmap(os.open('file', os.O_RDWR), 8192)) and 0")
        with open(self.grant / "file", "r+b") as file, mmap.mmap(file.fileno(), 8192) as host:
            ask("kept['m'].__setitem__(slice(10, 16), b'inside') or 0")
            self.assertEqual((host[10:16], os.pread(file.fileno(), 6, 10)), (b"inside", b"inside"))
            host[5000:5004] = b"host"
            self.assertEqual((ask("kept['m'][5000:5004].decode()"), ask("os.pread(os.open('file', 0), 4, 5000).decode()")), ("host", "host"))
            # Written inside by write, seen in both mappings; read back inside.
            ask("os.pwrite(os.open('file', os.O_RDWR), b'written', 100)")
            self.assertEqual((host[100:107], ask("kept['m'][100:107].decode()")), (b"written", "written"))

    def test_a_mapping_outlives_its_descriptor_and_its_name(self):
        (self.grant / "file").write_bytes(b"a" * 4096)
        self.own(self.grant / "file")
        ask = self.converse("--rw")
        ask("kept.setdefault('f', os.open('file', os.O_RDWR))")
        ask("kept.setdefault('m', __import__('mmap').mmap(kept['f'], 4096)) and 0")
        ask("os.close(kept['f'])")
        with open(self.grant / "file", "rb") as file:
            os.unlink(self.grant / "file")
            ask("kept['m'].__setitem__(slice(0, 4), b'more') or 0")
            self.assertEqual(file.read(4), b"more")


@twice
class Locks(Writable):
    def lock(self, file, kind, start, length):
        """As an open file description: like the opener's."""
        set_lock = 37
        fcntl.fcntl(file, set_lock, struct.pack("hhqqi4x", kind, os.SEEK_SET, start, length, 0))

    def test_record_locks_keep_the_host_out_and_the_host_keeps_them_out(self):
        (self.grant / "file").write_bytes(b"x" * 100)
        self.own(self.grant / "file")
        ask = self.converse("--rw")
        ask("kept.setdefault('f', os.open('file', os.O_RDWR))")
        lock = "attempt(__import__('fcntl').lockf, kept['f'], {}, 10, {})"
        exclusive, shared, unlock, now = fcntl.LOCK_EX, fcntl.LOCK_SH, fcntl.LOCK_UN, fcntl.LOCK_NB
        with open(self.grant / "file", "r+b") as file:
            self.assertIsNone(ask(lock.format(exclusive | now, 0)))
            with self.assertRaises(OSError):
                self.lock(file, fcntl.F_WRLCK, 5, 10)
            self.lock(file, fcntl.F_WRLCK, 10, 10)
            self.assertEqual(ask(lock.format(exclusive | now, 15)), "EAGAIN")
            self.assertIsNone(ask(lock.format(unlock, 0)))
            self.lock(file, fcntl.F_RDLCK, 0, 30)
            self.assertIsNone(ask(lock.format(shared | now, 5)))
            self.assertEqual(ask(lock.format(exclusive | now, 5)), "EAGAIN")
            self.lock(file, fcntl.F_UNLCK, 0, 0)
            self.assertIsNone(ask(lock.format(exclusive, 5)))
            ask("os.close(kept['f'])")
            self.lock(file, fcntl.F_WRLCK, 0, 0)

    def test_a_lock_that_waits_for_the_host(self):
        (self.grant / "file").write_bytes(b"x")
        self.own(self.grant / "file")
        with open(self.grant / "file", "r+b") as file:
            self.lock(file, fcntl.F_WRLCK, 0, 0)
            process = self.start("--quiet", "--rw", self.grant, "--cwd", self.grant, "--", "python3", "-c",
                                 "import fcntl\nf = open('file', 'r+')\nprint('waits', flush=True)\nfcntl.lockf(f, fcntl.LOCK_EX)\nprint('has it', flush=True)",
                                 cwd="/", stdout=subprocess.PIPE, text=True)
            self.addCleanup(process.stdout.close)
            self.assertEqual(process.stdout.readline(), "waits\n")
            self.lock(file, fcntl.F_UNLCK, 0, 0)
            self.assertEqual(process.stdout.readline(), "has it\n")

    def test_beneath_a_read_only_grant_locks_stay_inside(self):
        (self.grant / "file").write_bytes(b"x")
        ask = self.converse("--ro")
        ask("kept.setdefault('f', os.open('file', os.O_RDONLY))")
        self.assertIsNone(ask(f"attempt(__import__('fcntl').lockf, kept['f'], {fcntl.LOCK_SH | fcntl.LOCK_NB})"))
        with open(self.grant / "file", "r+b") as file:
            self.lock(file, fcntl.F_WRLCK, 0, 0)


if __name__ == "__main__":
    unittest.main(verbosity=1)
