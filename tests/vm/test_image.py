#!/usr/bin/env python3
"""A machine whose root is an image on a block device, in a monitor started by hand."""
import hashlib
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
        for name in ("sh", "cat", "cmp", "ls", "rm", "md5sum"):
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
        self.assertRegex(said, "(I/O|Input/output) error")
        self.assertNotIn("same", said)

    def test_an_image_that_is_cut_off_is_refused(self):
        path = self.changed(lambda data: data[:self.told["hash_offset"] - BLOCK])
        for words in ("", "root_hash=" + self.told["root_hash"]):
            self.assertIn("damaged or cut off", self.boot(words, path))

    def test_what_is_no_image_is_refused(self):
        self.assertIn("holds no EROFS image", self.boot("", self.changed(lambda data: bytes(len(data)))))

    def run_image(self, script, image=None, root_hash=None, before=None, options=()):
        """`litebox run` of the image; `before` is called once the script waits for a line."""
        words = [LITEBOX, "run", "--platform=vm", "--memory=64M", "--image", str(image or self.image), "--root-hash",
                 root_hash or self.told["root_hash"], *options, "--", "/bin/sh", "-c", script]
        with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
            said = b""
            if before:
                said = process.stdout.readline()
                before()
                process.stdin.write(b"go on\n")
            process.stdin.close()
            said += process.stdout.read()
            return said.decode(errors="replace"), process.wait(timeout=PATIENCE)

    def test_run_has_the_image_as_its_root_and_nothing_else_of_the_host(self):
        said, code = self.run_image("cat motd; cmp data copy && echo same; echo x > motd && cat motd; ls /usr; exit 7")
        self.assertEqual((said, code), ("from the image\nsame\nx\nls: /usr: No such file or directory\n", 7))
        self.assertEqual(self.run_image("cat motd", root_hash="none"), ("from the image\n", 0))

    def test_run_refuses_another_hash_and_what_is_no_image(self):
        said, code = self.run_image("cat motd", root_hash="0" * 64)
        self.assertEqual(code, 125)
        self.assertIn("not the image that the root hash was given for", said)
        said, code = self.run_image("cat motd", self.changed(lambda data: b"text " * 5000), "none")
        self.assertEqual(code, 125)
        self.assertIn("holds no EROFS image", said)

    def test_an_image_that_is_overwritten_while_it_runs_is_an_input_output_error(self):
        path = self.changed(lambda data: None)

        def overwrite():
            with open(path, "r+b") as file:
                at = self.image.read_bytes().index(self.data[BLOCK:2 * BLOCK])
                file.seek(at)
                file.write(bytes(len(self.data) - BLOCK))
        said, _ = self.run_image("echo ready; read line; cat motd; cat data > /dev/null", path, before=overwrite)
        self.assertIn("from the image\n", said)
        self.assertRegex(said, "(I/O|Input/output) error")

    def test_an_image_that_is_replaced_while_it_runs_stays_what_it_was(self):
        path = self.changed(lambda data: None)

        def replace():
            other = pathlib.Path(self.place.name, "other.img")
            other.write_bytes(bytes(self.image.stat().st_size))
            os.rename(other, path)
        self.assertEqual(self.run_image("echo ready; read line; cmp data copy && cat motd", path, before=replace),
                         ("ready\nfrom the image\n", 0))

    def test_a_scratch_disk_takes_more_than_the_memory(self):
        script = "cd /tmp; for i in 1 2 3 4 5 6 7 8 9 10; do cat /data /data /data /data /data /data; done > big || exit 3; md5sum < big"
        self.assertEqual(self.run_image(script)[1], 3)
        said, code = self.run_image(script, options=["--scratch", "64M"])
        self.assertEqual((said.split()[0], code), (hashlib.md5(self.data * 60).hexdigest(), 0))

    def test_a_changed_byte_of_the_hash_tree_is_an_input_output_error(self):
        block = self.image.read_bytes().index(self.data[194 * BLOCK:195 * BLOCK]) // BLOCK
        lowest = self.told["hash_offset"] + 2 * BLOCK  # behind the tree's superblock and its top

        def flip(data):
            data[lowest + block * 32] ^= 1
        said, _ = self.run_image("echo begins; cat data > /dev/null && echo read", self.changed(flip))
        self.assertRegex(said, "(I/O|Input/output) error")
        self.assertNotIn("read\n", said)


if __name__ == "__main__":
    unittest.main()
