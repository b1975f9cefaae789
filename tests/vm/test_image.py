#!/usr/bin/env python3
"""A machine whose root is an image on a block device, in a monitor started by hand."""
import json
import os
import pathlib
import subprocess
import tempfile
import unittest

LITEBOX = os.environ["LITEBOX"]
PATIENCE = 300
BLOCK = 4096


class Image(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.place = tempfile.TemporaryDirectory()
        cls.kernel = os.path.join(cls.place.name, "kernel.elf")
        subprocess.run([LITEBOX, "kernel", "--output", cls.kernel], check=True)
        root = pathlib.Path(cls.place.name, "root")
        (root / "bin").mkdir(parents=True)
        busybox = pathlib.Path("/bin/busybox").read_bytes()
        (root / "bin/busybox").write_bytes(busybox)
        (root / "bin/busybox").chmod(0o755)
        for name in ("sh", "cat", "cmp", "ls", "rm"):
            (root / "bin" / name).symlink_to("busybox")
        cls.data = b"".join(number.to_bytes(4, "little") for number in range(200000))
        (root / "data").write_bytes(cls.data)
        os.link(root / "data", root / "copy")
        (root / "script").write_text("cat /motd\ncmp /data /copy && echo same\n"
                                     "echo more >> /motd && cat /motd && rm /copy && ls /copy\n")
        (root / "motd").write_text("from the image\n")
        cls.image = pathlib.Path(cls.place.name, "root.img")
        told = subprocess.run([LITEBOX, "image", "build", str(root), "--output", str(cls.image), "--json"], check=True,
                              capture_output=True, text=True)
        cls.told = json.loads(told.stdout)

    @classmethod
    def tearDownClass(cls):
        cls.place.cleanup()

    def boot(self, words, image=None):
        """What the machine wrote to the serial line until it stopped."""
        drive = f"if=none,id=root,file={image or self.image},format=raw,readonly=on"
        monitor = ["qemu-system-x86_64", "-M", "microvm,acpi=off,pit=off,pic=off,rtc=off,isa-serial=on", "-accel", "tcg",
                   "-cpu", "max", "-m", "128", "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
                   "-global", "virtio-mmio.force-legacy=false", "-serial", "stdio", "-kernel", self.kernel,
                   "-device", "virtio-rng-device", "-drive", drive, "-device", "virtio-blk-device,drive=root",
                   "-append", f"counter_hz=1000000000 root=image {words} program=/bin/sh -- /script"]
        done = subprocess.run(monitor, capture_output=True, timeout=PATIENCE, stdin=subprocess.DEVNULL)
        return done.stdout.decode(errors="replace").replace("\r", "")

    def changed(self, change):
        """A copy of the image, with its bytes changed."""
        data = bytearray(self.image.read_bytes())
        data = change(data) or data
        path = pathlib.Path(self.place.name, "changed.img")
        path.write_bytes(data)
        return path

    def test_the_image_is_the_root_and_is_not_written(self):
        before = self.image.read_bytes()
        for words in ("", "root_hash=" + self.told["root_hash"]):
            said = self.boot(words)
            self.assertIn("from the image\nsame\nfrom the image\nmore\n", said)
            self.assertIn("ls: /copy: No such file or directory", said)
        self.assertEqual(before, self.image.read_bytes())

    def test_another_root_hash_or_none_that_can_be_read_stops_the_machine(self):
        other = self.told["root_hash"][1:] + self.told["root_hash"][:1]
        self.assertIn("not the image that the root hash was given for", self.boot("root_hash=" + other))
        for wrong in ("root_hash=", "root_hash=12", "root_hash=" + "x" * 64):
            said = self.boot(wrong)
            self.assertIn("not 64 hexadecimal digits", said)
            self.assertNotIn("from the image", said)

    def test_a_changed_file_is_an_input_output_error(self):
        at = self.image.read_bytes().index(self.data[BLOCK:2 * BLOCK])

        def flip(data):
            data[at + 7] ^= 1
        said = self.boot("root_hash=" + self.told["root_hash"], self.changed(flip))
        self.assertIn("from the image\n", said)
        self.assertIn("I/O error", said)
        self.assertNotIn("same", said)

    def test_an_image_that_is_cut_off_is_refused(self):
        path = self.changed(lambda data: data[:self.told["hash_offset"] - BLOCK])
        for words in ("", "root_hash=" + self.told["root_hash"]):
            self.assertIn("damaged or cut off", self.boot(words, path))

    def test_what_is_no_image_is_refused(self):
        self.assertIn("holds no EROFS image", self.boot("", self.changed(lambda data: bytes(len(data)))))


if __name__ == "__main__":
    unittest.main()
