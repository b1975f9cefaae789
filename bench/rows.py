"""What is measured, and the goals. A goal is time relative to native; where there are two, the second is for machines on which
native getpid takes less than 100 ns."""

FAST_GETPID_NS = 100.0


class Row:
    """One line of the table. unit "x": ratio to native; "ms", "MiB", "KiB": the value itself."""

    def __init__(self, name, title, goal, fast_goal=None, unit="x"):
        self.name, self.title, self.unit = name, title, unit
        self.goals = (goal, goal if fast_goal is None else fast_goal)

    def goal(self, fast):
        return self.goals[1 if fast else 0]


ROWS = [
    Row("getpid", "getpid, patched site", 0.10, 0.15),
    Row("getppid_libc", "getppid through libc", 0.10, 0.15),
    Row("stat_tmpfs", "stat of a tmpfs file", 0.15, 0.35),
    Row("open_read64_close", "open + read 64 bytes + close, tmpfs", 0.12, 0.30),
    Row("pread_1", "pread 1 byte", 0.12, 0.25),
    Row("pread_64k", "pread 64 KiB", 0.5, 0.7),
    Row("mmap_munmap_4k", "mmap + munmap 4 KiB", 1.0),
    Row("mmap_touch_16", "mmap + munmap, 16 pages touched", 0.4),
    Row("pipe_sleeping", "pipe round trip, sleeping (one processor)", 1.0),
    Row("pipe_round_trip", "pipe round trip, two processors", 0.3),
    Row("tcp_round_trip", "loopback TCP round trip", 0.45),
    Row("thread_create_join", "thread create + join", 0.8),
    Row("fork_wait", "fork + wait, small parent", 1.6),
    Row("fork_wait_256m", "fork + wait, 256 MiB parent on huge pages", 1.2),
    Row("fork_exec_static", "fork + exec static + wait", 0.9, 1.1),
    Row("posix_spawn_1g", "posix_spawn from a 1 GiB parent", 1.0),
    Row("cpu", "CPU-bound work", 1.01),
    Row("touched_memory", "walk over touched memory", 1.01),
    Row("page_fault", "page faults, first touch of 4 KiB pages", 1.01),
    Row("python_pass_inside", "python3 -c pass, inside a running sandbox", 1.1),
    Row("python_command", "python3 -c pass, whole command", 1.8),
    Row("sqlite_1000", "sqlite, 1000 transactions on tmpfs", 0.55),
    Row("redis_get", "redis GET, 20 clients, both ends inside", 1.0),
    Row("redis_get_p16", "redis GET pipelined 16, both ends inside", 1.0),
    Row("nginx_1k", "nginx 1 KiB with wrk, both ends inside", 1.0),
    Row("tar_warm", "tar cf - TREE to cat, granted directory, warm", 1.5),
    Row("tar_first", "tar cf - TREE to cat, first pass", 2.0),
    Row("command_min", "whole command, static true: minimum", 2.0, unit="ms"),
    Row("command_median", "whole command, static true: median", 3.0, unit="ms"),
    Row("memory_idle", "idle sandbox (sleep), beyond the program's own", 10.0, unit="MiB"),
    Row("memory_fork", "forked process, beyond what native takes", 200.0, unit="KiB"),
]

BY_NAME = {row.name: row for row in ROWS}
