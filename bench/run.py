#!/usr/bin/env python3
"""Measures one set of programs natively, in LiteBox, in gVisor and in bubblewrap, interleaved in one sitting, and prints ratios.

Each round runs every program once in every system; a figure is the median over the rounds of (system / native) within a round, so
that a machine that slows down or speeds up meanwhile changes little."""
import argparse
import json
import pathlib
import shutil
import statistics
import sys
import time

import chart
import jobs as jobs_module
import rows as rows_module
import systems as systems_module

ROOT = pathlib.Path(__file__).resolve().parent.parent
# A system that takes most of a sitting's time by itself takes part in every third round only.
SLOW_EVERY = 3


class Sitting:
    """All samples: samples[row][system] is a list with one entry a round (None where a run failed)."""

    def __init__(self, systems):
        self.systems = systems
        self.samples = {row.name: {s.name: [] for s in systems} for row in rows_module.ROWS}
        self.problems = {}

    def measure(self, job, system, cwd):
        key = (job, system.name)
        if self.problems.get(key, [0])[0] >= 2:
            return
        try:
            found = job.measure(system, cwd)
        except jobs_module.Failed as problem:
            count = self.problems.get(key, [0])[0]
            self.problems[key] = [count + 1, str(problem)]
            found = {}
        for row in job.rows:
            self.samples[row][system.name].append(found.get(row))

    def leave_out(self, job, system):
        """This round goes without it: its samples stay beside those of the others."""
        for row in job.rows:
            self.samples[row][system.name].append(None)

    def problem(self, row, system):
        for (job, name), (_, text) in self.problems.items():
            if row in job.rows and name == system:
                return text
        return None

    def native_getpid(self):
        values = [v for v in self.samples["getpid"]["native"] if v]
        return statistics.median(values) if values else None

    def figure(self, row, system):
        """The row's value for a system in the row's unit; None where there is none."""
        own, native = self.samples[row.name][system], self.samples[row.name]["native"]
        if row.name in ("command_min", "command_median"):
            flat = [v for sample in own if sample for v in sample]
            pick = min if row.name == "command_min" else statistics.median
            return pick(flat) / 1e6 if flat else None
        if row.unit != "x":
            pairs = [o - n for o, n in zip(own, native) if o is not None and n is not None]
            return statistics.median(pairs) if pairs else None
        middle = lambda v: statistics.median(v) if isinstance(v, list) else v
        pairs = [middle(o) / middle(n) for o, n in zip(own, native) if o and n]
        return statistics.median(pairs) if pairs else None

    def native_text(self, row):
        values = [statistics.median(v) if isinstance(v, list) else v for v in self.samples[row.name]["native"] if v]
        if not values:
            return ""
        value = statistics.median(values)
        if row.name == "command_min":
            value = min(v for sample in self.samples[row.name]["native"] if sample for v in sample)
        if row.unit in ("MiB", "KiB"):
            return f"{value:.1f} {row.unit}"
        for unit, size in (("s", 1e9), ("ms", 1e6), ("µs", 1e3)):
            if value >= size:
                return f"{value / size:.3g} {unit}"
        return f"{value:.3g} ns"


def show(value, unit):
    if value is None:
        return "–"
    text = f"{value:.3f}" if value < 0.1 else f"{value:.2f}" if value < 10 else f"{value:.0f}"
    return text if unit == "x" else f"{text} {unit}"


def table(sitting, chosen, rounds):
    """The table as Markdown, and how many goals were met."""
    getpid = sitting.native_getpid()
    fast = getpid is not None and getpid < rows_module.FAST_GETPID_NS
    others = [s for s in sitting.systems if s.name != "native"]
    lines = [f"{rounds} rounds, medians of the ratios within a round; smaller is better. "
             + "; ".join(s.title + (f" (absent: {s.missing})" if s.missing else "") for s in sitting.systems) + "."]
    if getpid:
        lines.append(f"Native getpid takes {getpid:.0f} ns here, so the goals for {'fast' if fast else 'slow'} system calls hold.")
    lines += ["", "| | native | goal | " + " | ".join(s.name for s in others) + " | |",
              "|---|--:|--:|" + "--:|" * len(others) + "---|"]
    met = missed = unknown = 0
    for row in chosen:
        figures = {s.name: sitting.figure(row, s.name) for s in others}
        own, goal = figures.get("litebox"), row.goal(fast)
        if own is None:
            unknown, verdict = unknown + 1, "not measured"
        elif own <= goal:
            met, verdict = met + 1, "met"
        else:
            missed, verdict = missed + 1, "missed"
        lines.append(f"| {row.title} | {sitting.native_text(row)} | {show(goal, row.unit)} | "
                     + " | ".join(show(figures[s.name], row.unit) for s in others) + f" | {verdict} |")
    problems = sorted({f"{row.title}, {s.name}: {sitting.problem(row.name, s.name)}" for row in chosen for s in sitting.systems
                       if sitting.problem(row.name, s.name)})
    if problems:
        lines += ["", "What did not run:", ""] + [f"- {p}" for p in problems]
    lines += ["", f"Goals: {met} met, {missed} missed, {unknown} not measured."]
    return "\n".join(lines), fast


