"""What the tests of confinement share: the command and its guests where anybody may read them, run as root and as an ordinary user."""
import ctypes
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
LITEBOX = pathlib.Path(os.environ.get("LITEBOX", ROOT / "build/bin/litebox"))
GUESTS = pathlib.Path(os.environ.get("GUESTS", ROOT / "build/attack"))
# Nobody's: no file, no process, no line in /etc/passwd.
USER = 54321
AS_USER = ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups", "--"]


def twice(case):
    """A test case for each identity that can be had: root only runs as root."""
    module = sys.modules[case.__module__]
    for identity in ("root", "user"):
        if identity == "root" and os.geteuid() != 0:
            continue
        name = f"{case.__name__}As{identity.capitalize()}"
        setattr(module, name, type(name, (case, unittest.TestCase), {"identity": identity, "__module__": case.__module__}))
    return case


class Confined:
    """A directory with the command and the guests in it, and a stranger's process that must not notice anything."""
    identity = "root"

    def setUp(self):
        directory = tempfile.TemporaryDirectory(prefix="litebox-attack-", dir="/var/tmp")
        self.addCleanup(directory.cleanup)
        self.here = pathlib.Path(directory.name)
        self.here.chmod(0o755)
        self.litebox = self.here / "litebox"
        for source in (LITEBOX, *GUESTS.iterdir()):
            if source.is_file():
                shutil.copy(source, self.here / source.name)
                (self.here / source.name).chmod(0o755)
        if os.geteuid() == 0 and self.identity == "user":
            os.chown(self.here, USER, USER)
        self.canary = subprocess.Popen(["sleep", "1200"], start_new_session=True)
        self.addCleanup(self.canary.wait)
        self.addCleanup(self.canary.kill)

    def command(self, *words):
        prefix = AS_USER if self.identity == "user" and os.geteuid() == 0 else []
        return [*prefix, str(self.litebox), *map(str, words)]

    def run_litebox(self, *words, timeout=120, **options):
        options = {"cwd": self.here, "stdin": subprocess.DEVNULL, "capture_output": True, "text": True, "errors": "replace",
                   "check": False, **options}
        done = subprocess.run(self.command(*words), timeout=timeout, **options)
        self.assertIsNone(self.canary.poll(), "a process outside was harmed")
        return done

    def start(self, *words, **options):
        """A sandbox that runs on; it is gone when the test ends."""
        process = subprocess.Popen(self.command("run", *words), **{"cwd": self.here, "stdin": subprocess.DEVNULL, **options})
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def wait_for_guests(self, process, count=2):
        """Host processes of the sandbox; waits until `count` of them are behind the guest's filter."""
        for _ in range(600):
            found = host_processes(process.pid)
            if sum(is_guest(p) for p in found) >= count:
                return found
            time.sleep(0.02)
        raise AssertionError("the sandbox did not start")


def children(process):
    try:
        return [int(c) for c in pathlib.Path(f"/proc/{process}/task/{process}/children").read_text().split()]
    except OSError:
        return []


def host_processes(supervisor):
    """All that belongs to a supervisor; each is its child."""
    return children(supervisor)


def status(process):
    try:
        return dict(line.split(":\t", 1) for line in pathlib.Path(f"/proc/{process}/status").read_text().splitlines() if ":\t" in line)
    except OSError:
        return {}


def is_guest(process):
    """Behind the filter and with the arena mapped."""
    try:
        return status(process).get("Seccomp") == "2" and "litebox-arena" in pathlib.Path(f"/proc/{process}/maps").read_text()
    except OSError:
        return False


def is_pid_one(process):
    return status(process).get("NSpid", "").split()[1:] == ["1"]


def gone(process):
    """Not there, or dead and waiting for somebody who has not looked yet."""
    return status(process).get("State", "Z")[0] in "ZX"


def send(process, number=signal.SIGKILL):
    try:
        os.kill(process, number)
    except ProcessLookupError:
        pass


libc = ctypes.CDLL(None, use_errno=True)
