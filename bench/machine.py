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
LIMIT = 300
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
DISK_FILE = 64 << 20
# More starts a round, since others on the host disturb one most.
STARTS, BOOTS_A_ROUND = 5, 10

HEAD = """# LiteBox as a kernel beside Linux

Written by `make bench`: Debian's {kernel} with an initramfs, and `litebox run --platform=vm`,
run the same static programs in QEMU's microvm machine, emulated, with one processor; rounds of both are interleaved, the best of {rounds} counts. The first row is measured with
the monitor started by hand, alike for both but for the program's way in: Linux has an initramfs, LiteBox a directory over 9P, and each
what it needs of a PC. In all other rows LiteBox is `litebox run`. The disk's file lies in an EROFS image on virtio-blk, and its pages in
the host's memory.

"""
BEYOND = """

The least that our kernel took beyond one of ten instructions in the same monitor line, with 128 MiB, from the monitor's start to its end:
{:.1f} ms without devices (the core up, and no program found), {:.1f} ms with entropy and a 9P export that a program of few instructions
is read from and run. The goal is 15 ms. Nearly all of it is the monitor's translation of code that runs once.
"""


def word_list(program_folder):
    words = []
    for name, _, _ in ROWS:
        if name != DISK_ROW:
            words += [f"{program_folder}/micro", "--only", name, "--batches", "3", "--static", f"{program_folder}/true", "--"]
    return words[:-1]


def disk_words(program_folder, disk):
    return [f"{program_folder}/micro", "--only", DISK_ROW, "--batches", "3", "--unread", f"{disk}/unread"]


def litebox_command(root, words, memory):
    """The root holds what the initramfs of the other holds."""
    return [str(BUILD / "bin/litebox"), "run", "--quiet", "--platform=vm", "--cpus=1", f"--memory={memory}M", *root, "--", *words]


