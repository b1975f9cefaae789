#!/usr/bin/env python3
"""The command line from outside. LITEBOX names the binary under test."""
import json
import os
import pathlib
import pty
import re
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
LITEBOX = os.environ.get("LITEBOX", str(ROOT / "build/bin/litebox"))


def run_bounded(command, stdin, timeout, cwd, env=None):
    """Runs a command in a session of its own; if it does not end in time, the whole session is killed and the test fails."""
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=cwd, env=env,
                          start_new_session=True) as process:
        try:
            out, err = process.communicate(stdin, timeout=timeout)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            raise AssertionError(f"no end within {timeout} s: {command}") from None
        return subprocess.CompletedProcess(command, process.returncode, out, err)


def kill_session(leader):
    """Ends what a failed test would leave running."""
    try:
        os.killpg(leader, signal.SIGKILL)
    except ProcessLookupError:
        pass


class Case(unittest.TestCase):
    """A directory of its own as the current one; nothing of the user's environment."""

    def setUp(self):
        self.here = pathlib.Path(tempfile.mkdtemp(prefix="litebox-cli-", dir="/var/tmp")).resolve()
        self.here.chmod(0o755)
        self.addCleanup(shutil.rmtree, self.here, ignore_errors=True)

    def litebox(self, *words, stdin=b"", timeout=30, cwd=None, env=None, binary=False):
        done = run_bounded([LITEBOX, *map(str, words)], stdin, timeout, cwd or self.here,
                           env or {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "TERM": "dumb", "SECRET": "1"})
        if not binary:
            done.stdout, done.stderr = done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace")
        return done

    def run_in(self, *words, **options):
        return self.litebox("run", "--quiet", *words, **options)

    def output(self, *words, **options):
        """What a run that must succeed prints."""
        done = self.run_in(*words, **options)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def complains(self, code, pattern, *words, **options):
        done = self.litebox(*words, **options)
        self.assertEqual(done.returncode, code, done.stderr)
        self.assertRegex(done.stderr, pattern)
        self.assertEqual(done.stderr.count("\n"), 1, "one line: " + done.stderr)
        self.assertTrue(done.stderr.startswith("litebox: "), done.stderr)
        return done

    def file(self, name, content="", mode=0o644):
        path = self.here / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        path.chmod(mode)
        return path


class Messages(Case):
    def test_commands(self):
        self.assertEqual(self.litebox("--help").returncode, 0)
        self.assertIn("litebox run -- python3", self.litebox("help").stdout)
        self.assertIn("--deny-calls", self.litebox("help", "run").stdout)
        self.assertIn("--rw", self.litebox("run", "--help").stdout)
        self.assertRegex(self.litebox("version").stdout, r"^LiteBox \d")
        self.assertIn("version", json.loads(self.litebox("version", "--json").stdout))
        self.assertEqual(self.litebox().returncode, 125)
        self.complains(125, "did you mean `litebox run`", "rnu", "--", "true")
        self.complains(125, "to run a program: litebox run -- python3", "python3")

    def test_options(self):
        self.complains(125, "did you mean --timeout", "run", "--timout", "3", "true")
        self.complains(125, "no program given", "run")
        self.complains(125, "takes no arguments", "policy", "x")
        self.complains(125, "needs a value: --memory SIZE", "run", "--memory")
        self.complains(125, "no such file or directory", "run", "--ro", "nowhere", "true")

    def test_tables(self):
        table = json.loads(self.litebox("syscalls", "--json").stdout)
        self.assertGreater(len(table["calls"]), 330)
        self.assertEqual(table["full"] + table["partial"] + table["absent"], len(table["calls"]))
        self.assertIn("futex", self.litebox("syscalls").stdout)
        policy = json.loads(self.litebox("policy", "--json").stdout)
        self.assertEqual(len(policy["host_calls"]), 14)
        self.assertIn("membarrier", self.litebox("policy").stdout)
        doctor = self.litebox("doctor", "--json")
        self.assertEqual(doctor.returncode == 0, json.loads(doctor.stdout)["usable"])

    def test_image(self):
        self.complains(125, "litebox image build rootfs", "image")
        self.complains(125, "litebox image build rootfs", "image", "build", "/etc")
        self.complains(125, "is not a directory", "image", "build", "/etc/passwd", "--output", "/tmp/none.img")
        with tempfile.TemporaryDirectory() as place:
            root, image = pathlib.Path(place, "root"), pathlib.Path(place, "root.img")
            root.mkdir()
            (root / "file").write_text("contents")
            self.complains(125, "put it elsewhere", "image", "build", str(root), "--output", str(root / "root.img"))
            told = [json.loads(self.litebox("image", "build", str(root), "--output", str(image), "--json").stdout)
                    for _ in range(2)]
            self.assertEqual(told[0], told[1])
            self.assertEqual(told[0]["size"], image.stat().st_size)
            path = os.environ["PATH"] + ":/sbin:/usr/sbin"
            subprocess.run(["veritysetup", "verify", image, image, told[0]["root_hash"],
                            f"--hash-offset={told[0]['hash_offset']}"], check=True, env={"PATH": path})

    def test_siblings(self):
        sibling = pathlib.Path(LITEBOX).resolve().parent / "litebox-measure"
        if not sibling.exists():
            self.complains(127, "build it with make", "measure")

    def test_control_characters_do_not_reach_the_terminal(self):
        done = self.litebox("run", "--\x1b[2J")
        self.assertNotIn("\x1b", done.stderr)


