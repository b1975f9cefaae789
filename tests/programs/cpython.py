#!/usr/bin/env python3
"""Runs CPython's own regression tests inside beside outside, and compares test by test.

What differs with a reason stands in cpython_differences (a test, or a pattern with *, and the reason); any other difference fails.
Exit status: 0 no unexplained difference, 1 some, 77 the package with the tests is not installed."""
import argparse
import concurrent.futures
import fnmatch
import json
import os
import pathlib
import signal
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
PYTHON = "/usr/bin/python3.11"
QUICK = """test_os test_posix test_file test_fileio test_mmap test_thread test_select test_selectors test_epoll test_poll test_fcntl
test_pty test_tempfile test_shutil test_pathlib test_glob test_time test_sqlite3 test_resource test_zipfile""".split()
MODULES = QUICK + """test_io test_signal test_threading test_subprocess test_socket test_asyncio test_multiprocessing_fork
test_multiprocessing_spawn test_concurrent_futures test_ssl test_tarfile test_faulthandler test_eintr""".split()
TEST_LIMIT = 120


def run(prefix, module, limit):
    """Outcomes by test of one module, in one process of its own."""
    command = prefix + [PYTHON, str(HERE / "cpython_inner.py"), module, str(TEST_LIMIT)]
    environment = {"PATH": "/usr/bin:/bin:/usr/sbin:/sbin", "LANG": "C.UTF-8", "HOME": os.environ.get("HOME", "/")}
    started = time.monotonic()
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          start_new_session=True) as process:
        ended = ""
        try:
            out, err = process.communicate(timeout=limit)
        except subprocess.TimeoutExpired:
            ended = f"no end within {limit} s"
            for number in (signal.SIGTERM, signal.SIGKILL):
                try:
                    os.killpg(process.pid, number)
                except ProcessLookupError:
                    break
                time.sleep(1)
            out, err = process.communicate()
    outcomes, running, complete = {}, None, False
    for line in out.decode("utf-8", "replace").splitlines():
        try:
            entry = json.loads(line)
            test, outcome = entry["test"], entry["outcome"]
        except (ValueError, KeyError, TypeError):
            continue  # something that a test printed
        if outcome == "module ended":
            complete = True
        elif outcome == "started":
            running = test
        else:
            outcomes[test] = [outcome, entry.get("why", "")]
            running = None if test == running else running
            complete = complete or test == module  # the whole module skipped
    if not complete:
        last = err.decode("utf-8", "replace").strip().splitlines()[-1:] or [""]
        ended = ended or f"ended early with status {process.returncode}: {last[0][:200]}"
        outcomes[running or module] = ["crashed", ended]
    return {"outcomes": outcomes, "seconds": round(time.monotonic() - started, 1)}


def differences():
    """Pattern and reason, one a line."""
    found = []
    for line in (HERE / "cpython_differences").read_text(encoding="utf-8").splitlines():
        line = line.split("#")[0].strip()
        if line:
            pattern, _, reason = line.partition(" ")
            if not reason.strip():
                sys.exit(f"cpython_differences: {pattern} has no reason")
            found.append((pattern, reason.strip()))
    return found


def reason_for(test, known):
    return next((reason for pattern, reason in known if fnmatch.fnmatchcase(test, pattern)), None)


def compare(module, native, inside, known):
    """Differences of one module: [test, outside, inside, words, reason or None]."""
    found = []
    crashed = any(o[0] == "crashed" for o in inside.values())
    for test in sorted(set(native) | set(inside)):
        outside, within = native.get(test, ["absent", ""]), inside.get(test, ["absent", ""])
        if outside[0] == within[0]:
            continue
        if crashed and within[0] == "absent":
            continue  # after the crash; the crash itself is listed
        found.append([test, outside[0], within[0], within[1] or outside[1], reason_for(test, known)])
    return found


def examine(module, litebox, known, native_twice):
    limit = 900
    native = run([], module, limit)
    inside = run([] if native_twice else litebox + ["run", "--quiet", "--"], module, limit)
    found = compare(module, native["outcomes"], inside["outcomes"], known)
    if found and not native_twice:
        # A test that natively gives now this and now that says nothing about us: both sides get a second try.
        native2, inside2 = run([], module, limit), run(litebox + ["run", "--quiet", "--"], module, limit)
        again = {d[0] for d in compare(module, native2["outcomes"], inside2["outcomes"], known)}
        unsteady = {t for t in native["outcomes"] if native["outcomes"][t][0] != native2["outcomes"].get(t, [""])[0]}
        found = [d for d in found if d[0] in again and d[0] not in unsteady]
    same = sum(native["outcomes"].get(t, [None])[0] == o[0] for t, o in inside["outcomes"].items())
    return {"module": module, "same": same, "tests": len(native["outcomes"]), "ok": sum(o[0] == "ok" for o in inside["outcomes"].values()),
            "native_seconds": native["seconds"], "inside_seconds": inside["seconds"], "differences": found}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("modules", nargs="*", metavar="MODULE")
    parser.add_argument("--quick", action="store_true", help="only the modules that take seconds")
    parser.add_argument("--native-twice", action="store_true", help="compare two native runs: the comparison's own test")
    parser.add_argument("--litebox", default=str(ROOT / "build/bin/litebox"), metavar="FILE")
    parser.add_argument("--json", metavar="FILE")
    parser.add_argument("-j", type=int, default=2, help="modules at a time")
    arguments = parser.parse_args()
    if not pathlib.Path("/usr/lib/python3.11/test/test_os.py").exists():
        print("missing: the package libpython3.11-testsuite is not installed")
        return 77
    if not arguments.native_twice and not os.access(arguments.litebox, os.X_OK):
        print(f"FAIL {arguments.litebox} is not there: run make first")
        return 1
    known = differences()
    modules = arguments.modules or (QUICK if arguments.quick else MODULES)
    absent = [m for m in modules if not any(pathlib.Path("/usr/lib/python3.11/test", m + end).exists() for end in ("", ".py"))]
    modules = [m for m in modules if m not in absent]
    results, bad = [], 0
    print(f"{'module':30}{'tests':>7}{'same':>7}{'ok':>7}{'outside':>9}{'inside':>9}  differences")
    with concurrent.futures.ThreadPoolExecutor(arguments.j) as pool:
        for r in pool.map(lambda m: examine(m, [arguments.litebox], known, arguments.native_twice), modules):
            results.append(r)
            unexplained = [d for d in r["differences"] if not d[4]]
            bad += len(unexplained)
            print(f"{r['module']:30}{r['tests']:7}{r['same']:7}{r['ok']:7}{r['native_seconds']:8}s{r['inside_seconds']:8}s"
                  f"  {len(r['differences'])}" + (f" ({len(unexplained)} unexplained)" if unexplained else ""))
            for test, outside, inside, words, reason in r["differences"][:40]:
                print(f"    {test}: {outside} outside, {inside} inside: {(reason or words)[:160]}")
            sys.stdout.flush()
    for module in absent:
        results.append({"module": module, "missing": True, "same": 0, "differences": []})
        print(f"missing: {module} is not in Debian's package of the tests")
    if arguments.json:
        pathlib.Path(arguments.json).write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    same = sum(r["same"] for r in results)
    print(f"{same} tests the same, {sum(len(r['differences']) for r in results)} different, {bad} of them unexplained")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
