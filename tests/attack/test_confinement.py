#!/usr/bin/env python3
"""How the processes of a sandbox stand, seen from the host: filters, capabilities, limits, what lies in their memory."""
import ctypes
import json
import os
import pathlib
import struct
import subprocess
import time
import unittest

import sandboxes
from sandboxes import Confined, children, is_guest, is_pid_one, status, twice

TASKS_BESIDE_THE_PROGRAM = 96


@twice
class Processes(Confined):
    def setUp(self):
        super().setUp()
        self.marker = "marker-" + os.urandom(12).hex()
        self.supervisor = self.start("--quiet", "--memory", "512M", "--processes", "50", "--env", f"SEEN={self.marker[:8]}", "--", "sleep", "600",
                                     env={**os.environ, "LITEBOX_TEST_SECRET": self.marker})
        self.processes = self.wait_for_guests(self.supervisor)
        self.guests = [p for p in self.processes if is_guest(p)]

    def test_no_capabilities_no_new_privileges_a_filter(self):
        for process in self.guests + [p for p in self.processes if is_pid_one(p)]:
            row = status(process)
            for kind in ("CapInh", "CapPrm", "CapEff", "CapAmb"):
                self.assertEqual(int(row[kind], 16), 0, (process, kind))
            self.assertEqual((row["NoNewPrivs"], row["Seccomp"]), ("1", "2"), process)

    def test_identity(self):
        for process in self.processes:
            user = {int(u) for u in status(process)["Uid"].split()[:3]}
            if self.identity == "root":
                # An opener serves a directory that was granted by name as its owner.
                owner = {self.here.stat().st_uid} if process not in self.guests and not is_pid_one(process) else set()
                self.assertTrue(user == owner or all(u >= 10**9 for u in user), user)
            else:
                self.assertEqual(user, {sandboxes.USER if os.geteuid() == 0 else os.getuid()})
            self.assertEqual(status(process).get("Groups", "").split(), [])

    def test_two_runs_have_two_identities(self):
        if self.identity != "root":
            self.skipTest("an ordinary user has one")
        other = self.start("--quiet", "--", "sleep", "600")
        theirs = self.wait_for_guests(other)
        self.assertNotEqual(status(theirs[0])["Uid"], status(self.processes[0])["Uid"])

    def test_no_core_files_and_nobody_looks_in(self):
        for process in self.processes:
            limits = pathlib.Path(f"/proc/{process}/limits").read_text()
            self.assertRegex(limits, r"Max core file size +0 +0")
            # The files of a process that is not dumpable belong to root.
            self.assertEqual(pathlib.Path(f"/proc/{process}/maps").stat().st_uid, 0, process)

    def test_first_to_go_when_memory_runs_out(self):
        for process in self.processes:
            self.assertEqual(pathlib.Path(f"/proc/{process}/oom_score_adj").read_text().strip(), "1000")

    def test_limit_of_processes(self):
        for process in self.guests:
            limits = pathlib.Path(f"/proc/{process}/limits").read_text()
            self.assertRegex(limits, rf"Max processes +{50 + TASKS_BESIDE_THE_PROGRAM} ")

    def test_namespaces_of_their_own(self):
        for kind in ("user", "pid", "mnt", "net", "ipc", "uts"):
            for process in self.guests:
                self.assertNotEqual(os.readlink(f"/proc/{process}/ns/{kind}"), os.readlink(f"/proc/self/ns/{kind}"), kind)

    def test_ring_threads_are_filtered_and_the_supervisor_has_no_arena(self):
        for _ in range(200):
            ring_threads = [int(t) for t in os.listdir(f"/proc/{self.supervisor.pid}/task") if int(t) != self.supervisor.pid]
            if len(ring_threads) == 2:
                break
            time.sleep(0.02)
        self.assertEqual(len(ring_threads), 2)
        for thread in ring_threads:
            text = pathlib.Path(f"/proc/{self.supervisor.pid}/task/{thread}/status").read_text()
            self.assertIn("Seccomp:\t2", text)
            self.assertIn("NoNewPrivs:\t1", text)
        maps = pathlib.Path(f"/proc/{self.supervisor.pid}/maps").read_text()
        self.assertIn("litebox-rings", maps)
        self.assertNotIn("litebox-arena", maps)

    def test_pid_one_sleeps_on_a_pipe_and_holds_nothing_else(self):
        one, = [p for p in self.processes if is_pid_one(p)]
        self.assertEqual([os.readlink(f"/proc/{one}/fd/{f}").split(":")[0] for f in os.listdir(f"/proc/{one}/fd")], ["pipe"])

    def test_descriptors_of_a_guest(self):
        for process in self.guests:
            for name in os.listdir(f"/proc/{process}/fd"):
                target = os.readlink(f"/proc/{process}/fd/{name}")
                # Below the windows, out of the filter's reach, the opener has files open while it looks at them.
                self.assertRegex(target, r"^/|^anon_inode:\[?inotify" if name != "3" else "^/memfd:litebox-arena", name)

    def test_nothing_of_the_supervisor_is_in_a_guests_memory(self):
        """A marker in the host's environment and the command's own words, searched for in all memory of all processes."""
        supervisor_words = [self.marker.encode(), str(self.litebox).encode() + b"\0run"]
        for process in self.processes:
            for piece in memory_of(process):
                for word in supervisor_words:
                    self.assertNotIn(word, piece, process)
        # The search finds what is there.
        self.assertTrue(any(b"SEEN=" + self.marker[:8].encode() in piece for p in self.guests for piece in memory_of(p)))


