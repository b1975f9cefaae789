#!/usr/bin/env python3
"""Ways out of a granted directory, each tried from inside or prepared by whoever shares it on the host."""
import os
import shutil
import subprocess
import threading
import time
import unittest

import sandboxes
from sandboxes import Confined, children, status, twice

SECRET = "what lies outside"


class Escape(Confined):
    def setUp(self):
        super().setUp()
        self.outside = self.here / "outside"
        self.outside.mkdir(mode=0o755)
        (self.outside / "file").write_text(SECRET)
        self.grant = self.here / "grant"
        self.grant.mkdir(mode=0o755)
        self.own(self.grant, self.outside, self.outside / "file")

    def own(self, *paths):
        """Everything belongs to whom the sandbox runs as, so that only the wall keeps it apart."""
        if self.identity == "user" and os.geteuid() == 0:
            for path in paths:
                os.lchown(path, sandboxes.USER, sandboxes.USER)

    def inside(self, script, *options, kind="--rw", **more):
        return self.run_litebox("run", "--quiet", *options, kind, self.grant, "--cwd", self.grant, "--", "sh", "-c", script, cwd="/", **more)

    def assert_kept(self, done, what=""):
        self.assertNotIn(SECRET, done.stdout + done.stderr, what)
        self.assertNotIn("the library OS", done.stderr, what)


@twice
class Names(Escape):
    def test_dots(self):
        for path in ("../outside/file", "./../outside/file", "a/../../outside/file", "a/../../../../../../" + str(self.outside / "file"),
                     "..//outside//file"):
            self.assert_kept(self.inside(f"mkdir -p a; cat {path}"), path)

    def test_symbolic_links(self):
        links = {"up": "../outside/file", "absolute": str(self.outside / "file"), "directory": "../outside", "chain": "up",
                 "through-proc": "/proc/self/root" + str(self.outside / "file"), "through-cwd": "/proc/self/cwd/../outside/file",
                 "through-one": "/proc/1/root" + str(self.outside / "file"), "deep/er": "../../outside/file"}
        for name, target in links.items():
            (self.grant / name).parent.mkdir(exist_ok=True)
            os.symlink(target, self.grant / name)
        for name in list(links) + ["directory/file"]:
            done = self.inside(f"cat {name}; head -c 100 {name}/file; cp -L {name} copy; cat copy; echo overwritten > {name}")
            self.assert_kept(done, name)
        self.assertEqual((self.outside / "file").read_text(), SECRET)

    def test_symbolic_links_made_inside(self):
        self.assert_kept(self.inside("ln -s ../outside/file a; cat a; ln -s / root; cat root" + str(self.outside / "file")
                                     + "; ln -s ../outside d; cat d/file; echo x > d/new; rm -f d/file; mkdir d/made"))
        self.assertEqual(sorted(os.listdir(self.outside)), ["file"])

    def test_hard_links_made_inside(self):
        done = self.inside("ln ../outside/file a; ln -L up b; ln " + str(self.outside / "file") + " c; cat a b c")
        self.assert_kept(done)
        self.assertEqual((self.outside / "file").stat().st_nlink, 1)

    def test_proc_self_root_and_descriptors(self):
        self.assert_kept(self.inside(f"exec 5<.; cat /proc/self/root{self.outside}/file /proc/self/fd/5/../outside/file /proc/self/cwd/../outside/file"
                                     f" /proc/1/root{self.outside}/file /proc/1/cwd/outside/file; ls /proc/self/fd/5/.."))

    def test_names_with_unusual_bytes(self):
        script = ("import os\nfor name in (b'..\\x00', b'../\\xff', b'..\\n', b'.. ', b'...', b'..;', b'%2e%2e'):\n"
                  "  for path in (name, name + b'/outside/file'):\n"
                  "    try: print(open(path, 'rb').read())\n"
                  "    except (OSError, ValueError): pass\n"
                  "print('done')")
        done = self.run_litebox("run", "--quiet", "--rw", self.grant, "--cwd", self.grant, "--", "python3", "-c", script, cwd="/")
        self.assert_kept(done)
        self.assertIn("done", done.stdout, done.stderr)

    def test_link_and_rename_between_two_grants(self):
        other = self.here / "other"
        other.mkdir(mode=0o755)
        self.own(other)
        done = self.run_litebox("run", "--quiet", "--rw", self.grant, "--rw", other, "--cwd", self.grant, "--", "python3", "-c",
                                "import os, errno\nopen('f', 'w').close()\n"
                                f"for call in (os.link, os.rename):\n  try: call('f', {str(other / 'g')!r}); print('worked')\n"
                                "  except OSError as e: print(errno.errorcode[e.errno])", cwd="/")
        self.assertEqual(done.stdout.split(), ["EXDEV", "EXDEV"], done.stderr)

    def test_writing_through_a_read_only_grant(self):
        (self.grant / "file").write_text("as it was")
        self.own(self.grant / "file")
        self.inside("echo changed > file; rm -f file; touch new; mv file moved; chmod 777 file; ln file link", kind="--ro")
        self.assertEqual(((self.grant / "file").read_text(), sorted(os.listdir(self.grant))), ("as it was", ["file"]))


