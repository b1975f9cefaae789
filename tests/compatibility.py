"""Writes docs/COMPATIBILITY.md from the results of tests/run.sh --all: programs, CPython's tests, oracle programs, system calls."""
import json
import pathlib
import platform
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent


def load(path):
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None


def programs(results):
    lines = ["## Programs", "", "From Debian's packages; each does its work natively and inside and must print the same (`tests/programs`).", "",
             "| program | result | outside, s | inside, s |", "|---|---|--:|--:|"]
    for r in sorted(results, key=lambda r: r["program"]):
        why = f": {r['why'][0][:120]}" if r["why"] else ""
        lines.append(f"| {r['program']} | {r['outcome']}{why.replace('|', '/')} | {r.get('native_seconds', '')} | {r.get('inside_seconds', '')} |")
    return lines


def cpython(results):
    lines = ["## CPython's regression tests", "",
             "Test by test, inside beside outside on the same machine. \"Same\" counts tests with the same outcome.", "",
             "| module | tests | same | ok inside | outside, s | inside, s |", "|---|--:|--:|--:|--:|--:|"]
    for r in results:
        if r.get("missing"):
            lines.append(f"| {r['module']} | not in Debian's package | | | | |")
            continue
        lines.append(f"| {r['module']} | {r['tests']} | {r['same']} | {r['ok']} | {r['native_seconds']} | {r['inside_seconds']} |")
    different = [d for r in results for d in r["differences"]]
    lines += ["", f"Differences: {len(different)}.", ""]
    if different:
        lines += ["| test | outside | inside | reason |", "|---|---|---|---|"]
        lines += [f"| `{t}` | {o} | {i} | {(reason or 'unexplained: ' + words[:140]).replace('|', '/')} |" for t, o, i, words, reason in different]
    return lines


def oracle(result):
    known = [r for r in result["results"] if r.get("expected")]
    failed = [r for r in result["results"] if not r["passed"] and not r.get("expected")]
    lines = ["## Behaviour tests", "", f"{result['passed']} small programs taken from the manual pages print inside what they print on Linux; "
             f"{len(failed)} differ, {len(known)} differ for a known reason.", ""]
    lines += [f"- `{r['program']}`: {r['expected']}" for r in known] + [f"- `{r['program']}`: differs" for r in failed]
    return lines


def system_calls():
    out = subprocess.run([str(ROOT / "build/bin/litebox"), "syscalls", "--json"], check=True, capture_output=True, text=True).stdout
    table = json.loads(out)
    lines = ["## System calls", "", f"Of Linux {table['linux']}: {table['full']} full, {table['partial']} partial, {table['absent']} absent.", "",
             "Full: " + " ".join(f"`{c['name']}`" for c in table["calls"] if c["support"] == "full"), "",
             "| partial | what is missing |", "|---|---|"]
    lines += [f"| `{c['name']}` | {c['note']} |" for c in table["calls"] if c["support"] == "partial"]
    return lines + ["", "Absent: " + " ".join(f"`{c['name']}`" for c in table["calls"] if c["support"] == "absent")]


def main():
    results, target = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    lines = ["# Compatibility", "", f"Written by `make test-all` on {time.strftime('%Y-%m-%d')}, Linux {platform.release()}. What is inside is compared with "
             "what the same machine does outside.", ""]
    for name, section in (("programs", programs), ("cpython", cpython), ("oracle", oracle)):
        content = load(results / f"{name}.json")
        lines += (section(content) if content else [f"## {name}", "", "not run"]) + [""]
    target.write_text("\n".join(lines + system_calls()) + "\n", encoding="utf-8")
    print(f"wrote {target}")


if __name__ == "__main__":
    main()
