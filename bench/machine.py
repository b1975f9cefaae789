#!/usr/bin/env python3
"""LiteBox as the kernel of a virtual machine beside Debian's cloud kernel, in the same monitor: the same static programs, a start to
the first instruction, memory, and what calls cost. Debian's package is downloaded with apt and unpacked, never installed; its kernel
gets an initramfs with nothing but those programs. Rounds of both are interleaved, the best of each counts."""
import argparse
import json
import pathlib
import re
import shutil
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = ROOT / "build"
PACKAGE = "linux-image-cloud-amd64"
MEMORY = 256
LIMIT = 600
# Row of micro, title, and what it must reach: at most so much of what Linux takes.
ROWS = [
    ("getppid_libc", "system call round trip (getppid through libc)", 1.0),
    ("pipe_round_trip", "pipe round trip between two threads, two context switches", 1.0),
    ("fork_wait", "fork + wait", 1.0),
    ("fork_exec_static", "fork + exec static + wait", 1.0),
    ("pipe_64k", "64 KiB through a pipe", 1.0),
    ("tcp_round_trip", "loopback TCP round trip", 1.0),
    ("tcp_64k", "64 KiB through loopback TCP", 1 / 0.95),
]


def word_list(program_folder):
    words = []
    for name, _, _ in ROWS:
        words += [f"{program_folder}/micro", "--only", name, "--batches", "3", "--static", f"{program_folder}/true", "--"]
    return words[:-1]


def archive(members):
    """An initramfs: cpio's newc format, written here since that is shorter than a tool to install."""
    out = bytearray()

    def add(name, data=b"", mode=0o100755, device=(0, 0)):
        path = name.encode() + b"\0"
        fields = (len(out) + 1, mode, 0, 0, 1, 0, len(data), 0, 0, *device, len(path), 0)
        out.extend(b"070701" + "".join(f"{field:08x}" for field in fields).encode() + path)
        out.extend(b"\0" * (-len(out) % 4) + data)
        out.extend(b"\0" * (-len(out) % 4))

    for directory in ("dev", "proc", "tmp", "bench"):
        add(directory, mode=0o40755)
    add("dev/console", mode=0o20600, device=(5, 1))
    for name, data in members:
        add(name, data)
    add("TRAILER!!!", mode=0)
    return bytes(out)


def linux_kernel():
    """The path of Debian's kernel, downloaded once."""
    folder = BUILD / "bench-linux"
    found = sorted(folder.glob("boot/vmlinuz-*"))
    if found:
        return found[-1]
    depends = subprocess.run(["apt-cache", "depends", PACKAGE], capture_output=True, text=True, check=True).stdout
    package = re.search(r"Depends: (linux-image-\S+)", depends)
    if not package:
        raise RuntimeError(f"apt knows no {PACKAGE}: apt-get update")
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run(["apt-get", "download", package[1]], cwd=folder, check=True, capture_output=True)
    archive_file = next(folder.glob("linux-image-*.deb"))
    subprocess.run(["dpkg-deb", "-x", archive_file, folder], check=True)
    shutil.rmtree(folder / "lib", ignore_errors=True)
    archive_file.unlink()
    return sorted(folder.glob("boot/vmlinuz-*"))[-1]


def linux_command(kernel, initramfs, memory):
    # What LiteBox leaves out of the machine (timer, interrupt controller and clock of a PC) this kernel cannot do without.
    return ["qemu-system-x86_64", "-no-user-config", "-nodefaults", "-display", "none", "-no-reboot",
            "-M", "microvm,acpi=off,pit=on,pic=on,rtc=on,isa-serial=on,x-option-roms=off",
            "-accel", "tcg,thread=multi,tb-size=128", "-cpu", "max", "-m", f"{memory}M", "-smp", "1",
            "-serial", "stdio", "-kernel", str(kernel), "-initrd", str(initramfs),
            "-append", "console=ttyS0 quiet reboot=t panic=-1 mitigations=off"]