@twice
class Races(Escape):
    """The host's side changes names while the guest uses them: whoever shares the directory helps the guest out."""
    SECONDS = 2.0

    def race(self, script, change):
        ending = threading.Event()

        def keep_changing():
            while not ending.is_set():
                change()
        thread = threading.Thread(target=keep_changing)
        thread.start()
        try:
            done = self.inside(f"end=$(($(date +%s) + {int(self.SECONDS)})); while [ $(date +%s) -le $end ]; do {script}; done 2>/dev/null; echo finished")
        finally:
            ending.set()
            thread.join()
        self.assert_kept(done)
        self.assertIn("finished", done.stdout, (done.returncode, done.stderr))
        self.assertEqual((sorted(os.listdir(self.outside)), (self.outside / "file").read_text()), (["file"], SECRET))

    def exchange(self, a, b):
        at_working_directory, exchange = -100, 2
        sandboxes.libc.renameat2(at_working_directory, os.fsencode(a), at_working_directory, os.fsencode(b), exchange)

    def test_a_directory_becomes_a_link_outwards(self):
        (self.grant / "d").mkdir()
        (self.grant / "d/file").write_text("inside")
        os.symlink("../outside", self.grant / "link")
        self.own(self.grant / "d", self.grant / "d/file")
        self.race("cat d/file; ls d; echo x > d/new; rm -f d/new; stat d/file", lambda: self.exchange(self.grant / "d", self.grant / "link"))

    def test_a_file_becomes_a_link_outwards(self):
        (self.grant / "file").write_text("inside")
        os.symlink("../outside/file", self.grant / "link")
        self.own(self.grant / "file")
        self.race("cat file; echo x >> file; chmod 600 file; touch file", lambda: self.exchange(self.grant / "file", self.grant / "link"))
        self.assertEqual((self.outside / "file").stat().st_mode & 0o777, 0o644)

    def test_a_directory_is_moved_out_while_the_guest_stands_in_it(self):
        (self.grant / "d/e").mkdir(parents=True)
        self.own(self.grant / "d", self.grant / "d/e")
        away = self.here / "away"

        def move():
            for old, new in ((self.grant / "d", away), (away, self.grant / "d")):
                try:
                    os.rename(old, new)
                except OSError:
                    pass
        self.race("(cd d/e && cat ../../file ../../../outside/file ../outside/file; ls ../.. ; cat ../../outside/file)", move)


