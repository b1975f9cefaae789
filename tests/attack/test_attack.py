#!/usr/bin/env python3
"""A hostile guest against the wall. Each test is named after the attack; the sandbox may die, nothing outside may notice."""
import os
import unittest

from sandboxes import USER, Confined, twice

PERMITTED = {"futex": 202, "mmap": 9, "mprotect": 10, "madvise": 28, "mremap": 25, "clone": 56, "exit": 60, "exit_group": 231,
             "rt_sigreturn": 15, "restart_syscall": 219, "tgkill": 234, "clock_gettime": 228, "membarrier": 324, "pread64": 17}
# uretprobe and uprobe: since Linux 6.11 the kernel lets them past every filter; outside a probe they answer SIGILL and ENXIO.
PAST_EVERY_FILTER = {335, 336}
KILLED = "the wall does not permit"


class Hostile(Confined):
    def run_hostile(self, *words, options=(), timeout=120):
        done = self.run_litebox("run", *options, "--", "./hostile", *words, timeout=timeout)
        self.assertNotEqual(done.returncode, 99, f"the attack got through: {words} {done.stderr}")
        return done

    def through_gate(self, number, *arguments):
        return self.run_hostile("gate", number, *arguments)

    def assert_killed(self, done, what):
        self.assertNotIn("returned", done.stdout, what)
        self.assertEqual(done.returncode, 125, (what, done.stdout, done.stderr))
        self.assertIn(KILLED, done.stderr, what)



@twice
class Gate(Hostile):
    def test_the_gate_is_found_and_works(self):
        # Otherwise the tests below would prove nothing.
        self.assertRegex(self.through_gate(228, 1, 0).stdout, r"returned -14")

    def test_every_unlisted_call_through_the_gate(self):
        for number in [n for n in range(0, 460) if n not in PERMITTED.values() and n not in PAST_EVERY_FILTER]:
            with self.subTest(number=number):
                self.assert_killed(self.through_gate(number), number)

    def test_calls_that_the_kernel_exempts_do_nothing(self):
        for number in PAST_EVERY_FILTER:
            done = self.through_gate(number)
            self.assertTrue("returned -" in done.stdout or done.returncode == 125, (number, done.stdout, done.stderr))

    def test_x32_and_wild_numbers_through_the_gate(self):
        for number in (0x40000000, 0x40000001, 0x40000000 + 59, 1000, 0x7fffffff, -1):
            self.assert_killed(self.through_gate(number), number)

    def test_listed_calls_with_other_arguments(self):
        cases = [
            (202, 0, 1, 1),                                     # futex outside the windows
            (202, 0x7fff00000000, 0),                           # futex wait on own memory
            (9, 0, 4096, 3, 0x22, -1 & (2**64 - 1), 0),         # mmap without MAP_FIXED
            (9, 0x10000, 4096, 3, 0x12, 5, 0),                  # a descriptor outside the windows
            (9, 0x10000, 4096, 3, 0x11, 64, 0),                 # a read-only slot shared and writable
            (9, 0x10000, 1 << 32, 1, 0x12, 64, 0),              # a file mapping of 4 GiB
            (9, 0x10000, 4096, 3, 0x4032, 0, 0),                # anonymous with a descriptor
            (10, 0x10000, 4096, 8),                             # mprotect with another bit
            (10, 0x10000, 4096, 1 << 32),                       # the upper half
            (28, 0x10000, 4096, 12),                            # MADV_MERGEABLE
            (25, 0x10000, 4096, 4096, 1),                       # mremap without MREMAP_FIXED
            (56, 0x11), (56, 0x50f00 | 0x10000000),             # clone as other flags
            (56, 0x8411 | (1 << 32)),
            (234, 1, 1, 9), (234, 1, 1, 64),                    # tgkill with another signal
            (228, -5 & (2**64 - 1)), (228, 8), (228, 12),       # clocks of descriptors, unknown clocks
            (324, 1), (324, 8, 1),                              # other barriers
            (17, 0), (17, 3), (17, 15), (17, 70000),            # pread64 outside the windows
            (17, 64 | (1 << 32)),
            (9, "@0x10000000", 4096, 1, 0x12, 64, 0),           # a file over the arena
            (9, "@-0x300000000", 4096, 1, 0x11, 64, 0),         # a file into the guard before the windows
            (9, "@-0x80000000", 4096, 3, 0x11, 3, 0),           # the arena over the rings
            (25, 0x10000, 4096, 4096, 3, "@0x10000000"),        # a mapping moved over the arena
            (25, "@-0x80000000", 4096, 4096, 3, 0x10000),       # the rings moved away
            (25, 0x10000, 4096, 1 << 32, 3, 0x20000),           # moved and longer than the guard
            (202, "@-0x100000001", 0), (202, "@-0x200000000", 1),  # futexes before the rings' window
        ]
        for case in cases:
            with self.subTest(case=case):
                self.assert_killed(self.through_gate(*case), case)



