#!/usr/bin/env python3
"""The kernel's boot contract, held by hand: `litebox kernel` and a monitor's command line, no litebox run. Other monitors that boot by
the PVH note (Firecracker, cloud-hypervisor) hand over other memory maps, modules and command lines in the same forms; each form that
QEMU can be made to show is one test here."""
import os
import pathlib
import re
import shutil
import struct
import subprocess
import tempfile
import unittest

LITEBOX = os.environ.get("LITEBOX", "build/bin/litebox")
PROGRAM = pathlib.Path(os.environ.get("PROGRAM", "build/bench/true"))
PATIENCE = 180
ENDED = "the program ended with wait status 0"
# Any rate will do for a program that looks at no clock.
RUN = "counter_hz=2500000000 program=/bin/true root=ro"
DEVICES = ["-device", "virtio-serial-device", "-chardev", "null,id=nobody", "-device", "virtconsole,chardev=nobody",
           "-device", "virtio-9p-device,fsdev=view,mount_tag=view"]


class Boot(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.directory = tempfile.TemporaryDirectory(prefix="litebox-boot-")
        cls.here = pathlib.Path(cls.directory.name)
        cls.kernel = cls.here / "kernel.elf"
        subprocess.run([LITEBOX, "kernel", "--output", str(cls.kernel)], check=True)
        (cls.here / "export/0/bin").mkdir(parents=True)
        shutil.copy(PROGRAM, cls.here / "export/0/bin/true")

    @classmethod
    def tearDownClass(cls):
        cls.directory.cleanup()

    def boot(self, words, memory="64M", processors=1, machine="microvm,acpi=off", more=()):
        """What it says on the serial line, until the machine stops by itself."""
        command = ["qemu-system-x86_64", "-no-user-config", "-nodefaults", "-display", "none", "-no-reboot", "-accel", "tcg",
                   "-cpu", "max", "-M", machine, "-m", memory, "-smp", str(processors), "-serial", "stdio", "-global",
                   "virtio-mmio.force-legacy=false", "-fsdev", f"local,id=view,path={self.here}/export,security_model=none",
                   "-kernel", str(self.kernel), "-append", words, *DEVICES, *more]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE, check=False)
        return done.stdout + done.stderr

    def test_it_is_one_static_file_with_a_pvh_note_and_no_multiboot_header(self):
        image = self.kernel.read_bytes()
        self.assertEqual(image[:6], b"\x7fELF\x02\x01")
        self.assertLess(len(image), 1 << 20)
        self.assertIn(struct.pack("<III", 4, 4, 18) + b"Xen\0", image)
        for magic in (0x1BADB002, 0xE85250D6):
            found = [at for at in range(0, 32768, 4) if image[at:at + 4] == struct.pack("<I", magic)]
            self.assertEqual(found, [])

    def test_devices_named_on_the_command_line_are_found(self):
        self.assertIn(ENDED, self.boot(RUN))

    def test_devices_that_nobody_names_are_found_by_looking(self):
        self.assertIn(ENDED, self.boot(RUN, machine="microvm,acpi=off,auto-kernel-cmdline=off"))

    def test_the_least_memory_is_enough_for_a_static_program(self):
        self.assertIn(ENDED, self.boot(RUN, memory="8M"))

    def test_memory_in_two_parts_and_four_processors(self):
        self.assertIn(ENDED, self.boot(RUN + " cpus=4", memory="4G", processors=4))

    def test_arguments_behind_two_dashes_are_the_programs(self):
        self.assertIn(ENDED, self.boot(RUN + " -- program=/bin/false root=none"))

    def test_a_machine_without_a_root_finds_no_program(self):
        not_found = 127 << 8
        said = self.boot("counter_hz=2500000000 program=/bin/true")
        self.assertIn(f"ended with wait status {not_found}", said)

    def test_no_word_of_what_to_run_is_said(self):
        self.assertIn("nothing to run", self.boot(""))

    def test_no_word_of_the_clock_is_said(self):
        self.assertIn("counter_hz=", self.boot("program=/bin/true root=ro"))

    def test_a_module_that_is_none_of_ours_is_refused(self):
        other = self.here / "module"
        other.write_bytes(b"another system's file\n" * 100)
        self.assertIn("holds no parameters of LiteBox", self.boot(RUN, more=["-initrd", str(other)]))

    def test_every_start_lies_elsewhere(self):
        bases = set()
        for _ in range(3):
            said = self.boot(RUN, more=["-d", "int", "-D", str(self.here / "log")])
            self.assertIn(ENDED, said)
            text = (self.here / "log").read_text(errors="replace")
            bases.update(re.findall(r"IDT= *(ffff[0-9a-f]{12})", text)[:1])
        self.assertGreater(len(bases), 1)


if __name__ == "__main__":
    unittest.main()
