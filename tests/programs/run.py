#!/usr/bin/env python3
"""Runs the programs of this folder natively and inside LiteBox: both must print the same and end with status 0.

A script's head says what it needs and how it is run:
    # needs: PACKAGE...    Debian packages; one that is not installed makes the test "missing", never passed
    # with: OPTIONS        options of litebox run
    # shell: PROGRAM       what runs it (default bash; python3 for .py)
    # timeout: SECONDS     default 60
Exit status: 0 all passed, 1 something failed, 77 nothing failed but a package is missing."""
import argparse
import difflib
import json
import os
import pathlib
import re
import shlex
import signal
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
# An emulated processor is that much slower, on a busy host.
EMULATED = 15
ENVIRONMENT = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8"}


class Program:
    def __init__(self, path):
        self.path, self.name = path, path.stem
        head = path.read_text(encoding="utf-8").split("\n\n")[0]
        value = lambda key, default: (re.findall(rf"^# {key}: (.*)$", head, re.M) or [default])[0]
        self.needs = value("needs", "").split()
        self.options = shlex.split(value("with", ""))
        self.shell = shlex.split(value("shell", "python3" if path.suffix == ".py" else "bash"))
        self.timeout = float(value("timeout", "60"))

    def missing(self):
        return [p for p in self.needs if not installed(p)]

    def command(self):
        return self.shell + [str(self.path.relative_to(ROOT))]


def installed(package):
    done = subprocess.run(["dpkg-query", "-W", "-f=${Status}", package], capture_output=True, text=True, check=False)
    return "ok installed" in done.stdout


def all_programs():
    scripts = sorted(HERE.glob("*.sh")) + sorted(HERE.glob("*.py"))
    return {p.stem: Program(p) for p in scripts if re.search(r"^# needs:", p.read_text(encoding="utf-8"), re.M)}


def run(command, timeout):
    """Output and end of one run; nothing of its session is left."""
    started = time.monotonic()
    with subprocess.Popen(command, cwd=ROOT, env=ENVIRONMENT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, start_new_session=True) as process:
        try:
            out, err = process.communicate(timeout=timeout)
            ended = f"exit {process.returncode}" if process.returncode >= 0 else signal.Signals(-process.returncode).name
        except subprocess.TimeoutExpired:
            ended = f"no end within {timeout:.0f} s"
            # The supervisor takes its sandbox down on SIGTERM; what does not listen is killed.
            for number in (signal.SIGTERM, signal.SIGKILL):
                try:
                    os.killpg(process.pid, number)
                except ProcessLookupError:
                    break
                time.sleep(1)
            out, err = process.communicate()
    return {"ended": ended, "lines": out.decode("utf-8", "backslashreplace").splitlines(),
            "stderr": err.decode("utf-8", "replace").strip().splitlines()[-15:], "seconds": round(time.monotonic() - started, 2)}


def examine(program, litebox, slower):
    missing = program.missing()
    if missing:
        return {"program": program.name, "outcome": "missing", "why": ["not installed: " + " ".join(missing)]}
    native = run(program.command(), program.timeout)
    result = {"program": program.name, "native_seconds": native["seconds"]}
    if native["ended"] != "exit 0" or not native["lines"]:
        return result | {"outcome": "failed", "why": [f"natively: {native['ended']}"] + native["lines"][-5:] + native["stderr"]}
    inside = run(litebox + program.options + ["--"] + program.command(), program.timeout * 2 * slower)
    result["inside_seconds"] = inside["seconds"]
    difference = list(difflib.unified_diff(native["lines"], inside["lines"], "native", "inside", lineterm="", n=1))[2:]
    if inside["ended"] != "exit 0":
        difference.append(f"! inside: {inside['ended']}")
    if difference:
        return result | {"outcome": "failed", "why": difference + inside["stderr"]}
    return result | {"outcome": "passed", "why": []}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="PROGRAM")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--litebox", default=str(ROOT / "build/bin/litebox"), metavar="FILE")
    parser.add_argument("--platform", choices=["process", "vm"], default="process", help="what litebox run confines them with")
    parser.add_argument("--json", metavar="FILE")
    arguments = parser.parse_args()
    programs = all_programs()
    if arguments.list:
        print("\n".join(programs))
        return 0
    unknown = [n for n in arguments.names if n not in programs]
    if unknown:
        sys.exit(f"there is no program {unknown[0]}; --list names them")
    if not os.access(arguments.litebox, os.X_OK):
        print(f"FAIL {arguments.litebox} is not there: run make first")
        return 1
    results = []
    for name in arguments.names or programs:
        result = examine(programs[name], [arguments.litebox, "run", "--quiet", f"--platform={arguments.platform}"],
                         EMULATED if arguments.platform == "vm" else 1)
        results.append(result)
        times = f" ({result['native_seconds']} s natively, {result['inside_seconds']} s inside)" if "inside_seconds" in result else ""
        print(f"{result['outcome']:8} {name}{times}")
        for line in result["why"][:30]:
            print("    " + line[:200])
        sys.stdout.flush()
    if arguments.json:
        pathlib.Path(arguments.json).write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    count = lambda outcome: sum(r["outcome"] == outcome for r in results)
    print(f"{count('passed')} passed, {count('failed')} failed" + (f", {count('missing')} missing" if count("missing") else ""))
    return 1 if count("failed") else 77 if count("missing") else 0


if __name__ == "__main__":
    sys.exit(main())