def as_json(sitting, chosen, rounds, fast):
    return {"rounds": rounds, "date": time.strftime("%Y-%m-%d"), "systems": {s.name: {"title": s.title, "missing": s.missing}
                                                                            for s in sitting.systems},
            "rows": [{"row": r.name, "title": r.title, "unit": r.unit, "goal": r.goal(fast), "native": sitting.native_text(r),
                      "figures": {s.name: sitting.figure(r, s.name) for s in sitting.systems if s.name != "native"},
                      "samples": sitting.samples[r.name]} for r in chosen]}


def choose(arguments, build):
    jobs = jobs_module.all_jobs(build, arguments.quick)
    if arguments.only:
        unknown = [name for name in arguments.only if name not in rows_module.BY_NAME]
        if unknown:
            sys.exit(f"there is no row {unknown[0]}; rows: " + " ".join(rows_module.BY_NAME))
        jobs = [job for job in jobs if set(job.rows) & set(arguments.only)]
    elif arguments.quick:
        jobs = [job for job in jobs if not isinstance(job, jobs_module.Memory)]
    usable = []
    for job in jobs:
        absent = [tool for tool in job.needs() if shutil.which(tool) is None and not pathlib.Path("/usr/sbin", tool).exists()]
        if absent:
            print(f"left out: {', '.join(job.rows)} ({', '.join(absent)} is not installed; scripts/setup bench installs it)",
                  file=sys.stderr)
        else:
            usable.append(job)
    names = [name for job in usable for name in job.rows]
    chosen = [row for row in rows_module.ROWS if row.name in (arguments.only or names) and row.name in names]
    return usable, chosen


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="three rounds of short runs: a look, not a measurement")
    parser.add_argument("--rounds", type=int, help="default 9")
    parser.add_argument("--only", metavar="ROW", action="append", help="this row; may be given several times")
    parser.add_argument("--without", metavar="SYSTEM", action="append", default=[], help="leave out gvisor, bwrap or litebox")
    parser.add_argument("--litebox", default=str(ROOT / "build/bin/litebox"), metavar="FILE")
    parser.add_argument("--json", metavar="FILE", help="write everything measured there")
    parser.add_argument("--write-docs", action="store_true", help="write docs/bench.md and docs/bench.svg")
    arguments = parser.parse_args()
    build = ROOT / "build/bench"
    if not (build / "micro").exists():
        sys.exit("the measured programs are not built: cmake --build build --target bench_programs")
    rounds = arguments.rounds or (3 if arguments.quick else 9)
    systems = [s for s in systems_module.all_systems(arguments.litebox) if s.name not in arguments.without]
    for system in systems:
        print(f"{system.name}: {system.title}" + (f", {system.missing}" if system.missing else ""), file=sys.stderr)
    present = [s for s in systems if not s.missing]
    jobs, chosen = choose(arguments, build)
    sitting = Sitting(systems)
    started = time.monotonic()
    for number in range(rounds):
        for job in jobs:
            for i in range(len(present)):
                system = present[(i + number) % len(present)]
                if system.slow and number % SLOW_EVERY != 0:
                    sitting.leave_out(job, system)
                else:
                    sitting.measure(job, system, ROOT)
        print(f"round {number + 1} of {rounds}, {time.monotonic() - started:.0f} s", file=sys.stderr)
    text, fast = table(sitting, chosen, rounds)
    print(text)
    result = as_json(sitting, chosen, rounds, fast)
    pathlib.Path(arguments.json or build / "results.json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    if arguments.write_docs:
        (ROOT / "docs").mkdir(exist_ok=True)
        (ROOT / "docs/bench.md").write_text("# Measurements\n\nWritten by `make bench`.\n\n![chart](bench.svg)\n\n" + text + "\n",
                                            encoding="utf-8")
        (ROOT / "docs/bench.svg").write_text(chart.draw(result), encoding="utf-8")


if __name__ == "__main__":
    main()
