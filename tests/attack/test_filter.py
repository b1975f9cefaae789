#!/usr/bin/env python3
"""The filter of a running sandbox permits exactly what the list says, for all arguments: a proof by z3 over the bytes that the kernel
holds, with the list written down here a second time; and every change of one instruction makes the proof fail."""
import ctypes
import os
import pathlib
import random
import signal
import struct
import subprocess
import tempfile
import time
import unittest

try:
    import z3
except ImportError:  # reported by setUpClass: a missing package never passes
    z3 = None

ROOT = pathlib.Path(__file__).resolve().parents[2]
LITEBOX = os.environ.get("LITEBOX", str(ROOT / "build/bin/litebox"))
ALLOW, TRAP, KILL = 0x7FFF0000, 0x00030000, 0x80000000
NUMBER, ARCHITECTURE, POINTER_LOW, POINTER_HIGH, ARGUMENTS = 0, 4, 8, 12, 16
X86_64 = 0xC000003E
WINDOWS = ("begin", "image", "image_length", "block", "block_length", "rings", "rings_length", "arena", "arena_length", "end", "gate")


# --- the list, once more, over integers and over bit vectors alike -------------------------------------------------------------------

class Concrete:
    both = staticmethod(lambda *parts: all(parts))
    either = staticmethod(lambda *parts: any(parts))
    no = staticmethod(lambda part: not part)
    below = staticmethod(lambda a, b: a < b)
    shift = staticmethod(lambda a, b: a >> b)


class Symbolic:
    both = staticmethod(lambda *parts: z3.And(*parts))
    either = staticmethod(lambda *parts: z3.Or(*parts))
    no = staticmethod(lambda part: z3.Not(part))
    below = staticmethod(lambda a, b: z3.ULT(a, b))
    shift = staticmethod(lambda a, b: z3.LShR(a, b))


LIST = {
    "futex operations": tuple(op | flag for op in (0, 1, 9, 10) for flag in (0, 128, 256, 384)),
    "protections": 7, "shared protections": 5, "anonymous": 0x4032, "no descriptor": 2**64 - 1, "arena": 3, "shared": 0x11, "private": 0x12,
    "files": 64, "written files": 4160, "end of files": 5184, "longest": 1 << 32,
    "advice": (4, 8, 9, 14, 15, 23), "move": 3, "thread": 0x50F00, "process": 0x8411, "signal": 10, "clocks": 8, "another clock": 11,
    "no clock": 3, "barriers": (8, 32), "always": (60, 231, 15, 219),
}
# What options change: the shape of the list without --rw, and with all of it.
READING = {"wx": False, "threads": True, "processes": True, "files": True, "written": False}
WRITING = {**READING, "written": True}


