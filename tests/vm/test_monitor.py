#!/usr/bin/env python3
"""The monitor's process, looked at from outside: what an attacker would find who got out of the machine and into QEMU."""
import os
import pathlib
import signal
import subprocess
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "attack"))
from sandboxes import Confined, children, gone, status, twice  # noqa: E402

PATIENCE = 60


def wait_for(what, seconds=PATIENCE):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = what()
        if found:
            return found
        time.sleep(0.02)
    raise AssertionError("it did not come to that")


def command(process):
    try:
        return pathlib.Path(f"/proc/{process}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return [b""]


class Machine(Confined):
    def boot(self, kernel, *words, **options):
        prefix = self.command()[:-1]
        process = subprocess.Popen([*prefix, str(self.here / "vm_boot"), str(self.here / kernel), *map(str, words)],
                                   **{"cwd": self.here, "stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE,
                                      "stderr": subprocess.PIPE, "text": True, **options})
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        return process

    def monitor_of(self, process):
        """QEMU, once the machine runs: it has a thread for the processor then, besides its own two."""
        def ready():
            if process.poll() is not None:
                raise AssertionError(process.stderr.read())
            for child in children(process.pid):
                threads = len(os.listdir(f"/proc/{child}/task")) if command(child)[0] == b"qemu" else 0
                if threads >= 3:
                    return child
            return None
        return wait_for(ready)

    def grant(self, name):
        directory = self.here / name
        directory.mkdir()
        (directory / "file").write_text("granted\n")
        if os.geteuid() == 0 and self.identity == "user":
            from sandboxes import USER
            os.chown(directory, USER, USER)
            os.chown(directory / "file", USER, USER)
        return directory


@twice
class Monitor(Machine):
    def setUp(self):
        super().setUp()
        self.process = self.boot("vm_kernel_waits", "--ro", self.grant("read"), "--rw", self.grant("write"))
        self.qemu = self.monitor_of(self.process)

    def test_it_has_no_privileges_and_cannot_get_any(self):
        for thread in os.listdir(f"/proc/{self.qemu}/task"):
            found = status(f"{self.qemu}/task/{thread}")
            for which in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
                self.assertEqual(int(found[which], 16), 0, which)
            self.assertEqual(found["NoNewPrivs"], "1")
            self.assertEqual(found["Seccomp"], "2")
            ids = set(found["Uid"].split() + found["Gid"].split())
            self.assertEqual(len(ids), 1)
            self.assertNotIn("0", ids)
            self.assertEqual(found["Groups"].split() if self.identity == "root" else [], [])

    def test_it_has_namespaces_of_its_own(self):
        for kind in ("user", "pid", "net", "ipc", "mnt", "uts"):
            self.assertNotEqual(os.readlink(f"/proc/{self.qemu}/ns/{kind}"), os.readlink(f"/proc/self/ns/{kind}"), kind)

    def test_it_sees_no_file_of_the_host_beyond_the_export(self):
        root = pathlib.Path(f"/proc/{self.qemu}/root")
        self.assertEqual(sorted(os.listdir(root)),
                         ["dev", "export", "firmware", "kernel", "lib", "lib64", "modules", "parameters", "proc", "qemu"])
        self.assertEqual(sorted(os.listdir(root / "export")), ["0", "1"])
        self.assertEqual(os.listdir(root / "dev"), [])
        self.assertEqual((root / "export/0/file").read_text(), "granted\n")
        for name in os.listdir(root / "lib") + os.listdir(root / "modules"):
            self.assertIn(".so", name)

    def test_nothing_but_a_directory_granted_for_writing_is_writable(self):
        for line in pathlib.Path(f"/proc/{self.qemu}/mountinfo").read_text().splitlines():
            place, options = line.split()[4:6]
            options = options.split(",")
            self.assertIn("nosuid", options, line)
            self.assertIn("nodev", options, line)
            if place not in ("/export/1", "/proc"):
                self.assertIn("ro", options, line)

    def test_it_sees_no_process_of_the_host(self):
        root = pathlib.Path(f"/proc/{self.qemu}/root/proc")
        self.assertEqual([entry for entry in os.listdir(root) if entry.isdigit()], ["1"])

    def test_it_reaches_no_network(self):
        devices = pathlib.Path(f"/proc/{self.qemu}/net/dev").read_text().splitlines()[2:]
        self.assertEqual([line.split(":")[0].strip() for line in devices], ["lo"])
        self.assertEqual(len(pathlib.Path(f"/proc/{self.qemu}/net/route").read_text().splitlines()[1:]), 0)

    def test_it_holds_no_descriptor_of_the_invoker(self):
        for number in os.listdir(f"/proc/{self.qemu}/fd"):
            target = os.readlink(f"/proc/{self.qemu}/fd/{number}")
            inside = target.startswith(("/export", "/null", "socket:", "pipe:", "anon_inode:", "/memfd:"))
            self.assertTrue(inside, f"{number} -> {target}")

    def test_a_directory_moved_away_later_is_not_followed(self):
        (self.here / "read").rename(self.here / "elsewhere")
        os.symlink("/etc", self.here / "read")
        self.assertEqual(os.listdir(f"/proc/{self.qemu}/root/export/0"), ["file"])

    def test_a_file_granted_for_writing_shows_the_monitor_as_its_owner(self):
        inside = os.stat(f"/proc/{self.qemu}/root/export/1/file").st_uid
        self.assertEqual(str(inside), status(self.qemu)["Uid"].split()[0])

    def test_a_killed_supervisor_takes_it_along(self):
        self.process.kill()
        self.process.wait()
        wait_for(lambda: gone(self.qemu))

    def test_a_killed_monitor_ends_the_run_with_the_reason(self):
        os.kill(self.qemu, signal.SIGKILL)
        _, said = self.process.communicate(timeout=PATIENCE)
        self.assertIn("ended without a word of how", said)
        self.assertIn("Killed", said)

    def test_a_signal_ends_it_the_second_time(self):
        self.process.terminate()
        time.sleep(0.1)
        self.process.terminate()
        _, said = self.process.communicate(timeout=PATIENCE)
        self.assertIn("ended by a second signal", said)
        self.assertTrue(gone(self.qemu))


@twice
class Ends(Machine):
    def test_a_machine_that_stops_without_a_word_fails_with_its_last_lines(self):
        _, said = self.boot("vm_kernel_stops").communicate(timeout=PATIENCE)
        self.assertIn("end 3", said)
        self.assertIn("its last lines: !", said)

    def test_a_machine_that_hangs_ends_at_the_time_limit(self):
        _, said = self.boot("vm_kernel_waits", "--timeout", 500).communicate(timeout=PATIENCE)
        self.assertIn("end 2 status 124", said)

    def test_a_flood_on_the_serial_line_fills_nothing(self):
        process = self.boot("vm_kernel_floods", "--timeout", 4000)
        self.monitor_of(process)
        time.sleep(2)
        resident = int(status(process.pid)["VmRSS"].split()[0])
        self.assertLess(resident, 64 << 10)
        _, said = process.communicate(timeout=PATIENCE)
        self.assertIn("end 2 status 124", said)

    def test_a_kernel_that_is_none_is_refused_with_the_monitors_words(self):
        (self.here / "text").write_text("no kernel\n")
        _, said = self.boot("text").communicate(timeout=PATIENCE)
        self.assertIn("QEMU: exit status 1); its last lines: qemu: ", said)


if __name__ == "__main__":
    unittest.main()
