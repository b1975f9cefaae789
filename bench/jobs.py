"""One job is one run of one program in one system; it yields one or several rows."""
import json
import os
import pathlib
import random
import subprocess

import memory

HERE = pathlib.Path(__file__).resolve().parent
TIMEOUT = 180


class Failed(Exception):
    pass


def run(command, cwd):
    """Output of a command that must succeed. Through pipes, and with an own session, so that nothing is left behind."""
    with subprocess.Popen(command, cwd=cwd, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          start_new_session=True) as process:
        try:
            out, err = process.communicate(timeout=TIMEOUT)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, 9)
            process.communicate()
            raise Failed(f"no end within {TIMEOUT} s") from None
    if process.returncode != 0:
        last = (err.strip().splitlines() or out.strip().splitlines() or ["no message"])[-1]
        raise Failed(f"status {process.returncode}: {last[:200]}")
    return out


def rows_of(out):
    found = {}
    for line in out.splitlines():
        if line.startswith("{"):
            entry = json.loads(line)
            found[entry["row"]] = entry["ns"]
    if not found:
        raise Failed("printed no result")
    return found


class Job:
    def __init__(self, rows):
        self.rows = rows

    def needs(self):
        return []


class Micro(Job):
    """A group of rows of the micro program; alias renames the only row of a pinned run."""

    def __init__(self, build, selection, rows, pinned=False, alias=None):
        super().__init__([alias] if alias else rows)
        self.arguments = [str(build / "micro")] + selection + ["--static", str(build / "true"), "--batches", "3"]
        self.pinned, self.alias = pinned, alias

    def measure(self, system, cwd):
        found = rows_of(run(system.command(self.arguments, pinned=self.pinned), cwd))
        return {self.alias: v for v in found.values()} if self.alias else found


class Macro(Job):
    def __init__(self, name, rows, environment=None, tools=()):
        super().__init__(rows)
        self.name, self.environment, self.tools = name, environment or {}, tools

    def needs(self):
        return list(self.tools)

    def measure(self, system, cwd):
        program = ["/usr/bin/python3", str(HERE / "macro.py"), self.name]
        return rows_of(run(system.command(program, self.environment), cwd))


class Command(Job):
    """Whole commands from start to end, the sandbox included. Lists of samples, not single values."""

    def __init__(self, build, rows, program, runs):
        super().__init__(rows)
        self.spawn, self.program, self.runs = str(build / "spawn"), program, runs

    def measure(self, system, cwd):
        runs = max(1, self.runs // 10) if system.slow else self.runs
        samples = json.loads(run([self.spawn, str(runs)] + system.command(self.program), cwd))
        return {row: [s * 1e3 for s in samples] for row in self.rows}


class Memory(Job):
    def __init__(self, build):
        super().__init__(["memory_idle", "memory_fork"])
        self.build = build

    def measure(self, system, cwd):
        try:
            return memory.measure(system, self.build, cwd)
        except (OSError, ValueError, RuntimeError) as problem:
            raise Failed(str(problem)) from problem


def make_tree(path, files=800):
    """A tree like one of headers and sources: the same bytes on every machine."""
    if (path / "done").exists():
        return
    choice = random.Random(1)
    for i in range(files):
        folder = path / f"part{i % 20}" / f"sub{i % 3}"
        folder.mkdir(parents=True, exist_ok=True)
        size = min(int(choice.lognormvariate(8.3, 1.2)), 400_000)
        (folder / f"file{i}.h").write_bytes((b"/* line %d of a generated file */\n" % i) * (size // 34 + 1))
    (path / "done").touch()


def all_jobs(build, quick):
    tree = build / "tree"
    make_tree(tree)
    environment = {"BENCH_TREE": str(tree), "BENCH_REQUESTS": "5000" if quick else "20000",
                   "BENCH_SECONDS": "1" if quick else "2"}
    return [
        Micro(build, ["--group", "calls"],
              ["getpid", "getppid_libc", "stat_tmpfs", "open_read64_close", "pread_1", "pread_64k"]),
        Micro(build, ["--group", "memory"], ["mmap_munmap_4k", "mmap_touch_16", "page_fault"]),
        Micro(build, ["--group", "cpu"], ["cpu", "touched_memory"]),
        Micro(build, ["--only", "pipe_round_trip"], [], pinned=True, alias="pipe_sleeping"),
        Micro(build, ["--group", "channels"], ["pipe_round_trip", "tcp_round_trip", "thread_create_join"]),
        Micro(build, ["--only", "fork_wait"], ["fork_wait"]),
        Micro(build, ["--only", "fork_wait_256m"], ["fork_wait_256m"]),
        Micro(build, ["--only", "fork_exec_static"], ["fork_exec_static"]),
        Micro(build, ["--only", "posix_spawn_1g"], ["posix_spawn_1g"]),
        Micro(build, ["--group", "python"], ["python_pass_inside"]),
        Command(build, ["python_command"], ["/usr/bin/python3", "-c", "pass"], 3),
        Macro("sqlite", ["sqlite_1000"]),
        Macro("redis", ["redis_get", "redis_get_p16"], environment, ("redis-server", "redis-benchmark")),
        Macro("nginx", ["nginx_1k"], environment, ("nginx", "wrk")),
        Macro("tar", ["tar_warm", "tar_first"], environment),
        Command(build, ["command_min", "command_median"], [str(build / "true")], 6 if quick else 23),
        Memory(build),
    ]
