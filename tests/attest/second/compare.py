#!/usr/bin/env python3
"""Both verifiers on generated cases: usage compare.py ATTEST_CASES [--cases N] [--seed N] [--jobs N]."""

import argparse
import collections
import json
import multiprocessing
import subprocess
import sys

from verify import judge


def compare(part):
    """Disagreements of one run of cases."""
    program, seed, first, count = part
    differing, statuses, judged = [], collections.Counter(), 0
    with subprocess.Popen([program, str(seed), str(first), str(count)], stdout=subprocess.PIPE, text=True) as cases:
        for line in cases.stdout:
            case = json.loads(line)
            status, tcb_status, why = judge(case)
            judged += 1
            statuses[status] += 1
            # Of evidence that is not genuine, or judged by collateral that is not, no TCB status means anything.
            genuine = status in ("accepted", "out-of-policy", "expired-collateral")
            if status != case["status"] or genuine and tcb_status != case["tcb_status"]:
                differing.append(f"case {case['case']} [{case['name']}]: first {case['status']}/{case['tcb_status']} "
                                 f"({case['reason']}), second {status}/{tcb_status} ({why})")
    if cases.returncode != 0 or judged != count:
        differing.append(f"{program} ended with {cases.returncode} after {judged} of {count} cases")
    return differing, statuses


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("program")
    arguments.add_argument("--cases", type=int, default=400)
    arguments.add_argument("--first", type=int, default=0)
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--jobs", type=int, default=1)
    options = arguments.parse_args()
    step = -(-options.cases // options.jobs)
    parts = [(options.program, options.seed, options.first + at, min(step, options.cases - at))
             for at in range(0, options.cases, step)]
    with multiprocessing.Pool(len(parts)) as pool:
        results = pool.map(compare, parts)
    differing = [line for lines, _ in results for line in lines]
    statuses = sum((counter for _, counter in results), collections.Counter())
    for line in differing:
        print(line)
    print(f"{options.cases} cases, {len(differing)} disagreements; "
          + ", ".join(f"{count} {status}" for status, count in sorted(statuses.items())))
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
