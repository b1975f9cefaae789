#!/usr/bin/env python3
"""Runs the oracle programs natively and inside LiteBox and compares what they print and how they end."""
import argparse
import concurrent.futures
import difflib
import json
import os
import pathlib
import shlex
import signal
import subprocess
import sys
import time

import machines

HERE = pathlib.Path(__file__).resolve().parent
ROOMS = ["tasks", "memory", "files", "events", "sockets"]
TIMEOUT = 20.0
# Output that only says that the machine would not let the program run at all.
OUTPUT_LIMIT = 1 << 20
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LANG": "C", "HOME": "/"}
DIRECTORY = HERE.parent.parent


def run(command):
    """One run: its output and how it ended. What it leaves running in its session is killed."""
    started = time.monotonic()
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               start_new_session=True, env=ENVIRONMENT, cwd=DIRECTORY)
    try:
        out, err = process.communicate(timeout=TIMEOUT)
        status = process.returncode
        ended = f"exit {status}" if status >= 0 else f"killed by {signal.Signals(-status).name}"
    except subprocess.TimeoutExpired:
        ended = f"timeout after {TIMEOUT:.0f} s"
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        try:
            out, err = process.communicate(timeout=5)
        except subprocess.TimeoutExpired:
            process.stdout.close()
            process.stderr.close()
            out, err = b"", b"(something still holds the output open)"
    lines = out[:OUTPUT_LIMIT].decode("utf-8", "backslashreplace").splitlines()
    return {"ended": ended, "lines": lines, "stderr": err[-2000:].decode("utf-8", "replace"),
            "seconds": round(time.monotonic() - started, 3)}


def compare(native, other):
    """The difference in words; empty when both did the same."""
    difference = [line for line in difflib.unified_diff(native["lines"], other["lines"], "native", "inside",
                                                        lineterm="", n=1)][2:]
    if native["ended"] != other["ended"]:
        difference.append(f"! native: {native['ended']}, inside: {other['ended']}")
    return difference


def in_machines(paths, arguments):
    """Results by path, of runs in virtual machines."""
    batch = str(pathlib.Path(arguments.build_dir).resolve() / "oracle" / "oracle_batch")
    return machines.run_all([*shlex.split(arguments.litebox), batch], paths, ENVIRONMENT, DIRECTORY, arguments.j)


def examine(program, arguments):
    path = pathlib.Path(arguments.build_dir).resolve() / "oracle" / program
    result = {"program": str(program), "passed": False}
    if not os.access(path, os.X_OK):
        result["difference"] = ["! not built: cmake --build build --target oracle_programs"]
        return result
    inside_command = [str(path)] if arguments.native_twice else shlex.split(arguments.litebox) + [str(path)]

    def run_inside():
        if arguments.platform != "vm" or arguments.native_twice:
            return run(inside_command)
        return arguments.in_machines.pop(str(path), None) or in_machines([str(path)], arguments)[str(path)]

    # Programs that race with themselves or with the clock differ once in a while, natively too: a difference counts when
    # it comes twice.
    for attempt in range(2):
        native = result["native"] = run([str(path)])
        if native["ended"] != "exit 0":
            result["difference"] = [f"! natively: {native['ended']}"] + native["lines"][-5:]
        elif not native["lines"]:
            result["difference"] = ["! prints nothing: proves nothing"]
        else:
            inside = result["inside"] = run_inside()
            result["difference"] = compare(native, inside)
        result["passed"] = not result["difference"]
        if result["passed"] or str(program) in arguments.expected:
            break
        if attempt == 0:
            print(f"again {program}: {result['difference'][-1][:120]}")
    return result


def expected_failures(platform):
    """room/name followed by the reason; # starts a comment."""
    expected = {}
    files = [HERE / "expected_failures"] + [HERE / "expected_failures_vm"] * (platform == "vm")
    for line in "\n".join(file.read_text() for file in files).splitlines():
        line = line.split("#")[0].strip()
        if not line:
            continue
        name, _, reason = line.partition(" ")
        if not reason.strip():
            sys.exit(f"expected_failures: {name} has no reason")
        if not (HERE / (name + ".c")).exists():
            sys.exit(f"expected_failures: there is no program {name}")
        expected[name] = reason.strip()
    return expected


