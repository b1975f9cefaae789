#!/usr/bin/env python3
"""Writes the bill of materials of the built binary as SPDX 2.3 JSON: our sources, and what Debian's static libraries put into it.
The same tree gives the same file: the time is that of the last commit."""
import hashlib
import json
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
# Linked statically into build/bin/litebox: the library's file, and why it is there.
LINKED = {"libstdc++.a": "C++ standard library of the host-side parts", "libc.a": "C library of the host-side parts",
          "libgcc.a": "compiler support routines", "libgcc_eh.a": "unwinding for the host-side parts"}


def text(*command):
    return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.strip()


def package_of(library):
    """The Debian package that holds a library of the compiler, and its version."""
    path = str(pathlib.Path(text("g++", f"-print-file-name={library}")).resolve())
    name = text("dpkg-query", "-S", path).split(":")[0]
    return name, text("dpkg-query", "-W", "-f=${Version}", name), text("dpkg-query", "-W", "-f=${source:Package}", name)


def source_files():
    for name in text("git", "ls-files").splitlines():
        path = ROOT / name
        if path.is_file():
            yield name, hashlib.sha256(path.read_bytes()).hexdigest()


def document():
    commit, when = text("git", "rev-parse", "HEAD"), text("git", "log", "-1", "--format=%cI")
    files = list(source_files())
    whole = hashlib.sha1("".join(sorted(digest for _, digest in files)).encode()).hexdigest()
    packages = [{"SPDXID": "SPDXRef-litebox", "name": "litebox", "versionInfo": commit, "downloadLocation": "NOASSERTION",
                 "filesAnalyzed": False, "licenseConcluded": "MIT", "licenseDeclared": "MIT", "copyrightText": "NOASSERTION",
                 "checksums": [{"algorithm": "SHA1", "checksumValue": whole}],
                 "comment": f"{len(files)} source files; the checksum is over their sorted SHA-256 digests"}]
    relations = [{"spdxElementId": "SPDXRef-DOCUMENT", "relationshipType": "DESCRIBES", "relatedSpdxElement": "SPDXRef-litebox"}]
    for library, why in LINKED.items():
        name, version, source = package_of(library)
        identity = "SPDXRef-" + library.replace("+", "p").replace("_", "-")
        packages.append({"SPDXID": identity, "name": library, "versionInfo": version, "downloadLocation": "NOASSERTION",
                         "filesAnalyzed": False, "licenseConcluded": "NOASSERTION", "licenseDeclared": "NOASSERTION",
                         "copyrightText": "NOASSERTION", "comment": why,
                         "externalRefs": [{"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl",
                                           "referenceLocator": f"pkg:deb/debian/{name}@{version}?upstream={source}"}]})
        relations.append({"spdxElementId": "SPDXRef-litebox", "relationshipType": "STATIC_LINK", "relatedSpdxElement": identity})
    return {"spdxVersion": "SPDX-2.3", "dataLicense": "CC0-1.0", "SPDXID": "SPDXRef-DOCUMENT", "name": "litebox",
            "documentNamespace": f"https://spdx.org/spdxdocs/litebox-{commit}",
            "creationInfo": {"created": when, "creators": ["Tool: litebox-sbom"]}, "packages": packages, "relationships": relations}


def main():
    target = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "build/sbom.spdx.json")
    target.write_text(json.dumps(document(), indent=1) + "\n", encoding="utf-8")
    print(f"wrote {target}")


if __name__ == "__main__":
    main()
