"""What a sandbox and a forked process cost in memory, from the host's point of view."""
import os
import pathlib
import select
import subprocess
import time


def children_of(root):
    """root and all its descendants, as the host sees them."""
    parents = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                fields = pathlib.Path(f"/proc/{entry}/stat").read_text(encoding="ascii", errors="replace").rsplit(")", 1)[1]
            except OSError:
                continue
            parents[int(entry)] = int(fields.split()[1])
    family = {root}
    while True:
        more = {pid for pid, parent in parents.items() if parent in family} - family
        if not more:
            return family
        family |= more


def kib(path, keys):
    total = 0
    try:
        for line in pathlib.Path(path).read_text(encoding="ascii", errors="replace").splitlines():
            key, _, value = line.partition(":")
            if key in keys:
                total += int(value.split()[0])
    except OSError:
        pass  # the process has just ended
    return total


def resident(pids):
    """KiB resident in all of them, shared pages counted once (each its share), page tables not counted."""
    return sum(kib(f"/proc/{pid}/smaps_rollup", {"Pss"}) for pid in pids)


def private(pids):
    """KiB of private dirty memory and page tables."""
    return sum(kib(f"/proc/{pid}/smaps_rollup", {"Private_Dirty"}) + kib(f"/proc/{pid}/status", {"VmPTE"}) for pid in pids)


class Running:
    def __init__(self, command, cwd, ready):
        self.process = subprocess.Popen(command, cwd=cwd, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                        start_new_session=True)
        if ready:
            seen, _, _ = select.select([self.process.stdout], [], [], 60)
            if not seen or self.process.stdout.readline() != b"ready\n":
                self.end()
                raise RuntimeError("the measured program did not start")
        else:
            time.sleep(1)
            if self.process.poll() is not None:
                raise RuntimeError(f"the measured program ended at once, status {self.process.returncode}")

    def family(self):
        return children_of(self.process.pid)

    def end(self):
        self.process.stdin.close()
        try:
            self.process.wait(1)
        except subprocess.TimeoutExpired:
            self.process.terminate()
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.process.stdout.close()


def of_running(command, cwd, ready, figure):
    running = Running(command, cwd, ready)
    try:
        time.sleep(0.2)
        return figure(running.family())
    finally:
        running.end()


def measure(system, build, cwd):
    """Both rows: MiB of an idle sandbox, and KiB of one forked process (the difference between 33 children and 1, divided)."""
    idle = of_running(system.command(["/bin/sleep", "30"]), cwd, False, resident)
    few, many = (of_running(system.command([str(build / "forks"), str(n)]), cwd, True, private) for n in (1, 33))
    return {"memory_idle": idle / 1024, "memory_fork": (many - few) / 32}
