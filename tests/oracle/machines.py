"""Oracle programs in virtual machines, many in each (batch.c): one machine costs more to start than most programs to run."""
import concurrent.futures
import os
import select
import signal
import subprocess
import time

# Emulated, and on a busy host.
PROGRAM_SECONDS = 90
BATCH = 24


class Batch:
    """One machine, its programs' results as they come."""

    def __init__(self, command, programs, environment, directory):
        self.process = subprocess.Popen([*command, str(PROGRAM_SECONDS), *programs], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment, cwd=directory)
        self.bytes = b""

    def more(self, seconds):
        """False at the end, or when nothing came in that time."""
        ready, _, _ = select.select([self.process.stdout], [], [], seconds)
        piece = os.read(self.process.stdout.fileno(), 1 << 16) if ready else b""
        self.bytes += piece
        return bool(piece)

    def take(self, length):
        while len(self.bytes) < length:
            if not self.more(PROGRAM_SECONDS + 30):
                raise EOFError
        taken, self.bytes = self.bytes[:length], self.bytes[length:]
        return taken

    def line(self):
        while b"\n" not in self.bytes:
            if not self.more(PROGRAM_SECONDS + 30):
                raise EOFError
        line, _, self.bytes = self.bytes.partition(b"\n")
        return line.decode("utf-8", "replace").split(" ")

    def end(self):
        """What the monitor's side said, once it is over."""
        self.process.send_signal(signal.SIGKILL)
        _, error = self.process.communicate()
        return error.decode("utf-8", "replace")[-2000:]


def ended(status):
    if status == -1:
        return f"timeout after {PROGRAM_SECONDS} s"
    code = os.waitstatus_to_exitcode(status)
    return f"exit {code}" if code >= 0 else f"killed by {signal.Signals(-code).name}"


def one_machine(command, programs, environment, directory):
    """Results by program. The one in which the machine ended has the reason; those behind it have none."""
    results, running = {}, None
    started = time.monotonic()
    batch = Batch(command, programs, environment, directory)
    try:
        while len(results) < len(programs):
            word, name, *rest = batch.line()
            running = name
            if word == "end":
                status, length, error_length, milliseconds = map(int, rest)
                lines = batch.take(length).decode("utf-8", "backslashreplace").splitlines()
                error = batch.take(error_length)[-2000:].decode("utf-8", "replace")
                results[name] = {"ended": ended(status), "lines": lines, "stderr": error, "seconds": milliseconds / 1000}
        batch.process.wait(timeout=60)
    except (EOFError, ValueError, subprocess.TimeoutExpired):
        pass
    said = batch.end()
    if len(results) < len(programs):
        lost = running if running is not None and running not in results else programs[len(results)]
        print(f"in {lost} the machine ended or fell silent; its last words: {said.strip().splitlines()[-1:]}", flush=True)
        results[lost] = {"ended": "the machine ended", "lines": [], "stderr": said,
                         "seconds": round(time.monotonic() - started, 3)}
    return results


def run_all(command, programs, environment, directory, jobs):
    """Every program's result; a machine that ends goes on with the next program in a new one."""
    results = {}

    def run_list(names):
        found = {}
        while len(found) < len(names):
            found |= one_machine(command, [name for name in names if name not in found], environment, directory)
        return found

    # Programs of one kind are not all in one machine, so that machines end at about the same time.
    count = max(jobs, -(-len(programs) // BATCH))
    lists = [programs[i::count] for i in range(count)]
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        for found in pool.map(run_list, [names for names in lists if names]):
            results |= found
    return results
