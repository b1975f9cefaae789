"""The systems that are compared: how each runs a command, and whether it is there at all."""
import os
import shutil
import subprocess


class System:
    def __init__(self, name, title, prefix, missing=None, slow=False):
        self.name, self.title, self.prefix, self.missing, self.slow = name, title, prefix, missing, slow

    def command(self, program, environment=None, pinned=False):
        """The command line; environment is set inside; pinned keeps it all on one processor."""
        inner = ["/usr/bin/env"] + [f"{k}={v}" for k, v in environment.items()] if environment else []
        pin = ["taskset", "-c", "0"] if pinned else []
        return pin + self.prefix + inner + program


def first_line(command):
    try:
        # Pipes, here and in all measurements: the packaged gVisor gives its standard streams to nobody, the host's /dev/null too.
        done = subprocess.run(command, input="", capture_output=True, text=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired) as problem:
        return None, str(problem)
    text = (done.stdout + done.stderr).strip()
    return (text.splitlines() or [""])[0] if done.returncode == 0 else None, text


def probe(prefix, package):
    """None when the system runs a program here; otherwise why not."""
    if shutil.which(prefix[0]) is None:
        return f"{os.path.basename(prefix[0])} is not there" + (f" (Debian package {package})" if package else ": build it with make")
    # The output goes through a pipe: the packaged gVisor loses what it writes to other kinds of files.
    said, problem = first_line(prefix + ["/bin/echo", "works"])
    if said == "works":
        return None
    return "does not run here: " + ((problem or said or "no output").strip().splitlines() or ["no output"])[-1]


def bubblewrap():
    prefix = ["bwrap", "--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc", "--tmpfs", "/dev/shm", "--tmpfs", "/tmp",
              "--unshare-all", "--die-with-parent", "--"]
    version, _ = first_line(["bwrap", "--version"])
    return System("bwrap", version or "bubblewrap", prefix, probe(prefix, "bubblewrap"))


def gvisor():
    wanted = ["--rootless"] if os.getuid() else []
    version, _ = first_line(["runsc", "--version"])
    base = ["runsc", "--network=none"] + wanted
    reason = None
    for platform in ("systrap", "ptrace"):
        prefix = base + [f"--platform={platform}", "do"]
        reason = probe(prefix, "runsc")
        if reason is None:
            return System("gvisor", f"gVisor {(version or '').replace('runsc version ', '')}, platform {platform}", prefix,
                          slow=True)
    return System("gvisor", version or "gVisor", base, reason, slow=True)


def litebox(binary):
    prefix = [binary, "run", "--quiet", "--"]
    version, _ = first_line([binary, "version"])
    return System("litebox", version or "LiteBox", prefix, probe(prefix, None))


def all_systems(binary):
    return [System("native", "native Linux " + os.uname().release, []), litebox(binary), gvisor(), bubblewrap()]