def permitted(o, w, number, a, shape, c=None):
    """Whether a call from the gate is on the list. `o`: the logic, `w`: this run's windows, `a`: six arguments."""
    c = c or LIST

    def among(x, values):
        return o.either(*[x == v for v in values])

    def inside(x, low, high):
        return o.both(o.no(o.below(x, low)), o.below(x, high))

    def outside_windows(x):
        return o.no(inside(x, w["begin"], w["end"]))

    def protection(x, mask):
        if shape["wx"] and mask & 6 == 6:
            return o.either(x & ~(mask & ~2) & 2**64 - 1 == 0, x & ~(mask & ~4) & 2**64 - 1 == 0)
        return x & (~mask & 2**64 - 1) == 0

    short, full = c["longest"], c["protections"]
    end_of_files = c["end of files"] if shape["written"] else c["written files"]
    # The filter looks at upper halves: the ring window is the whole 4 GiB piece that the rings share with the read-only start block.
    rings = w["rings"] >> 32 << 32
    anonymous = o.both(protection(a[2], full), a[3] == c["anonymous"], a[4] == c["no descriptor"], a[5] == 0)
    mapped = [o.both(protection(a[2], full), among(a[3], (c["shared"], c["private"])), a[4] == c["arena"])]
    if shape["files"]:
        mapped.append(o.both(protection(a[2], full), a[3] == c["private"], inside(a[4], c["files"], end_of_files)))
        mapped.append(o.both(protection(a[2], c["shared protections"]), a[3] == c["shared"], inside(a[4], c["files"], end_of_files)))
    if shape["written"]:
        mapped.append(o.both(protection(a[2], full), a[3] == c["shared"], inside(a[4], c["written files"], c["end of files"])))
    a_file = o.both(outside_windows(a[0]), o.below(a[1], short), o.either(*mapped))
    low = a[0] & 0xFFFFFFFF
    positive = o.both(o.below(a[0], 2**31), o.either(o.below(a[0], c["clocks"]), a[0] == c["another clock"]))
    an_int = among(o.shift(a[0], 32), (0, 0xFFFFFFFF))
    cpu_clock = o.both(an_int, o.no(o.below(low, 2**31)), o.no(low & c["no clock"] == c["no clock"]))
    clones = [a[0] == c[word] for word, there in (("thread", shape["threads"]), ("process", shape["processes"])) if there]
    rows = {
        202: o.both(inside(a[0], rings, w["end"]), among(a[1], c["futex operations"])),
        9: o.either(anonymous, a_file),
        10: protection(a[2], full),
        28: among(a[2], c["advice"]),
        25: o.both(outside_windows(a[0]), outside_windows(a[4]), o.below(a[1], short), o.below(a[2], short), a[3] == c["move"]),
        234: a[2] == c["signal"],
        228: o.either(positive, cpu_clock),
        324: o.both(among(a[0], c["barriers"]), a[1] == 0, a[2] == 0),
    }
    if clones:
        rows[56] = o.either(*clones)
    if shape["files"]:
        rows[17] = inside(a[0], c["files"], end_of_files)
    unconditional = [number == n for n in c["always"]]
    return o.either(*unconditional, *[o.both(number == n, row) for n, row in rows.items()])


# --- classic BPF, run and proved ------------------------------------------------------------------------------------------------------

def run(program, data, visited=None):
    """The verdict on 64 bytes of seccomp_data, as the kernel computes it."""
    at = accumulator = 0
    while True:
        if at >= len(program) or (program[at][0] == 0x20 and (program[at][3] % 4 or program[at][3] >= 64)):
            return None
        code, when_true, when_false, value = program[at]
        if visited is not None:
            visited.add(at)
        at += 1
        if code == 0x20:
            accumulator = struct.unpack_from("<I", data, value)[0]
        elif code == 0x54:
            accumulator &= value
        elif code == 0x06:
            return value
        elif code == 0x05:
            at += value
        else:
            holds = {0x15: accumulator == value, 0x35: accumulator >= value, 0x25: accumulator > value, 0x45: accumulator & value != 0}[code]
            at += when_true if holds else when_false


