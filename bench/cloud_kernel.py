"""Debian's cloud kernel, to be started beside LiteBox: the package is downloaded with apt and unpacked, never installed."""
import pathlib
import re
import shutil
import subprocess

PACKAGE = "linux-image-cloud-amd64"
# What a disk takes there, all of it modules; what these depend on they say themselves.
DISK_MODULES = ("virtio_mmio", "virtio_blk", "erofs")


def archive(members):
    """An initramfs: cpio's newc format, written here since that is shorter than a tool to install."""
    out = bytearray()

    def add(name, data=b"", mode=0o100755, device=(0, 0)):
        path = name.encode() + b"\0"
        fields = (len(out) + 1, mode, 0, 0, 1, 0, len(data), 0, 0, *device, len(path), 0)
        out.extend(b"070701" + "".join(f"{field:08x}" for field in fields).encode() + path)
        out.extend(b"\0" * (-len(out) % 4) + data)
        out.extend(b"\0" * (-len(out) % 4))

    for directory in ("dev", "proc", "tmp", "bench", "disk", "modules"):
        add(directory, mode=0o40755)
    add("dev/console", mode=0o20600, device=(5, 1))
    for name, data in members:
        add(name, data)
    add("TRAILER!!!", mode=0)
    return bytes(out)


def in_order(files, wanted):
    """The modules' files, each behind those that it depends on. What is no file is part of the kernel."""
    order = []

    def add(name):
        path = files.get(name)
        if path is None or path in order:
            return
        for depends in re.findall(rb"\0depends=([^\0]*)\0", path.read_bytes()):
            for other in depends.decode().split(","):
                add(other)
        order.append(path)

    for name in wanted:
        add(name)
    return order


def unpack(folder):
    depends = subprocess.run(["apt-cache", "depends", PACKAGE], capture_output=True, text=True, check=True).stdout
    package = re.search(r"Depends: (linux-image-\S+)", depends)
    if not package:
        raise RuntimeError(f"apt knows no {PACKAGE}: apt-get update")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    subprocess.run(["apt-get", "download", package[1]], cwd=folder, check=True, capture_output=True)
    archive_file = next(folder.glob("linux-image-*.deb"))
    subprocess.run(["dpkg-deb", "-x", archive_file, folder], check=True)
    files = {path.stem.replace("-", "_"): path for path in folder.glob("lib/modules/**/*.ko")}
    (folder / "modules").mkdir()
    for number, path in enumerate(in_order(files, DISK_MODULES)):
        shutil.copy(path, folder / f"modules/{number}.ko")
    shutil.rmtree(folder / "lib")
    archive_file.unlink()


def cloud_kernel(folder):
    """The kernel's path, and the modules for a disk as members of an initramfs. Downloaded once."""
    if not list(folder.glob("modules/*.ko")):
        unpack(folder)
    modules = [(f"modules/{path.name}", path.read_bytes()) for path in sorted(folder.glob("modules/*.ko"))]
    return sorted(folder.glob("boot/vmlinuz-*"))[-1], modules


def counter_khz(build):
    return int(subprocess.run([build / "bench/counter"], capture_output=True, text=True, check=True).stdout)


def command(kernel: pathlib.Path, initramfs: pathlib.Path, memory, khz, disk=None):
    # What LiteBox leaves out of the machine (timer, interrupt controller and clock of a PC) this kernel cannot do without, and a
    # disk it finds through ACPI only. It is told to believe the time stamp counter: compared with ticks, some of which a busy host
    # loses, the counter seems wrong, and by ticks alone everything takes less time than it does.
    acpi = "on" if disk else "off"
    line = ["qemu-system-x86_64", "-no-user-config", "-nodefaults", "-display", "none", "-no-reboot",
            "-M", f"microvm,acpi={acpi},pit=on,pic=on,rtc=on,isa-serial=on,x-option-roms=off",
            "-accel", "tcg,thread=multi,tb-size=128", "-cpu", "max", "-m", f"{memory}M", "-smp", "1",
            "-global", "virtio-mmio.force-legacy=false",
            "-serial", "stdio", "-kernel", str(kernel), "-initrd", str(initramfs),
            "-append", f"console=ttyS0 quiet reboot=t panic=-1 mitigations=off tsc_early_khz={khz} tsc=reliable"]
    if disk:
        line += ["-drive", f"if=none,id=disk,file={disk},format=raw,readonly=on", "-device", "virtio-blk-device,drive=disk"]
    return line