@twice
class Kinds(Escape):
    def test_set_uid_files_give_nothing(self):
        if os.geteuid() != 0:
            self.skipTest("only root makes a file of another that is set-uid")
        shutil.copy("/usr/bin/id", self.grant / "id")
        os.chown(self.grant / "id", 0, 0)
        (self.grant / "id").chmod(0o6755)
        caller = sandboxes.USER if self.identity == "user" else 12345
        done = self.run_litebox("run", "--quiet", "--user", str(caller), "--rw", self.grant, "--cwd", self.grant, "--", "./id", "-u", cwd="/")
        self.assertEqual(done.stdout.strip(), str(caller), done.stderr)

    def test_set_id_bits_and_devices_do_not_go_out(self):
        done = self.run_litebox("run", "--quiet", "--user", "0", "--rw", self.grant, "--cwd", self.grant, "--", "python3", "-c", """
import os, errno
def attempt(what, call, *arguments):
    try: call(*arguments); print(what, 'worked')
    except OSError as e: print(what, errno.errorcode[e.errno])
open('f', 'w').close()
os.mkdir('d')
for mode in (0o4755, 0o2755, 0o6755):
    attempt('chmod', os.chmod, 'f', mode)
attempt('chmod', os.chmod, 'd', 0o2755)
attempt('open', os.open, 'g', os.O_CREAT | os.O_WRONLY, 0o4755)
attempt('mknod', os.mknod, 'c', 0o020666, os.makedev(1, 3))
attempt('mknod', os.mknod, 'b', 0o060666, os.makedev(8, 0))
for name in ('security.evil', 'trusted.evil'):
    attempt('setxattr', os.setxattr, 'f', name, b'x')
""", cwd="/")
        self.assertNotIn("mknod worked", done.stdout)
        self.assertNotIn("chmod worked", done.stdout)
        self.assertNotIn("setxattr worked", done.stdout)
        self.assertEqual(done.stdout.count("EPERM"), len(done.stdout.splitlines()), done.stdout + done.stderr)
        for path in self.grant.iterdir():
            self.assertEqual(path.stat().st_mode & 0o6000, 0, path)
            self.assertTrue(path.is_file() or path.is_dir(), path)
            self.assertEqual([name for name in os.listxattr(path) if not name.startswith("security.selinux")], [], path)

    def test_extended_attributes_of_users_go_out(self):
        (self.grant / "f").write_text("x")
        self.own(self.grant / "f")
        try:
            os.setxattr(self.grant / "f", "user.from", b"the host")
        except OSError as problem:
            self.skipTest(f"no extended attributes here: {problem}")
        done = self.run_litebox("run", "--quiet", "--rw", self.grant, "--cwd", self.grant, "--", "python3", "-c",
                                "import os; print(os.getxattr('f', 'user.from'), os.listxattr('f')); os.setxattr('f', 'user.back', b'inside');"
                                "os.removexattr('f', 'user.from')", cwd="/")
        self.assertEqual(done.stdout.strip(), "b'the host' ['user.from']", done.stderr)
        self.assertEqual((os.listxattr(self.grant / "f"), os.getxattr(self.grant / "f", "user.back")), (["user.back"], b"inside"))

    def test_device_nodes(self):
        if os.geteuid() != 0:
            self.skipTest("only root makes device nodes")
        for name, kind, major, minor in (("zero", 0o020000, 1, 5), ("mem", 0o020000, 1, 1), ("disk", 0o060000, 7, 0)):
            os.mknod(self.grant / name, kind | 0o666, os.makedev(major, minor))
            os.chmod(self.grant / name, 0o666)
            for options in ((), ("--user", "0")):
                done = self.run_litebox("run", "--quiet", *options, "--rw", self.grant, "--cwd", self.grant, "--", "sh", "-c",
                                        f"head -c 10 {name} | wc -c; echo x > {name}; cp {name} copy; head -c 1 copy | wc -c", cwd="/")
                self.assertEqual(set(done.stdout.split()), {"0"}, (name, done.stdout, done.stderr))


