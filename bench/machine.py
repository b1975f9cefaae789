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
import tempfile
import time

import cloud_kernel

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = ROOT / "build"
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
    ("disk_64k", "64 KiB of a file on a virtio disk, EROFS, read for the first time", 1 / 0.95),
]
DISK_ROW = "disk_64k"
DISK_FILE = 40 << 20


def word_list(program_folder):
    words = []
    for name, _, _ in ROWS:
        if name != DISK_ROW:
            words += [f"{program_folder}/micro", "--only", name, "--batches", "3", "--static", f"{program_folder}/true", "--"]
    return words[:-1]


def disk_words(program_folder, disk):
    return [f"{program_folder}/micro", "--only", DISK_ROW, "--batches", "3", "--unread", f"{disk}/unread"]


def litebox_command(words, memory):
    return [str(BUILD / "bin/litebox"), "run", "--quiet", "--platform=vm", "--cpus=1", f"--memory={memory}M", "--",
            str(BUILD / "bench/first"), *words]


def litebox_disk_command(image, memory):
    return [str(BUILD / "bin/litebox"), "run", "--quiet", "--platform=vm", "--cpus=1", f"--memory={memory}M", f"--image={image}",
            "--root-hash=none", "--", "/first", *disk_words("", "")]


def make_image(folder):
    """The disk of both: the programs, and a file larger than any row reads."""
    root = pathlib.Path(folder, "root")
    root.mkdir()
    for name in ("first", "micro"):
        shutil.copy(BUILD / "bench" / name, root)
    (root / "unread").write_bytes(b"".join(number.to_bytes(8, "little") for number in range(DISK_FILE // 8)))
    image = pathlib.Path(folder, "disk.img")
    subprocess.run([BUILD / "bin/litebox", "image", "build", root, "--output", image], check=True, capture_output=True)
    shutil.rmtree(root)
    return image


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


def measure(kernel, modules, folder, rounds):
    read = lambda name: (BUILD / "bench" / name).read_bytes()
    programs = [("init", read("first")), ("bench/micro", read("micro")), ("bench/true", read("true"))]
    image = make_image(folder)
    plain, with_disk = folder / "plain.cpio", folder / "disk.cpio"
    plain.write_bytes(cloud_kernel.archive(programs + [("arguments", "\n".join(word_list("/bench")).encode())]))
    with_disk.write_bytes(cloud_kernel.archive(
        programs + modules + [("arguments", "\n".join(disk_words("/bench", "/disk")).encode())]))
    linux, ours = [], []
    for _ in range(rounds):
        # What starts and fills memory is measured without the disk.
        for to, command, disk_command in (
                (linux, cloud_kernel.command(kernel, plain, MEMORY), cloud_kernel.command(kernel, with_disk, MEMORY, image)),
                (ours, litebox_command(word_list(BUILD / "bench"), MEMORY), litebox_disk_command(image, MEMORY))):
            found = boot(command)
            found["rows"].update(boot(disk_command)["rows"])
            to.append(found)
    return linux, ours


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--output", metavar="FILE", help="write the table there too")
    arguments = parser.parse_args()
    try:
        kernel, modules = cloud_kernel.cloud_kernel(BUILD / "bench-linux")
    except (RuntimeError, OSError, subprocess.CalledProcessError) as problem:
        print(f"bench: {cloud_kernel.PACKAGE} cannot be had: {problem}")
        return 1
    with tempfile.TemporaryDirectory(prefix="litebox-bench-") as folder:
        linux, ours = measure(kernel, modules, pathlib.Path(folder), arguments.rounds)
    text = f"{kernel.name}, QEMU microvm, emulated, one processor, best of {arguments.rounds}.\n\n" + table(linux, ours)
    print(text)
    if arguments.output:
        pathlib.Path(arguments.output).write_text(text + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