class ExitCodes(Case):
    def test_of_the_program(self):
        for code in (0, 1, 42, 255):
            self.assertEqual(self.run_in("--", "sh", "-c", f"exit {code}").returncode, code)
        for number in (signal.SIGTERM, signal.SIGKILL, signal.SIGSEGV, signal.SIGABRT):
            self.assertEqual(self.run_in("--", "sh", "-c", f"kill -{int(number)} $$").returncode, 128 + number)

    def test_missing_program(self):
        self.complains(127, "no such program", "run", "--", "no-such-program-at-all")
        self.complains(127, "no such program", "run", "--", "./nothing")
        self.complains(127, "no such program", "run", "--", "/usr/bin/nothing-of-this-name")

    def test_things_that_are_no_program(self):
        self.complains(126, "is a directory", "run", "--", "/usr")
        self.file("data", "x")
        self.complains(126, "is not executable", "run", "--", "./data")
        self.file("words", "hello\n", 0o755)
        self.complains(126, "neither an x86-64 program nor a script", "run", "--", "./words")

    def test_other_machines_and_damage(self):
        image = pathlib.Path("/bin/true").read_bytes()
        self.file("elf32", image[:4] + b"\x01" + image[5:], 0o755)
        self.complains(126, "32-bit", "run", "--", "./elf32")
        self.file("arm", image[:18] + b"\xb7\x00" + image[20:], 0o755)
        self.complains(126, "64-bit ARM", "run", "--", "./arm")
        for size in (4, 40, 64, 100, 2000, len(image) // 2):
            self.file("cut", image[:size], 0o755)
            self.complains(126, "truncated", "run", "--", "./cut")

    def test_scripts(self):
        self.file("good", "#!/bin/sh\necho from a script $1\nexit 3\n", 0o755)
        done = self.run_in("--", "./good", "x")
        self.assertEqual((done.returncode, done.stdout), (3, "from a script x\n"))
        self.file("lost", "#!/usr/bin/nothing-of-this-name\n", 0o755)
        self.complains(127, "interpreter /usr/bin/nothing-of-this-name is not there", "run", "--", "./lost")

    def test_program_outside_the_view(self):
        with tempfile.TemporaryDirectory(prefix="litebox-outside-", dir="/tmp") as hidden:
            os.chmod(hidden, 0o755)
            tool = pathlib.Path(hidden, "tool")
            tool.write_text("#!/bin/sh\necho shown\n")
            tool.chmod(0o755)
            self.complains(127, f"not visible inside; to show it: --ro {hidden}", "run", "--", tool)
            self.assertEqual(self.output("--ro", hidden, "--", tool), "shown\n")

    def test_timeout(self):
        started = time.monotonic()
        done = self.run_in("--timeout", "500ms", "--", "sleep", "20")
        self.assertLess(time.monotonic() - started, 5)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("time", done.stderr)

    def test_cpu_time(self):
        done = self.run_in("--cpu-time", "1s", "--", "sh", "-c", "while :; do :; done")
        self.assertNotEqual(done.returncode, 0)
        self.assertTrue(done.stderr.startswith("litebox: "), done.stderr)


class View(Case):
    def test_the_current_directory_is_there_and_stays_as_it_is(self):
        self.file("input", "hello\n")
        self.assertEqual(self.output("--", "cat", "input"), "hello\n")
        self.assertEqual(self.output("--", "pwd"), f"{self.here}\n")
        self.assertEqual(self.output("--", "sh", "-c", "echo changed > input; echo new > other; cat input other"), "changed\nnew\n")
        self.assertEqual(sorted(os.listdir(self.here)), ["input"])
        self.assertEqual((self.here / "input").read_text(), "hello\n")

    def test_git_works_in_a_linked_worktree_and_is_told_of_what_it_cannot_see(self):
        def git(*words, cwd):
            subprocess.run(["git", "-c", "user.name=T", "-c", "user.email=t@example.org", *words], cwd=cwd, check=True, capture_output=True,
                           env={"PATH": os.environ["PATH"], "HOME": str(self.here)})
        main, side = self.here / "main", self.here / "side"
        git("init", "-q", str(main), cwd=self.here)
        (main / "secret").write_text("not of this worktree")
        git("commit", "-q", "--allow-empty", "-m", "first", cwd=main)
        git("worktree", "add", "-q", str(side), cwd=main)
        self.assertEqual(self.output("git", "log", "--format=%s", cwd=side), "first\n")
        (side / "new").write_text("")
        self.assertEqual(self.output("git", "status", "--porcelain", cwd=side), "?? new\n")
        self.assertNotEqual(self.run_in("cat", main / "secret", cwd=side).returncode, 0)
        (main / ".git/worktrees/side/gitdir").write_text("/elsewhere/.git\n")
        done = self.litebox("run", "git", "status", cwd=side)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn(f"to show it: --ro {main}/.git", done.stderr)
        self.assertEqual(self.output("--ro", main / ".git", "git", "status", "--porcelain", cwd=side), "?? new\n")

    def test_lost_files_are_counted(self):
        done = self.litebox("run", "--", "sh", "-c", "echo x > a; echo y > b")
        self.assertEqual(done.returncode, 0)
        self.assertRegex(done.stderr, r"2 files written in .* vanished.*--rw")
        self.assertEqual(self.litebox("run", "--", "true").stderr, "")
        self.assertEqual(self.litebox("run", "--quiet", "--", "touch", "a").stderr, "")

    def test_a_directory_that_may_be_written(self):
        (self.here / "out").mkdir()
        self.output("--rw", "out", "--", "sh", "-c", "echo kept > out/file; mkdir out/d; ln -s file out/link")
        self.assertEqual((self.here / "out/file").read_text(), "kept\n")
        self.assertTrue((self.here / "out/d").is_dir())
        self.assertEqual(os.readlink(self.here / "out/link"), "file")

    def test_a_directory_shown_elsewhere(self):
        (self.here / "data").mkdir()
        self.file("data/x", "shown\n")
        self.assertEqual(self.output("--ro", f"{self.here}/data:/srv/data", "--", "cat", "/srv/data/x"), "shown\n")

    def test_tmpfs(self):
        out = self.output("--tmpfs", "/scratch:1M", "--", "sh", "-c", "echo a > /scratch/a; cat /scratch/a; head -c 3000000 /dev/zero > /scratch/b; true")
        self.assertEqual(out, "a\n")

    def test_home_directories_are_private(self):
        home = self.output("--", "sh", "-c", "echo $HOME; ls -A $HOME; touch $HOME/x && echo writable")
        self.assertRegex(home, r"^/\S+\nwritable\n$")
        done = self.litebox("run", "--", "pwd", cwd="/")
        self.assertIn("--ro .", done.stderr)

    def test_the_environment_is_clean(self):
        out = self.output("--env", "A=1", "--", "env")
        self.assertNotIn("SECRET", out)
        self.assertIn("A=1\n", out)
        self.assertIn("TERM=dumb\n", out)
        self.assertIn("SECRET=1", self.output("--env-pass", "SECRET", "--", "env"))

    def test_network_is_loopback_only(self):
        done = self.litebox("run", "--", "python3", "-c", "import socket\ntry: socket.getaddrinfo('example.org', 80)\nexcept OSError: print('no')")
        self.assertEqual(done.stdout, "no\n")
        self.assertIn("network is not granted", done.stderr)

    def test_a_root(self):
        root = self.here / "root"
        (root / "bin").mkdir(parents=True)
        shutil.copy("/bin/busybox", root / "bin/busybox")
        os.symlink("busybox", root / "bin/sh")
        out = self.output("--root", root, "--", "/bin/sh", "-c", "busybox ls /bin; echo x > /new; busybox cat /new")
        self.assertEqual(out, "busybox\nsh\nx\n")
        self.assertFalse((root / "new").exists())


class Options(Case):
    def test_cwd_user_hostname(self):
        self.assertEqual(self.output("--cwd", "/usr", "--", "pwd"), "/usr\n")
        self.assertEqual(self.output("--user", "root", "--", "id", "-un"), "root\n")
        self.assertEqual(self.output("--user", "1234:77", "--", "sh", "-c", "id -u; id -g"), "1234\n77\n")
        self.assertEqual(self.output("--hostname", "box", "--", "uname", "-n"), "box\n")
        self.assertEqual(self.output("--", "id", "-u"), f"{os.getuid()}\n")

    def test_memory(self):
        code = "b = []\ntry:\n  for i in range(1000): b.append(bytearray(b'x' * 1000000))\nexcept MemoryError: print('refused')"
        done = self.run_in("--memory", "200M", "--", "python3", "-c", code)
        self.assertTrue("refused" in done.stdout or done.returncode > 128, (done.returncode, done.stderr))

    def test_processes(self):
        code = """import os, time
made = 0
try:
    for i in range(20):
        if os.fork() == 0:
            time.sleep(2)
            os._exit(0)
        made += 1
except BlockingIOError:
    print('refused', made < 10)"""
        self.assertEqual(self.output("--processes", "10", "--", "python3", "-c", code), "refused True\n")

    def test_write_xor_execute(self):
        code = "import mmap\ntry:\n  mmap.mmap(-1, 4096, prot=7); print('granted')\nexcept OSError: print('refused')"
        self.assertEqual(self.output("--", "python3", "-c", code), "granted\n")
        self.assertEqual(self.output("--wx=deny", "--", "python3", "-c", code), "refused\n")

    def test_deny_calls(self):
        self.file("deny", "socket\n")
        code = "import socket\ntry: socket.socket(); print('made')\nexcept PermissionError: print('refused')"
        self.assertEqual(self.output("--deny-calls", "deny", "--", "python3", "-c", code), "refused\n")
        self.assertEqual(self.output("--", "python3", "-c", code), "made\n")
        done = self.run_in("--deny-calls", "deny", "--deny-action", "kill", "--", "python3", "-c", code)
        self.assertGreater(done.returncode, 128)

    def test_profile_gives_a_deny_list_that_works(self):
        done = self.litebox("profile", "--json=report", "--", "python3", "-c", "print(open('/etc/passwd').readline()[:4])")
        self.assertEqual(done.returncode, 0, done.stderr)
        report = json.loads((self.here / "report").read_text())
        self.assertIn("/etc/passwd", report["files"])
        self.file("deny", report["deny_list"])
        self.assertIn("ptrace" if "ptrace" in report["deny_list"] else "socket", report["deny_list"])
        self.assertEqual(self.output("--deny-calls", "deny", "--", "python3", "-c", "print(open('/etc/passwd').readline()[:4])"), "root\n")


class Streams(Case):
    def test_input_is_read_only_when_the_program_reads(self):
        script = f"while read -r line; do {LITEBOX} run --quiet -- true; echo \"$line\"; done"
        done = run_bounded(["sh", "-c", script], b"a\nb\nc\n", 60, self.here)
        self.assertEqual(done.stdout, b"a\nb\nc\n")

    def test_much_data_both_ways(self):
        data = os.urandom(3_000_000)
        self.assertEqual(self.run_in("--", "cat", stdin=data, binary=True).stdout, data)

    def test_a_reader_that_leaves(self):
        done = run_bounded(["sh", "-c", f"{LITEBOX} run --quiet -- yes | head -n 3"], b"", 20, self.here)
        self.assertEqual(done.stdout, b"y\ny\ny\n")
        inside = self.output("--", "sh", "-c", "yes | head -n 2")
        self.assertEqual(inside, "y\ny\n")

    def test_outputs_are_apart(self):
        done = self.run_in("--", "sh", "-c", "echo out; echo err >&2")
        self.assertEqual((done.stdout, done.stderr), ("out\n", "err\n"))

    def test_closed_input(self):
        done = subprocess.run([LITEBOX, "run", "--quiet", "--", "cat"], stdin=subprocess.DEVNULL, capture_output=True, timeout=20, cwd=self.here, check=False)
        self.assertEqual((done.returncode, done.stdout), (0, b""))

    def test_files_as_streams(self):
        self.file("in", "text\n")
        with open(self.here / "in", "rb") as source, open(self.here / "out", "wb") as target:
            subprocess.run([LITEBOX, "run", "--quiet", "--", "tr", "a-z", "A-Z"], stdin=source, stdout=target, timeout=20, cwd=self.here, check=True)
        self.assertEqual((self.here / "out").read_text(), "TEXT\n")

    def test_interrupt_ends_it(self):
        with subprocess.Popen([LITEBOX, "run", "--quiet", "--", "sleep", "60"], cwd=self.here, start_new_session=True) as process:
            time.sleep(0.5)
            os.killpg(process.pid, signal.SIGINT)
            try:
                self.assertIn(process.wait(10), (130, -signal.SIGINT))
            finally:
                kill_session(process.pid)

    def test_termination_passes(self):
        with subprocess.Popen([LITEBOX, "run", "--quiet", "--", "sh", "-c", "trap 'echo term; exit 9' TERM; echo up; while :; do sleep 0.1; done"],
                              cwd=self.here, stdout=subprocess.PIPE, start_new_session=True) as process:
            try:
                self.assertEqual(process.stdout.readline(), b"up\n")
                process.terminate()
                self.assertEqual(process.communicate(timeout=10)[0], b"term\n")
                self.assertEqual(process.returncode, 9)
            finally:
                kill_session(process.pid)


class OnTerminal:
    """A program on a pseudo-terminal."""

    def __init__(self, words, cwd):
        self.pid, self.descriptor = pty.fork()
        if self.pid == 0:
            os.chdir(cwd)
            os.environ.clear()
            os.environ.update({"PATH": "/usr/bin:/bin", "TERM": "dumb", "HOME": "/nonexistent", "PS1": "$ "})
            os.execvp(words[0], words)
        self.seen = ""

    def send(self, text):
        os.write(self.descriptor, text.encode())

    def expect(self, pattern, timeout=15):
        deadline = time.monotonic() + timeout
        while not re.search(pattern, self.seen):
            ready, _, _ = select.select([self.descriptor], [], [], max(0, deadline - time.monotonic()))
            if not ready:
                raise AssertionError(f"no {pattern!r} within {timeout} s; seen: {self.seen[-500:]!r}")
            try:
                self.seen += os.read(self.descriptor, 4096).decode("utf-8", "replace")
            except OSError:
                raise AssertionError(f"ended without {pattern!r}; seen: {self.seen[-500:]!r}") from None
        found = re.search(pattern, self.seen)
        self.seen = self.seen[found.end():]
        return found

    def end(self, timeout=15):
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                os.close(self.descriptor)
                return os.waitstatus_to_exitcode(status)
            if select.select([self.descriptor], [], [], 0.05)[0]:
                try:
                    self.seen += os.read(self.descriptor, 4096).decode("utf-8", "replace")
                except OSError:
                    time.sleep(0.05)
        kill_session(self.pid)
        os.waitpid(self.pid, 0)
        os.close(self.descriptor)
        raise AssertionError(f"still running; seen: {self.seen[-500:]!r}")


class Terminal(Case):
    def start(self, *words):
        return OnTerminal([LITEBOX, "run", "--quiet", *words], self.here)

    def test_python_is_a_working_prompt(self):
        t = self.start("--", "python3", "-q")
        t.expect(">>> ")
        t.send("6 * 7\n")
        t.expect("42")
        t.expect(">>> ")
        t.send("while True: pass\n\n")
        time.sleep(0.5)
        t.send("\x03")
        t.expect("KeyboardInterrupt")
        t.expect(">>> ")
        # Evaluated so that the interrupt is no longer the last thing that happened: else Python ends by SIGINT, here as outside.
        t.send("6 * 9\n")
        t.expect("54")
        t.expect(">>> ")
        t.send("\x04")
        self.assertEqual(t.end(), 0)

    def test_shell_with_job_control(self):
        t = self.start("-it", "--", "bash", "--norc", "-i")
        t.expect(r"[$#] ")
        t.send("sleep 50\n")
        time.sleep(0.7)
        t.send("\x1a")
        t.expect("Stopped")
        t.send("jobs\n")
        t.expect(r"Stopped\s+sleep 50")
        t.send("fg\n")
        time.sleep(0.5)
        t.send("\x03")
        t.expect(r"[$#] ")
        t.send("echo still $((40+2))\n")
        t.expect("still 42")
        t.send("exit 5\n")
        self.assertEqual(t.end(), 5)

    def test_window_size(self):
        t = self.start("--", "sh", "-c", "stty size; read x; stty size")
        t.expect(r"\d+ \d+")
        import fcntl
        import struct
        import termios
        fcntl.ioctl(t.descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", 33, 99, 0, 0))
        time.sleep(0.3)
        t.send("\n")
        t.expect("33 99")
        self.assertEqual(t.end(), 0)

    def test_isatty_is_as_outside(self):
        t = self.start("--", "sh", "-c", "for i in 0 1 2; do [ -t $i ] && echo tty$i; done")
        t.expect("tty0\r\ntty1\r\ntty2")
        t.end()
        self.assertEqual(self.output("--", "sh", "-c", "[ -t 0 ] || [ -t 1 ] || echo none"), "none\n")

    def test_the_terminal_is_as_before(self):
        script = f"stty -a > before; {LITEBOX} run --quiet -- sh -c 'stty raw -echo; exit 0'; stty -a > after; cmp before after && echo same"
        t = OnTerminal(["sh", "-c", script], self.here)
        t.expect("same")
        t.end()

    def test_suspending_the_whole(self):
        t = OnTerminal(["bash", "--norc", "-i"], self.here)
        t.expect(r"[$#] ")
        t.send(f"{LITEBOX} run --quiet -- sleep 40\n")
        time.sleep(1)
        t.send("\x1a")
        t.expect("Stopped")
        t.send("fg\n")
        time.sleep(0.5)
        t.send("\x03")
        t.expect(r"[$#] ")
        t.send("exit\n")
        t.end()


class Reports(Case):
    def test_json(self):
        done = self.run_in("--json=report", "--", "sh", "-c", "ls / >/dev/null; exit 3")
        self.assertEqual(done.returncode, 3)
        report = json.loads((self.here / "report").read_text())
        self.assertEqual((report["exit_code"], report["end"]), (3, "exited"))
        self.assertGreater(report["guest_calls"], 20)
        self.assertGreater(report["host_calls"], 0)
        self.assertGreater(report["start_us"], 0)
        self.assertLess(report["start_us"], 1_000_000)
        self.assertGreaterEqual(report["processes"], 2)
        self.assertEqual(sum(c["count"] for c in report["calls"]), report["guest_calls"])

    def test_stats(self):
        done = self.run_in("--stats", "--", "ls", "/")
        self.assertRegex(done.stderr, r"\d+ system calls served inside, \d+ host system calls made")
        self.assertRegex(done.stderr, r"(?m)^ +\d+ +\d+ +write$")

    def test_trace(self):
        done = self.run_in("--trace", "--", "cat", "/etc/passwd")
        self.assertRegex(done.stderr, r'openat\(AT_FDCWD, "/etc/passwd", O_RDONLY.*\) = \d+')
        self.assertRegex(done.stderr, r"exit_group\(0\)")
        done = self.run_in("--trace=log", "--", "cat", "/nothing-there")
        self.assertNotIn("openat", done.stderr)
        self.assertRegex((self.here / "log").read_text(), r"/nothing-there.* = -1 ENOENT|/nothing-there.* = ENOENT")

    def test_trace_is_escaped(self):
        done = self.run_in("--trace=log", "--", "cat", "a\x1b[2Jb")
        self.assertNotIn(b"\x1b", (self.here / "log").read_bytes())


if __name__ == "__main__":
    if not os.access(LITEBOX, os.X_OK):
        sys.exit(f"{LITEBOX} is not there: run make first")
    unittest.main(verbosity=1)
