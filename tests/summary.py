"""Prints what failed and what is missing, and the closing line, from ctest's report and the statuses of the long tests."""
import sys
import xml.etree.ElementTree as xml


def main():
    passed, failed, missing = [], [], []
    for case in xml.parse(sys.argv[1]).getroot().iter("testcase"):
        # A skipped test is one whose package is missing: ctest itself would count it among the passed.
        if case.find("skipped") is not None or case.get("status") in ("notrun", "disabled"):
            missing.append(case.get("name"))
        elif case.find("failure") is not None or case.get("status") == "fail":
            failed.append(case.get("name"))
        else:
            passed.append(case.get("name"))
    for argument in sys.argv[2:]:
        name, _, status = argument.partition("=")
        {"0": passed, "77": missing}.get(status, failed).append("all of " + name)
    for name in failed:
        print("failed:", name)
    for name in missing:
        print("missing, not passed:", name)
    print(f"{len(passed)} passed, {len(failed)} failed" + (f", {len(missing)} missing" if missing else ""))
    return 1 if failed or missing or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
