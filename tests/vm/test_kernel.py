#!/usr/bin/env python3
"""The kernel alone, in a monitor started by hand: its protections, and what it makes of loaders."""
import os
import re
import subprocess
import unittest

KERNEL = os.environ["LITEBOX_KERNEL"]
PATIENCE = 120
# With error codes as the processor gives them: bit 0 the page is there, 1 a write, 4 an instruction fetch.
PAGE_FAULT = r"the kernel faulted: vector 0xe, error {}, at image"


def boot(command_line, *more, memory="64"):
    """What the kernel wrote to the serial line until the machine stopped."""
    monitor = ["qemu-system-x86_64", "-M", "microvm,acpi=off,pit=off,pic=off,rtc=off,isa-serial=on", "-accel", "tcg", "-cpu",
               "max", "-m", memory, "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot", "-global",
               "virtio-mmio.force-legacy=false", "-serial", "stdio", "-kernel", KERNEL, "-append",
               "program=none counter_hz=1000000000 " + command_line, *more]
    done = subprocess.run(monitor, capture_output=True, text=True, timeout=PATIENCE, stdin=subprocess.DEVNULL)
    return done.stdout


class Protection(unittest.TestCase):
    def forbidden(self, name, reason):
        said = boot("self_test=" + name)
        self.assertRegex(said, reason)
        self.assertNotIn("came through", said)

    def test_data_cannot_be_executed(self):
        self.forbidden("execute_data", PAGE_FAULT.format("0x11"))

    def test_the_direct_map_cannot_be_executed(self):
        self.forbidden("execute_direct_map", PAGE_FAULT.format("0x11"))

    def test_the_core_s_memory_cannot_be_executed(self):
        self.forbidden("execute_page_region", PAGE_FAULT.format("0x11"))

    def test_smep_the_kernel_does_not_execute_guest_pages(self):
        self.forbidden("execute_guest_page", PAGE_FAULT.format("0x11"))

    def test_smap_the_kernel_does_not_read_guest_pages_by_accident(self):
        self.forbidden("read_guest_page", PAGE_FAULT.format("0x1"))

    def test_kernel_code_cannot_be_written(self):
        self.forbidden("write_code", PAGE_FAULT.format("0x3"))

    def test_kernel_constants_cannot_be_written(self):
        self.forbidden("write_constant", PAGE_FAULT.format("0x3"))

    def test_kernel_code_has_no_second_address_to_be_written_at(self):
        self.forbidden("write_code_by_direct_map", PAGE_FAULT.format("0x2"))

    def test_page_zero_is_not_there(self):
        self.forbidden("touch_page_zero", PAGE_FAULT.format("0x0"))

    def test_a_stack_that_overflows_ends_in_its_guard_page(self):
        self.forbidden("overflow_stack", "a kernel stack overflowed")

    def test_a_stack_that_was_written_over_is_noticed(self):
        self.forbidden("smash_stack", "a kernel stack was overwritten")

    def test_the_layout_is_another_at_each_start(self):
        layouts = [dict(re.findall(r"(\w+) (0x[0-9a-f]+)", boot("self_test=tell_layout"))) for _ in range(3)]
        self.assertEqual(set(layouts[0]), {"image", "direct", "region", "stacks", "canary"})
        for what in layouts[0]:
            self.assertGreater(len({layout[what] for layout in layouts}), 1, what)


class Loader(unittest.TestCase):
    def test_a_processor_without_a_protection_is_refused(self):
        self.assertIn("the processor lacks SMAP", boot("", "-cpu", "max,smap=off"))

    def test_an_unknown_self_test_is_told(self):
        self.assertIn("no self test of this name", boot("self_test=nothing"))


if __name__ == "__main__":
    unittest.main()