@twice
class Trees(Escape):
    """Granted trees with other file systems mounted in them. In a mount namespace of the test's own."""

    def setUp(self):
        if os.geteuid() != 0:
            self.skipTest("only root mounts")
        super().setUp()

    def mounted(self, script, *mounts, options=()):
        """Runs a script inside, with file systems mounted beneath the grant; (type, source, flags) each at its type's name."""
        lines = ["set -e", "mount --make-rprivate /"]
        for kind in mounts:
            (self.grant / kind).mkdir(exist_ok=True)
            lines.append(f"mount -t {kind} none {self.grant / kind} 2>/dev/null || echo 'not to be had: {kind}' >&2")
        words = self.command("run", "--quiet", *options, "--rw", self.grant, "--cwd", self.grant, "--", "sh", "-c", script)
        lines.append('exec "$@"')
        return subprocess.run(["unshare", "-m", "sh", "-c", "\n".join(lines), "sh", *words], cwd="/", stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, errors="replace", timeout=120, check=False,
                              env={**os.environ, "LITEBOX_TEST_SECRET": SECRET})

    def test_proc_in_a_granted_tree(self):
        done = self.mounted("cat proc/self/environ proc/*/environ proc/self/maps proc/self/mountinfo proc/version proc/self/root/etc/hostname"
                            f" proc/self/root{self.outside}/file proc/self/cwd/{self.outside}/file proc/1/root{self.outside}/file; ls proc/self/fd;"
                            " for i in 1 2 3 4 5 6 7 8 9 10 64 65 66; do cat proc/self/fd/$i; done; echo 7 > proc/self/oom_score_adj; echo finished",
                            "proc")
        self.assert_kept(done)
        self.assertEqual(done.stdout.split(), ["finished"], done.stderr)

    def test_file_systems_that_hand_out_more_than_files(self):
        kinds = ("sysfs", "debugfs", "tracefs", "cgroup2", "devpts", "mqueue", "bpf", "configfs", "securityfs")
        for kind in kinds:
            done = self.mounted(f"find {kind} -type f | head -n 20 | while read f; do cat $f; echo x > $f; done; echo finished", kind)
            self.assert_kept(done)
            self.assertEqual(done.stdout.split(), ["finished"], (kind, done.stderr))

    def test_ordinary_file_systems_in_a_granted_tree(self):
        done = self.mounted("echo written > tmpfs/file && cat tmpfs/file", "tmpfs")
        self.assertEqual(done.stdout.split(), ["written"], done.stderr)


@twice
class Openers(Escape):
    def test_openers_hold_no_capability_and_are_filtered(self):
        supervisor = self.start("--quiet", "--ro", self.grant, "--cwd", self.grant, "--", "sh", "-c", "cat /etc/passwd >/dev/null; sleep 600", cwd="/")
        processes = self.wait_for_guests(supervisor)
        for _ in range(200):
            rows = [row for row in map(status, processes) if row]  # the first program's process may be gone
            if rows and all(int(r["CapEff"], 16) == 0 and r["Seccomp"] == "2" for r in rows):
                break
            time.sleep(0.05)
        self.assertTrue(rows)
        for row in rows:
            for kind in ("CapInh", "CapPrm", "CapEff", "CapAmb"):
                self.assertEqual(int(row[kind], 16), 0, row)
            self.assertEqual((row["NoNewPrivs"], row["Seccomp"]), ("1", "2"), row)

    def test_the_openers_root_holds_nothing_but_grants(self):
        supervisor = self.start("--quiet", "--ro", self.grant, "--cwd", self.grant, "--", "sleep", "600", cwd="/")
        self.wait_for_guests(supervisor)
        for process in children(supervisor.pid):
            try:
                names = os.listdir(f"/proc/{process}/root")
            except OSError:
                continue
            self.assertTrue(all(name.isdigit() for name in names), names)



if __name__ == "__main__":
    unittest.main(verbosity=1)