@twice
class Attack(Hostile):
    def test_host_calls_from_own_code(self):
        self.assertEqual(self.run_hostile("own-code").returncode, 0)

    def test_host_calls_from_generated_code(self):
        self.assertEqual(self.run_hostile("generated-code").returncode, 0)

    def test_overwriting_the_library_os(self):
        done = self.run_hostile("core-memory")
        self.assertNotEqual(done.stderr, "", "the death of the sandbox has a reason")

    def test_mapping_over_the_library_os(self):
        self.assertEqual(self.run_hostile("map-over").returncode, 0)

    def test_nonsense_in_registers(self):
        self.assertEqual(self.run_hostile("registers").returncode, 0)

    def test_forking_without_end(self):
        self.assertEqual(self.run_hostile("forks", options=("--processes", "200")).returncode, 0)

    def test_opening_without_end(self):
        self.assertEqual(self.run_hostile("descriptors").returncode, 0)

    def test_filling_memory_files(self):
        done = self.run_hostile("tmpfs", options=("--memory", "300M"))
        self.assertIn(done.returncode, (0, 137))

    def test_allocating_without_end(self):
        done = self.run_hostile("memory", options=("--memory", "300M"))
        self.assertIn("memory limit", done.stderr)

    def test_nonsense_before_calls_faults_and_their_signals(self):
        done = self.run_hostile("senseless", 300)
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_nonsense_while_signals_arrive(self):
        done = self.run_hostile("signals", 3)
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_signalling_and_inspecting_a_host_process(self):
        self.assertEqual(self.run_hostile("host-process", self.canary.pid).returncode, 0)
        self.assertEqual(self.run_hostile("host-process", os.getpid()).returncode, 0)

    def test_the_hosts_environment_is_in_no_memory(self):
        half, other = os.urandom(12).hex(), os.urandom(12).hex()
        os.environ["LITEBOX_TEST_SECRET"] = half + other
        try:
            done = self.run_hostile("search", half, other)
        finally:
            del os.environ["LITEBOX_TEST_SECRET"]
        self.assertEqual(done.returncode, 0, (done.stdout, done.stderr))

    def test_the_hosts_files_through_proc(self):
        marker = "marker-" + os.urandom(12).hex()
        (self.here / "secret").mkdir(mode=0o755)
        (self.here / "secret/file").write_text(marker)
        os.environ["LITEBOX_TEST_SECRET"] = marker
        script = ("env; cat /proc/self/environ /proc/1/environ /proc/*/cmdline /proc/*/environ; for p in /proc/self/root /proc/1/root /proc/self/cwd/.. "
                  f"/proc/self/fd/0/..; do cat $p{self.here}/secret/file; done; cat /proc/kcore /proc/kmsg /proc/kallsyms /dev/mem /proc/self/mem")
        try:
            done = self.run_litebox("run", "--", "sh", "-c", script, cwd="/")
        finally:
            del os.environ["LITEBOX_TEST_SECRET"]
        self.assertNotIn(marker, done.stdout)

    def test_writing_past_a_limit_of_file_sizes(self):
        done = self.run_litebox("run", "--", "sh", "-c", "ulimit -f 10; head -c 100000 /dev/zero > f; echo $?; ls -l f")
        self.assertNotIn("100000", done.stdout)
        self.assertFalse(done.stdout.startswith("0\n"), done.stdout)

    def test_every_kind_of_library_os_state_overwritten(self):
        """The arena, piece by piece: each run ends by itself, or with a reason; nothing else notices."""
        for begin, length in ((0, 0x1000), (0x1000, 0x40000), (0x40000, 0x200000), (0x200000, 0x800000), (0x800000, 0x2000000)):
            for pattern in (0, 0x41, 0xff):
                done = self.run_hostile("overwrite", begin, length, pattern, options=("--timeout", "2s"))
                # By itself: also as a program that a signal of the library OS's ended.
                self.assertTrue(done.returncode == 0 or done.returncode > 128 or done.stderr, (begin, length, pattern))


@twice
class Grants(Hostile):
    def granted(self):
        grant = self.here / "grant"
        grant.mkdir(mode=0o755)
        if self.identity == "user" and os.geteuid() == 0:
            os.chown(grant, USER, USER)
        return grant

    def test_links_and_dots_out_of_a_grant(self):
        secret = self.here / "secret"
        secret.mkdir(mode=0o755)
        (secret / "file").write_text("outside")
        grant = self.granted()
        os.symlink("../secret/file", grant / "up")
        os.symlink(str(secret / "file"), grant / "absolute")
        os.symlink("/proc/self/root" + str(secret / "file"), grant / "through-proc")
        for path in ("up", "absolute", "through-proc", "../secret/file"):
            done = self.run_litebox("run", "--quiet", "--rw", str(grant), "--cwd", str(grant), "--", "cat", path, cwd="/")
            self.assertNotIn("outside", done.stdout, path)
        (grant / "plain").write_text("inside")
        done = self.run_litebox("run", "--quiet", "--rw", str(grant), "--cwd", str(grant), "--", "cat", "plain", cwd="/")
        self.assertEqual(done.stdout, "inside", done.stderr)

    def test_set_uid_files_do_not_reach_the_host(self):
        grant = self.granted()
        self.run_litebox("run", "--quiet", "--rw", str(grant), "--cwd", str(grant), "--", "sh", "-c", "echo x > f; chmod 6755 f; mknod d c 1 3", cwd="/")
        self.assertEqual((grant / "f").stat().st_mode & 0o6000, 0)
        self.assertFalse((grant / "d").exists())


if __name__ == "__main__":
    unittest.main(verbosity=1)