def report(result, lines):
    print(f"FAIL {result['program']}")
    for line in result["difference"][:lines]:
        print(f"    {line[:160]}")
    left_out = len(result["difference"]) - lines
    if left_out > 0:
        print(f"    ... {left_out} more lines")
    noise = result.get("inside", result.get("native", {})).get("stderr", "").strip().splitlines()
    if noise:
        print(f"    stderr: {noise[-1][:160]}")


def cause(result):
    """A short key that failures of one cause are likely to share."""
    inside = result.get("inside")
    if not inside:
        return result["difference"][0]
    noise = inside["stderr"].strip().splitlines()
    if inside["ended"] != result["native"]["ended"]:
        return f"{inside['ended']}: {noise[-1][:100]}" if noise else inside["ended"]
    got = next((line[1:] for line in result["difference"] if line.startswith("+")), "output is missing")
    outcome = got.rsplit(": ", 1)[-1] if ": " in got else got
    return f"... {outcome[:60]}"


def report_causes(results):
    groups = {}
    for result in results:
        if not result["passed"] and "expected" not in result:
            groups.setdefault(cause(result), []).append(result["program"])
    print("by what happened:")
    for key, programs in sorted(groups.items(), key=lambda group: -len(group[1])):
        more = "" if len(programs) <= 4 else f" and {len(programs) - 4} more"
        print(f"{len(programs):5} {key}: {' '.join(programs[:4])}{more}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build-dir", default=str(HERE.parent.parent / "build"))
    parser.add_argument("--litebox", metavar="CMD", help="default: BUILD/bin/litebox run --quiet --platform=PLATFORM --")
    parser.add_argument("--platform", choices=["process", "vm"], default="process", help="what litebox run confines them with")
    parser.add_argument("--room", choices=ROOMS, action="append", help="may be given several times; default all")
    parser.add_argument("--only", metavar="NAME", action="append", help="program, with or without its room")
    parser.add_argument("--native-twice", action="store_true", help="compare two native runs: the programs' own test")
    parser.add_argument("--json", metavar="FILE", help="write all results there")
    parser.add_argument("--lines", type=int, default=12, help="lines of difference shown per failure")
    parser.add_argument("-j", type=int, default=2, help="programs at a time")
    arguments = parser.parse_args()
    build = pathlib.Path(arguments.build_dir).resolve()
    if not arguments.litebox:
        arguments.litebox = f"{shlex.quote(str(build / 'bin' / 'litebox'))} run --quiet --platform={arguments.platform} --"
    if not arguments.native_twice and not os.access(shlex.split(arguments.litebox)[0], os.X_OK):
        sys.exit(f"{shlex.split(arguments.litebox)[0]} is not there: build it first, or name one with --litebox")
    programs = [f"{room}/{source.stem}" for room in arguments.room or ROOMS
                for source in sorted((HERE / room).glob("*.c"))]
    if arguments.only:
        programs = [p for p in programs if p in arguments.only or p.split("/")[1] in arguments.only]
        if not programs:
            sys.exit("no such program")
    expected = arguments.expected = {} if arguments.native_twice else expected_failures(arguments.platform)

    if arguments.platform == "vm" and not arguments.native_twice:
        built = [str(build / "oracle" / program) for program in programs if os.access(build / "oracle" / program, os.X_OK)]
        arguments.in_machines = in_machines(built, arguments)
    results, passed, failed, known = [], 0, 0, 0
    with concurrent.futures.ThreadPoolExecutor(arguments.j) as pool:
        for result in pool.map(lambda program: examine(program, arguments), programs):
            results.append(result)
            reason = expected.get(result["program"])
            if result["passed"] and reason:
                result["difference"] = [f"! passes, but expected_failures says: {reason}"]
                result["passed"] = False
            elif reason:
                result["expected"] = reason
                known += 1
                print(f"known {result['program']}: {reason}")
                continue
            passed += result["passed"]
            if not result["passed"]:
                failed += 1
                report(result, arguments.lines)
            sys.stdout.flush()
    if failed > 5:
        report_causes(results)
    if arguments.json:
        summary = {"passed": passed, "failed": failed, "expected_failures": known, "results": results}
        pathlib.Path(arguments.json).write_text(json.dumps(summary, indent=1) + "\n")
    print(f"{passed} passed, {failed} failed" + (f", {known} known to fail" if known else ""))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