def make_image(folder):
    """The disk of both: what the root holds, and a file larger than any row reads."""
    root = folder / "with-file"
    shutil.copytree(folder / "export/0", root)
    (root / "unread").write_bytes(b"".join(number.to_bytes(8, "little") for number in range(DISK_FILE // 8)))
    image = folder / "disk.img"
    subprocess.run([BUILD / "bin/litebox", "image", "build", root, "--output", image], check=True, capture_output=True)
    shutil.rmtree(root)
    return image


def boot(command):
    """Seconds to the first program's first word, KiB of memory that are in use then, rows in nanoseconds."""
    started = time.monotonic()
    found = {"rows": {}}
    memory = {}
    with subprocess.Popen(["timeout", "-k", "1", str(LIMIT), *command], cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT) as process:
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
        process.wait()
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
            lines.append(f"| {title} | {text(theirs) if theirs else '–'} | {text(own) if own else '–'} | – | {goal or '–'} |")
        else:
            verdict = " **missed**" if goal and own / theirs > goal else ""
            lines.append(f"| {title} | {text(theirs)} | {text(own)} | {own / theirs:.3f}{verdict} | {f'{goal:.2f}' if goal else '–'} |")

    seconds = lambda value: time_text(value * 1e9)
    used = lambda found: MEMORY * 1024 - found["memory"] if "memory" in found else None
    row("start to the first program's first instructions, which say a word", best(linux, lambda f: f.get("start")),
        best(ours, lambda f: f.get("start")), 1 / 20, seconds)
    row("the same of `litebox run`, which also confines the monitor", best(linux, lambda f: f.get("command")),
        best(ours, lambda f: f.get("command")), None, seconds)
    row(f"memory not free then, of {MEMORY} MiB", best(linux, used), best(ours, used), 1.0, lambda kib: f"{kib / 1024:.1f} MiB")
    for name, title, goal in ROWS:
        row(title, best(linux, lambda f: f["rows"].get(name)), best(ours, lambda f: f["rows"].get(name)), goal, time_text)
    return "\n".join(lines)


def by_hand(kernel, memory, words, export=None):
    """The other kernel's monitor line, for ours; with an export, a 9P root and entropy too. Programs speak over the serial line."""
    line = ["qemu-system-x86_64", "-no-user-config", "-nodefaults", "-display", "none", "-no-reboot",
            "-M", "microvm,acpi=off,pit=off,pic=off,rtc=off,isa-serial=on,x-option-roms=off", "-accel", "tcg,thread=multi,tb-size=128",
            "-cpu", "max", "-m", f"{memory}M", "-smp", "1", "-global", "virtio-mmio.force-legacy=false", "-serial", "stdio",
            "-kernel", str(kernel), "-append", words]
    if export:
        line += ["-fsdev", f"local,id=view,path={export},security_model=none,readonly=on",
                 "-device", "virtio-9p-device,fsdev=view,mount_tag=view", "-object", "rng-builtin,id=entropy",
                 "-device", "virtio-rng-device,rng=entropy"]
    return line


def seconds(command):
    started = time.monotonic()
    subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=LIMIT)
    return time.monotonic() - started


def beyond_ten_instructions(folder, khz, rounds):
    """The least of each, without devices and with them: milliseconds of ours beyond the other."""
    words = f"counter_hz={khz * 1000} program=/first_word"
    kernels = (BUILD / "vm_tests/vm_kernel_stops", folder / "kernel.elf")
    # Without devices there is no program: the core is up, looks for it, and says so.
    lines = [by_hand(kernel, 128, words) for kernel in kernels]
    lines += [by_hand(kernel, 128, words + " root=ro", folder / "export") for kernel in kernels]
    samples = [[seconds(line) for line in lines] for _ in range(rounds)]
    nothing, ours, nothing_with, ours_with = (min(column) * 1000 for column in zip(*samples))
    return ours - nothing, ours_with - nothing_with


def starts(command):
    return min(boot(command)["start"] for _ in range(STARTS))


def measure(kernel, modules, folder, rounds):
    read = lambda name: (BUILD / "bench" / name).read_bytes()
    programs = [("init", read("first")), ("bench/micro", read("micro")), ("bench/true", read("true"))]
    root = folder / "export/0"
    root.mkdir(parents=True)
    for name in ("first", "micro", "true", "first_word"):
        shutil.copy(BUILD / "bench" / name, root)
    image = make_image(folder)
    bare, plain, with_disk = folder / "bare.cpio", folder / "plain.cpio", folder / "disk.cpio"
    bare.write_bytes(cloud_kernel.archive([("init", read("first_word"))]))
    plain.write_bytes(cloud_kernel.archive(programs + [("arguments", "\n".join(word_list("/bench")).encode())]))
    with_disk.write_bytes(cloud_kernel.archive(
        programs + modules + [("arguments", "\n".join(disk_words("/bench", "/disk")).encode())]))
    subprocess.run([BUILD / "bin/litebox", "kernel", "--output", folder / "kernel.elf"], check=True, capture_output=True)
    khz = cloud_kernel.counter_khz(BUILD)
    hand = by_hand(folder / "kernel.elf", MEMORY, f"counter_hz={khz * 1000} program=/first_word root=ro", folder / "export")
    linux, ours = [], []
    for _ in range(rounds):
        # What starts and fills memory is measured without the disk.
        for to, start_command, command, disk_command in (
                (linux, cloud_kernel.command(kernel, bare, MEMORY, khz), cloud_kernel.command(kernel, plain, MEMORY, khz),
                 cloud_kernel.command(kernel, with_disk, MEMORY, khz, image)),
                (ours, hand, litebox_command([f"--root={root}"], ["/first", *word_list("")], MEMORY),
                 litebox_command([f"--image={image}", "--root-hash=none"], ["/first", *disk_words("", "")], MEMORY))):
            found = boot(command)
            found["start"] = starts(start_command)
            found["rows"].update(boot(disk_command)["rows"])
            to.append(found)
        ours[-1]["command"] = starts(litebox_command([f"--root={root}"], ["/first_word"], MEMORY))
        linux[-1]["command"] = linux[-1]["start"]
    return linux, ours, beyond_ten_instructions(folder, khz, BOOTS_A_ROUND * rounds)


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
    try:
        with tempfile.TemporaryDirectory(prefix="litebox-bench-") as folder:
            linux, ours, beyond = measure(kernel, modules, pathlib.Path(folder), arguments.rounds)
    except (RuntimeError, OSError, subprocess.CalledProcessError) as problem:
        print(f"bench: machines could not be measured (`litebox doctor` says what they need): {problem}")
        return 1
    text = HEAD.format(kernel=kernel.name, rounds=arguments.rounds) + table(linux, ours) + BEYOND.format(*beyond)
    print(text)
    if arguments.output:
        pathlib.Path(arguments.output).write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