class Inputs:
    def __init__(self):
        self.number, self.architecture = z3.BitVec("number", 32), z3.BitVec("architecture", 32)
        self.pointer = z3.BitVec("pointer", 64)
        self.arguments = [z3.BitVec(f"argument{i}", 64) for i in range(6)]

    def word(self, offset):
        if offset == NUMBER:
            return self.number
        if offset == ARCHITECTURE:
            return self.architecture
        if offset % 4 or offset >= 64:
            return None
        whole = self.pointer if offset < ARGUMENTS else self.arguments[(offset - ARGUMENTS) // 8]
        return z3.Extract(63, 32, whole) if offset % 8 else z3.Extract(31, 0, whole)


def verdicts(program, inputs):
    """For each verdict the condition under which the program gives it; None where it is no program."""
    arriving = [[] for _ in program]  # (condition, accumulator)
    arriving[0] = [(z3.BoolVal(True), z3.BitVecVal(0, 32))]
    found = {}
    for at, (code, when_true, when_false, value) in enumerate(program):
        if not arriving[at]:
            continue
        condition = z3.Or(*[c for c, _ in arriving[at]])
        accumulator = arriving[at][0][1]
        for c, other in arriving[at][1:]:
            accumulator = z3.If(c, other, accumulator) if not other.eq(accumulator) else accumulator
        targets = []
        if code == 0x20:
            word = inputs.word(value)
            if word is None:
                return None
            targets = [(at + 1, condition, word)]
        elif code == 0x54:
            targets = [(at + 1, condition, accumulator & z3.BitVecVal(value, 32))]
        elif code == 0x05:
            targets = [(at + 1 + value, condition, accumulator)]
        elif code == 0x06:
            found.setdefault(value, []).append(condition)
        else:
            constant = z3.BitVecVal(value, 32)
            holds = {0x15: accumulator == constant, 0x35: z3.UGE(accumulator, constant), 0x25: z3.UGT(accumulator, constant),
                     0x45: (accumulator & constant) != 0}[code]
            targets = [(at + 1 + when_true, z3.And(condition, holds), accumulator),
                       (at + 1 + when_false, z3.And(condition, z3.Not(holds)), accumulator)]
        for target, when, what in targets:
            if target >= len(program):
                return None
            arriving[target].append((when, what))
    return {verdict: z3.Or(*conditions) for verdict, conditions in found.items()}


def counterexample(program, w, shape, changed=None):
    """None when the program is exactly the list; else a call that is judged otherwise."""
    inputs = Inputs()
    found = verdicts(program, inputs)
    if found is None or set(found) - {ALLOW, TRAP, KILL}:
        return "not a program of ours"
    gate = z3.And(inputs.architecture == X86_64, inputs.pointer == w["gate"] + 2)
    listed = permitted(Symbolic, w, inputs.number, inputs.arguments, shape, changed)
    never = z3.BoolVal(False)
    solver = z3.Solver()
    solver.add(z3.Or(found.get(TRAP, never) == gate, found.get(ALLOW, never) != z3.And(gate, listed),
                     found.get(KILL, never) != z3.And(gate, z3.Not(listed))))
    answer = solver.check()
    return None if answer == z3.unsat else str(solver.model() if answer == z3.sat else answer)


# --- a running sandbox, seen from outside ---------------------------------------------------------------------------------------------

libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
libc.ptrace.restype = ctypes.c_long
ATTACH, DETACH, GET_FILTER = 16, 17, 0x420C


def sandboxed(supervisor):
    children = pathlib.Path(f"/proc/{supervisor}/task/{supervisor}/children").read_text().split()
    return [int(c) for c in children if "litebox-arena" in pathlib.Path(f"/proc/{c}/maps").read_text()
            and "\nSeccomp:\t2" in pathlib.Path(f"/proc/{c}/status").read_text()]


def filter_of(process):
    """The newest filter's instructions, from the kernel."""
    if libc.ptrace(ATTACH, process, None, None) != 0:
        raise OSError(ctypes.get_errno(), "PTRACE_ATTACH")
    try:
        os.waitpid(process, 0x40000000)
        count = libc.ptrace(GET_FILTER, process, 0, None)
        if count < 0:
            raise OSError(ctypes.get_errno(), "PTRACE_SECCOMP_GET_FILTER")
        buffer = ctypes.create_string_buffer(8 * count)
        libc.ptrace(GET_FILTER, process, 0, buffer)
        return [struct.unpack_from("<HBBI", buffer.raw, 8 * i) for i in range(count)]
    finally:
        libc.ptrace(DETACH, process, None, None)


def windows_of(process):
    """This run's addresses from the start block that the sandbox holds, not from the filter."""
    line = next(l for l in pathlib.Path(f"/proc/{process}/maps").read_text().splitlines() if "litebox-block" in l)
    with open(f"/proc/{process}/mem", "rb") as memory:
        memory.seek(int(line.split("-")[0], 16))
        block = memory.read(8 + 8 * len(WINDOWS))
        windows = dict(zip(WINDOWS, struct.unpack_from("<11Q", block, 8)))
        memory.seek(windows["gate"])
        assert memory.read(2) == b"\x0f\x05", "no system call at the gate"
    return windows


def observe(*options):
    with tempfile.TemporaryDirectory(dir="/var/tmp") as here:
        litebox = subprocess.Popen([LITEBOX, "run", "--quiet", *options, "--", "sleep", "60"], cwd=here, stdin=subprocess.DEVNULL)
        try:
            for _ in range(200):
                found = sandboxed(litebox.pid)
                if found:
                    return filter_of(found[0]), windows_of(found[0])
                time.sleep(0.05)
            raise AssertionError("no sandboxed process with a filter was seen")
        finally:
            litebox.send_signal(signal.SIGKILL)
            litebox.wait()


def interesting(w):
    values = {0, 1, 3, 4, 5, 7, 8, 9, 10, 11, 12, 14, 15, 16, 23, 32, 63, 64, 4159, 4160, 5183, 5184, 0x11, 0x12, 0x4032, 0x8411, 0x50F00, 128,
              384, 2**32 - 1, 2**32 - 5, 2**32 - 6, 2**64 - 1, 2**64 - 5, 2**64 - 6}
    for name in ("begin", "rings", "arena", "end", "gate"):
        values |= {w[name], w[name] - 1, w[name] + 4096}
    values |= {v ^ 2**32 for v in values} | {v ^ 2**63 for v in values}
    return sorted(values)


def calls_nearby(w):
    """Calls that are permitted, and such as differ from one in one argument."""
    free, values = 0x10000, interesting(w)
    permitted_ones = [
        (202, w["arena"], 9), (9, free, 4096, 3, 0x4032, 2**64 - 1, 0), (9, free, 4096, 3, 0x11, 3), (9, free, 4096, 3, 0x12, 3), (9, free, 4096, 3, 0x12, 64),
        (9, free, 4096, 5, 0x11, 64), (9, free, 4096, 3, 0x11, 4160), (10, 0, 0, 7), (28, 0, 0, 4), (25, free, 4096, 4096, 3, free), (56, 0x50F00),
        (56, 0x8411), (60,), (231,), (15,), (219,), (234, 0, 0, 10), (228, 1), (228, 11), (228, 2**32 - 6), (228, 2**64 - 6), (324, 8, 0, 0), (17, 64), (17, 4160)]
    for call in permitted_ones:
        whole = [*call, *[0] * (7 - len(call))]
        yield whole
        for place in range(1, 7):
            yield from (whole[:place] + [value] + whole[place + 1:] for value in values)
    yield from ([number, 0, 0, 0, 0, 0, 0] for number in range(470))


def by_instruction(program, w):
    """For each instruction some calls that pass it, as seccomp_data."""
    passing = {at: [] for at in range(len(program))}
    pointer = w["gate"] + 2
    for architecture, address in ((X86_64, pointer ^ 2**32), (X86_64, pointer ^ 1), (X86_64 ^ 1, pointer)):
        for at in range(7):
            passing[at].append(struct.pack("<IIQ6Q", 60, architecture, address, *[0] * 6))
    for number, *arguments in calls_nearby(w):
        data, visited = struct.pack("<IIQ6Q", number, X86_64, pointer, *arguments), set()
        run(program, data, visited)
        for at in visited:
            if len(passing[at]) < 400:
                passing[at].append(data)
    return passing


def mutants(program):
    for at, (code, when_true, when_false, value) in enumerate(program):
        changed = [(code, when_true, when_false, value ^ 1), (code, when_true, when_false, value ^ 0x80000000)]
        if code == 0x06:
            changed = [(code, 0, 0, other) for other in (ALLOW, TRAP, KILL) if other != value]
        elif code == 0x20:
            changed = [(code, 0, 0, (value + 4) % 64)]
        elif code == 0x05:
            changed = [(code, 0, 0, other) for other in (0, value - 1, value + 1)]
        elif code & 7 == 5:
            changed.append((code, when_false, when_true, value))
            if (code, value) != (0x35, 0):  # "at least 0" always holds: that one would be the same program
                changed.append((0x05, 0, 0, when_true))
            changed.append((0x05, 0, 0, when_false))
        for instruction in changed:
            yield at, program[:at] + [instruction] + program[at + 1:]


@unittest.skipUnless(os.geteuid() == 0, "reading a filter back from the kernel needs root")
class Filter(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if z3 is None:
            raise AssertionError("python3-z3 is not installed: the proof was not made")
        cls.program, cls.windows = observe("--rw", ".")

    def test_the_filter_is_exactly_the_list(self):
        self.assertIsNone(counterexample(self.program, self.windows, WRITING))

    def test_what_options_make_unneeded_leaves_the_filter(self):
        with tempfile.TemporaryDirectory(dir="/var/tmp") as here:
            lists = {"no processes": ["clone", "clone3", "fork", "vfork"], "no threads": ["clone", "clone3"], "some": ["fork", "vfork"]}
            for name, calls in lists.items():
                pathlib.Path(here, name).write_text("\n".join(calls))
            def deny(name):
                return ["--deny-calls", str(pathlib.Path(here, name))]
            cases = [([], READING),
                     (["--wx=deny"], {**READING, "wx": True}),
                     (deny("no processes"), {**READING, "threads": False, "processes": False}),
                     (deny("no threads"), {**READING, "threads": False}),
                     (deny("some"), READING),
                     (["--rw", ".", "--wx=deny", *deny("no threads")], {**WRITING, "wx": True, "threads": False})]
            shapes = [shape for _, shape in cases] + [WRITING]
            for options, shape in cases:
                with self.subTest(options=options):
                    program, windows = observe(*options)
                    self.assertIsNone(counterexample(program, windows, shape))
                    for other in shapes:
                        if other != shape:
                            self.assertIsNotNone(counterexample(program, windows, other), other)

    def test_changing_any_constraint_of_the_list_breaks_the_proof(self):
        for name, value in LIST.items():
            for other in [value[1:], value + (77,)] if isinstance(value, tuple) else [value ^ 1]:
                self.assertIsNotNone(counterexample(self.program, self.windows, WRITING, {**LIST, name: other}), (name, other))
        for name in ("begin", "rings", "end", "gate"):
            self.assertIsNotNone(counterexample(self.program, {**self.windows, name: self.windows[name] + 2**32}, WRITING), name)

    def test_every_number_and_mutated_arguments(self):
        values, chosen = interesting(self.windows), random.Random(1)
        pointer = self.windows["gate"] + 2
        seen = {ALLOW: 0, KILL: 0}
        for round_number in range(200):
            for number in range(0, 601) if round_number == 0 else (202, 9, 10, 28, 25, 56, 234, 228, 324, 17) * 20:
                arguments = [chosen.choice(values) for _ in range(6)]
                expected = ALLOW if permitted(Concrete, self.windows, number, arguments, WRITING) else KILL
                got = run(self.program, struct.pack("<IIQ6Q", number, X86_64, pointer, *arguments))
                self.assertEqual(got, expected, (number, [hex(a) for a in arguments]))
                seen[expected] += 1
                for other in (pointer ^ 2**32, pointer - 2, pointer ^ 2**63):
                    self.assertEqual(run(self.program, struct.pack("<IIQ6Q", number, X86_64, other, *arguments)), TRAP)
        self.assertTrue(all(seen.values()), seen)

    def test_changing_any_instruction_breaks_the_proof(self):
        survived, tried, jumps = [], 0, {}
        passing = by_instruction(self.program, self.windows)
        for at, mutant in mutants(self.program):
            tried += 1
            # One call that is judged otherwise refutes the proof; where none is found by trying, the proof looks.
            noticed = any(run(mutant, data) != run(self.program, data) for data in passing[at])
            noticed = noticed or counterexample(mutant, self.windows, WRITING) is not None
            if self.program[at][0] == 0x05:
                # A plain jump to a neighbour may mean the same; of several other targets one must not.
                jumps[at] = jumps.get(at, False) or noticed
            elif not noticed:
                survived.append((at, self.program[at], mutant[at]))
        self.assertTrue(all(jumps.values()), jumps)
        self.assertEqual(survived, [], f"{len(survived)} of {tried} changes were not noticed")


if __name__ == "__main__":
    unittest.main(verbosity=1)
