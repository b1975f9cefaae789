#!/usr/bin/env python3
"""Ethernet frames between the kernel's virtio-net driver and the other end of QEMU's wire, which is a socket of this test. No program
reaches the network yet: the kernel's self test sends each frame back to where it came from."""
import os
import pathlib
import re
import select
import socket
import subprocess
import tempfile
import unittest

KERNEL = os.environ["LITEBOX_KERNEL"]
PATIENCE = 120
ADDRESS = "52:54:00:12:34:56"
HERE = bytes.fromhex("0200000000aa")
EXPERIMENTAL, END = b"\x88\xb5", b"\x88\xb6"


class Wire:
    """A machine with one network device, and the wire's other end."""

    def __init__(self, device=f"mac={ADDRESS}"):
        self.directory = tempfile.TemporaryDirectory(prefix="litebox-network-")
        here = pathlib.Path(self.directory.name)
        self.end = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.end.bind(str(here / "test"))
        self.end.settimeout(PATIENCE)
        self.machine_end = str(here / "machine")
        monitor = ["qemu-system-x86_64", "-M", "microvm,acpi=off,pit=off,pic=off,rtc=off,isa-serial=on", "-accel", "tcg", "-cpu",
                   "max", "-m", "64", "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot", "-global",
                   "virtio-mmio.force-legacy=false", "-serial", "stdio", "-netdev",
                   f"dgram,id=wire,local.type=unix,local.path={self.machine_end},remote.type=unix,remote.path={here}/test",
                   "-device", f"virtio-net-device,netdev=wire,{device}", "-kernel", KERNEL, "-append",
                   "program=none counter_hz=1000000000 self_test=echo_frames"]
        self.monitor = subprocess.Popen(monitor, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        self.said = ""
        while "litebox: network" not in self.said:
            line = self.monitor.stdout.readline()
            if not line:
                raise AssertionError("the machine ended early: " + self.said)
            self.said += line
        self.address = bytes(int(byte, 16) for byte in re.findall(r"0x[0-9a-f]+", self.said.split("network")[1]))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.monitor.kill()
        self.monitor.communicate()
        self.end.close()
        self.directory.cleanup()

    def send(self, frame):
        self.end.sendto(frame, self.machine_end)

    def finish(self):
        """Ends the self test: all that the kernel said."""
        self.send(self.address + HERE + END + bytes(46))
        rest, _ = self.monitor.communicate(timeout=PATIENCE)
        return self.said + rest

    def quiet(self):
        return not select.select([self.end], [], [], 0)[0]


def payload(length, seed):
    return bytes((seed + at * 7) % 256 for at in range(length))


class Frames(unittest.TestCase):
    def test_frames_of_every_size_come_back_whole_and_in_order(self):
        with Wire() as wire:
            sizes = [46, 47, 63, 64, 65, 100, 513, 1000, 1487, 1499, 1500]
            for number, size in enumerate(sizes):
                wire.send(wire.address + HERE + EXPERIMENTAL + payload(size, number))
            for number, size in enumerate(sizes):
                self.assertEqual(wire.end.recv(4096), HERE + wire.address + EXPERIMENTAL + payload(size, number))
            self.assertIn("came through", wire.finish())

    def test_the_device_tells_address_size_and_link(self):
        with Wire(f"mac={ADDRESS},host_mtu=1400") as wire:
            self.assertEqual(wire.address, bytes.fromhex(ADDRESS.replace(":", "")))
            self.assertIn("mtu 1400 up", wire.said)

    def test_many_more_frames_than_there_are_buffers(self):
        with Wire() as wire:
            for number in range(400):
                frame = payload(200, number)
                wire.send(wire.address + HERE + EXPERIMENTAL + frame)
                self.assertEqual(wire.end.recv(4096)[14:], frame)

    def test_what_is_longer_than_a_frame_is_dropped(self):
        with Wire() as wire:
            wire.send(wire.address + HERE + EXPERIMENTAL + payload(1501, 1))
            wire.send(wire.address + HERE + EXPERIMENTAL + payload(9000, 2))
            wire.send(wire.address + HERE + EXPERIMENTAL + payload(60, 3))
            self.assertEqual(wire.end.recv(16384)[14:], payload(60, 3))
            self.assertTrue(wire.quiet())

    def test_what_is_sent_to_everybody_comes_in_too(self):
        """An ARP request as a real neighbour sends it: the echo has the driver's own address as its source."""
        with Wire() as wire:
            question = bytes.fromhex("0001080006040001") + HERE + bytes(4) + bytes(6) + bytes([10, 0, 2, 15])
            wire.send(b"\xff" * 6 + HERE + b"\x08\x06" + question + bytes(18))
            answer = wire.end.recv(4096)
            self.assertEqual(answer[:14], HERE + wire.address + b"\x08\x06")


class WithoutANetwork(unittest.TestCase):
    def test_a_machine_without_the_device_has_none(self):
        monitor = ["qemu-system-x86_64", "-M", "microvm,acpi=off", "-accel", "tcg", "-cpu", "max", "-m", "64", "-nodefaults",
                   "-no-user-config", "-display", "none", "-no-reboot", "-global", "virtio-mmio.force-legacy=false", "-serial",
                   "stdio", "-kernel", KERNEL, "-append", "program=none counter_hz=1000000000 self_test=echo_frames"]
        done = subprocess.run(monitor, capture_output=True, text=True, timeout=PATIENCE, stdin=subprocess.DEVNULL, check=False)
        self.assertIn("the machine has no network device", done.stdout)


if __name__ == "__main__":
    unittest.main()