def memory_of(process):
    """All readable memory that is present, piece by piece."""
    with open(f"/proc/{process}/maps") as maps, open(f"/proc/{process}/mem", "rb", 0) as memory, open(f"/proc/{process}/pagemap", "rb", 0) as pages:
        for line in maps:
            span, mode = line.split()[:2]
            begin, end = (int(x, 16) for x in span.split("-"))
            if not mode.startswith("r") or begin >= 2**47:
                continue
            yield from present_pieces(memory, pages, begin, end)


def present_pieces(memory, pages, begin, end):
    step = 1 << 24
    for at in range(begin, end, step):
        count = (min(end, at + step) - at) // 4096
        pages.seek(at // 4096 * 8)
        entries = pages.read(count * 8)
        if not any(entries):
            continue
        run = None
        for i in range(count + 1):
            present = i < count and entries[i * 8 + 7] & 0xC0
            if present and run is None:
                run = i
            elif not present and run is not None:
                try:
                    memory.seek(at + run * 4096)
                    yield memory.read((i - run) * 4096)
                except OSError:
                    pass
                run = None


@twice
class Invoker(Confined):
    """What the invoker's process brings with it."""

    def test_descriptors_left_open_are_not_inside(self):
        secret = self.here / "secret"
        secret.write_text("secret")
        opened = [os.open(secret, os.O_RDWR) for _ in range(12)]
        copies = list(range(16, 100)) + [4160, 4200, 5183]
        for number in copies:
            os.dup2(opened[0], number, inheritable=True)
        try:
            for number in (16, 31, 32, 33, 34, 63, 64, 65, 80, 99, 4160, 4200, 5183):
                done = self.run_litebox("run", "--quiet", "--", "./hostile", "read-slot", number, pass_fds=copies)
                self.assertNotIn("secret", done.stdout, f"descriptor {number} is open inside")
        finally:
            # Those opened first may lie among the copies.
            for number in set(copies + opened):
                os.close(number)

    def test_children_of_whom_we_were_are_left_alone(self):
        words = " ".join(self.command("run", "--quiet", "--", "sh", "-c", "'sleep 1; exit 5'"))
        done = subprocess.run(["sh", "-c", f"sleep 0.2 & sleep 30 >/dev/null 2>&1 & echo $!; exec {words}"], cwd=self.here, stdout=subprocess.PIPE, timeout=20, check=False)
        other = int(done.stdout)
        self.assertEqual(done.returncode, 5)
        self.assertFalse(sandboxes.gone(other))
        sandboxes.send(other)

    def test_ignored_child_signals_do_not_hide_a_death(self):
        words = " ".join(self.command("run", "--quiet", "--", "./hostile", "gate", "39"))
        done = subprocess.run(["sh", "-c", f"trap '' CHLD; exec {words}"], cwd=self.here, capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(done.returncode, 125)
        self.assertIn("does not permit", done.stderr)

    def test_closed_streams(self):
        for closing in (">&-", "2>&-", "<&-", "<&- >&- 2>&-"):
            words = " ".join(self.command("run", "--quiet", "--", "sh", "-c", "'echo x; echo y >&2; exit 7'"))
            self.assertEqual(subprocess.run(["sh", "-c", f"{words} {closing}"], cwd=self.here, capture_output=True, timeout=60, check=False).returncode, 7, closing)


@twice
class Limits(Confined):
    """Enforced by the supervisor against a guest that ignores the library OS, or that is in nobody's hands."""

    def test_time_ends_a_guest_that_hangs(self):
        begun = time.monotonic()
        done = self.run_litebox("run", "--timeout", "1s", "--", "./hostile", "spin")
        self.assertEqual(done.returncode, 124)
        self.assertIn("--timeout", done.stderr)
        self.assertLess(time.monotonic() - begun, 30)

    def test_time_ends_a_guest_whose_output_nobody_reads(self):
        reader, writer = os.pipe()
        with subprocess.Popen(self.command("run", "--timeout", "1s", "--", "yes"), stdout=writer, stderr=subprocess.PIPE, cwd=self.here) as process:
            os.close(writer)
            self.assertIn(b"--timeout", process.communicate(timeout=60)[1])
        os.close(reader)

    def test_processor_time_of_all_processes(self):
        done = self.run_litebox("run", "--cpu-time", "2s", "--", "./hostile", "spin", "4")
        self.assertEqual(done.returncode, 137)
        self.assertIn("--cpu-time", done.stderr)

    def test_processor_time_of_processes_made_by_hand(self):
        done = self.run_litebox("run", "--cpu-time", "2s", "--", "./hostile", "spin-by-hand")
        self.assertIn("--cpu-time", done.stderr)

    def test_processes_made_by_hand(self):
        done = self.run_litebox("run", "--processes", "20", "--timeout", "60s", "--", "./hostile", "clone-by-hand")
        made = int(done.stdout.split("made ")[1].split()[0])
        self.assertLess(made, 20 + TASKS_BESIDE_THE_PROGRAM)

    def test_memory_of_page_tables(self):
        done = self.run_litebox("run", "--memory", "200M", "--timeout", "100s", "--", "./hostile", "page-tables")
        self.assertIn("memory limit", done.stderr)

    def test_memory_made_read_only(self):
        done = self.run_litebox("run", "--memory", "200M", "--timeout", "100s", "--", "./hostile", "read-only-memory")
        self.assertIn("memory limit", done.stderr)

    def test_memory_of_the_arena_by_hand(self):
        done = self.run_litebox("run", "--memory", "200M", "--timeout", "100s", "--", "./hostile", "arena-by-hand")
        self.assertIn("memory limit", done.stderr)

    def test_memory_of_many_processes(self):
        done = self.run_litebox("run", "--memory", "200M", "--timeout", "100s", "--", "./hostile", "memory-of-many")
        self.assertIn("memory limit", done.stderr)

    def test_a_cgroup_where_one_can_be_had(self):
        doctor = json.loads(self.run_litebox("doctor", "--json").stdout)
        row, = [probe for probe in doctor["probes"] if probe["name"] == "memory cgroup"]
        if row["state"] != "ok":
            self.skipTest("no cgroup may be made here: " + row["found"])
        process = self.start("--quiet", "--memory", "300M", "--", "sleep", "600")
        name = pathlib.Path(row["found"].split(" below ")[1], f"litebox-{process.pid}")
        self.wait_for_guests(process)
        for _ in range(200):
            if name.exists() and len((name / "cgroup.procs").read_text().split()) >= 4:
                break
            time.sleep(0.05)
        inside = {int(p) for p in (name / "cgroup.procs").read_text().split()}
        self.assertLessEqual(set(children(process.pid)), inside)
        limit = name / "memory.limit_in_bytes"
        limit = int((limit if limit.exists() else name / "memory.max").read_text())
        self.assertTrue(300 << 20 <= limit <= 350 << 20, limit)
        process.terminate()
        process.wait(20)
        self.assertFalse(name.exists(), "the cgroup stays behind")

    def test_leaving_without_a_word(self):
        """The exit cookie can be forged; the limits hold for what is left."""
        done = self.run_litebox("run", "--timeout", "3s", "--", "./hostile", "forged-exit")
        self.assertEqual(done.returncode, 124)

    def test_a_second_signal_ends_a_guest_that_ignores_the_first(self):
        for name in ("INT", "TERM"):
            process = self.start("--quiet", "--", "sh", "-c", "trap '' INT TERM HUP; echo up; while :; do sleep 1; done", stdout=subprocess.PIPE)
            self.assertEqual(process.stdout.readline(), b"up\n")
            pids = children(process.pid)
            for _ in range(2):
                os.kill(process.pid, getattr(sandboxes.signal, f"SIG{name}"))
                time.sleep(0.3)
            process.wait(20)
            self.assertTrue(all(sandboxes.gone(p) for p in pids))
            process.stdout.close()

    def test_files_larger_than_the_invokers_limit(self):
        granted = self.here / "granted"
        granted.mkdir()
        if self.identity == "user" and os.geteuid() == 0:
            os.chown(granted, sandboxes.USER, sandboxes.USER)
        words = " ".join(self.command("run", "--quiet", "--rw", "granted", "--", "sh", "-c", "'head -c 3000000 /dev/zero > granted/file; echo $?'"))
        done = subprocess.run(["bash", "-c", f"ulimit -S -f 1000; {words}"], cwd=self.here, capture_output=True, text=True, timeout=60, check=False)
        self.assertNotEqual(done.stdout, "0\n", done.stderr)
        self.assertLessEqual((granted / "file").stat().st_size, 1024000)


@twice
class Missing(Confined):
    """Where the host refuses what the wall is made of, nothing runs."""

    def refused(self, prepare):
        def begin():
            if self.identity == "user" and os.geteuid() == 0:
                os.setgroups([])
                os.setgid(sandboxes.USER)
                os.setuid(sandboxes.USER)
            prepare()
        doctor = subprocess.run([self.litebox, "doctor"], preexec_fn=begin, cwd=self.here, capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(doctor.returncode, 1, doctor.stdout)
        self.assertIn("missing", doctor.stdout)
        self.assertIn("to get it:", doctor.stdout)
        done = subprocess.run([self.litebox, "run", "--", "echo", "ran"], preexec_fn=begin, cwd=self.here, stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, timeout=60, check=False)
        self.assertEqual((done.returncode, done.stdout), (125, ""))
        self.assertRegex(done.stderr, r"^litebox: .*(litebox doctor|ordinary user)")

    @staticmethod
    def without_calls(numbers, error):
        """A filter as a container has it, that answers these calls with an error."""
        code = [(0x20, 0, 0, 0)] + [(0x15, len(numbers) - i, 0, n) for i, n in enumerate(numbers)]
        code += [(0x06, 0, 0, 0x7FFF0000), (0x06, 0, 0, 0x00050000 | error)]
        packed = b"".join(struct.pack("<HBBI", *row) for row in code)
        buffer = ctypes.create_string_buffer(packed)
        program = ctypes.create_string_buffer(struct.pack("<HxxxxxxQ", len(code), ctypes.addressof(buffer)))

        def install():
            sandboxes.libc.prctl(38, 1, 0, 0, 0)
            if sandboxes.libc.prctl(22, 2, program, 0, 0) != 0:
                os._exit(99)
            _ = buffer
        return install

    def test_no_user_namespaces(self):
        def prepare():
            if sandboxes.libc.unshare(0x10000000) != 0:
                os._exit(98)
            pathlib.Path("/proc/sys/user/max_user_namespaces").write_text("0")
        self.refused(prepare)

    def test_a_container_that_refuses_namespaces(self):
        self.refused(self.without_calls([272], 1))

    def test_no_filters(self):
        self.refused(self.without_calls([317], 38))


if __name__ == "__main__":
    unittest.main(verbosity=1)