def litebox_command(words, memory):
    return [str(BUILD / "bin/litebox"), "run", "--quiet", "--platform=vm", "--cpus=1", f"--memory={memory}M", "--",
            str(BUILD / "bench/first"), *words]


def boot(command):
    """Seconds to the first program's first word, KiB of memory that are in use then, rows in nanoseconds."""
    started = time.monotonic()
    found = {"rows": {}}
    memory = {}
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        for line in process.stdout:
            text = line.decode("utf-8", "replace").strip()
            if text == "first":
                found["start"] = time.monotonic() - started
            elif text.startswith("{"):
                row = json.loads(text)
                found["rows"][row["row"]] = row["ns"]
            elif match := re.match(r"(MemTotal|MemFree): *(\d+) kB", text):
                memory[match[1]] = int(match[2])
            elif text == "last":
                found["ended"] = True
        process.wait(timeout=LIMIT)
    if "MemFree" in memory:
        found["memory"] = memory["MemFree"]
    if not found.get("ended"):
        raise RuntimeError("the machine ended early: " + " ".join(command))
    return found


def best(rounds, key):
    values = [value for value in (key(found) for found in rounds) if value is not None]
    return min(values) if values else None


def time_text(nanoseconds):
    for unit, size in (("s", 1e9), ("ms", 1e6), ("µs", 1e3)):
        if nanoseconds >= size:
            return f"{nanoseconds / size:.3g} {unit}"
    return f"{nanoseconds:.3g} ns"


def table(linux, ours):
    lines = ["| what | Debian's cloud kernel | LiteBox | LiteBox / Linux | goal |", "|---|---|---|---|---|"]

    def row(title, theirs, own, goal, text):
        if theirs is None or own is None:
            lines.append(f"| {title} | {text(theirs) if theirs else '–'} | {text(own) if own else '–'} | – | {goal:.2f} |")
        else:
            verdict = "" if own / theirs <= goal else " **missed**"
            lines.append(f"| {title} | {text(theirs)} | {text(own)} | {own / theirs:.3f}{verdict} | {goal:.2f} |")

    seconds = lambda value: time_text(value * 1e9)
    used = lambda found: MEMORY * 1024 - found["memory"] if "memory" in found else None
    row("start to the first program's first word", best(linux, lambda f: f.get("start")), best(ours, lambda f: f.get("start")), 1 / 20, seconds)
    row(f"memory not free then, of {MEMORY} MiB", best(linux, used), best(ours, used), 1.0, lambda kib: f"{kib / 1024:.1f} MiB")
    for name, title, goal in ROWS:
        row(title, best(linux, lambda f: f["rows"].get(name)), best(ours, lambda f: f["rows"].get(name)), goal, time_text)
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--output", metavar="FILE", help="write the table there too")
    arguments = parser.parse_args()
    read = lambda name: (BUILD / "bench" / name).read_bytes()
    initramfs = BUILD / "bench-linux.cpio"
    try:
        kernel = linux_kernel()
    except (RuntimeError, OSError, subprocess.CalledProcessError) as problem:
        print(f"bench: {PACKAGE} cannot be had: {problem}")
        return 1
    initramfs.write_bytes(archive([("init", read("first")), ("bench/micro", read("micro")), ("bench/true", read("true")),
                                   ("arguments", "\n".join(word_list("/bench")).encode())]))
    linux, ours = [], []
    for _ in range(arguments.rounds):
        linux.append(boot(linux_command(kernel, initramfs, MEMORY)))
        ours.append(boot(litebox_command(word_list(BUILD / "bench"), MEMORY)))
    text = f"{kernel.name}, QEMU microvm, emulated, one processor, best of {arguments.rounds}.\n\n" + table(linux, ours)
    print(text)
    if arguments.output:
        pathlib.Path(arguments.output).write_text(text + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
