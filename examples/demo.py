#!/usr/bin/env python3
"""Takes stock of a source tree: threads read the files, SQLite holds what was found, other programs check it, and a report is
written. An ordinary program: it knows nothing of LiteBox and says the same outside."""
import collections
import concurrent.futures
import hashlib
import os
import pathlib
import sqlite3
import subprocess
import sys
import tempfile
import threading


def source_files(root):
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(f for f in folders if f not in (".git", "build", "__pycache__"))
        for name in sorted(names):
            path = pathlib.Path(folder, name)
            if path.suffix in (".cpp", ".h", ".c", ".py", ".sh", ".md", ".txt", ".def") and path.is_file():
                yield path


def examine(path):
    """One file: lines, bytes, digest, and its most frequent words. Runs in a pool of threads."""
    content = path.read_bytes()
    words = collections.Counter(content.decode("utf-8", "replace").split())
    return {"path": str(path), "kind": path.suffix, "lines": content.count(b"\n"), "bytes": len(content),
            "digest": hashlib.sha256(content).hexdigest(), "words": words, "thread": threading.get_ident()}


def store(database, results):
    database.execute("create table file (path text primary key, kind text, lines int, bytes int, digest text)")
    database.execute("create table word (path text references file, word text, count int)")
    for r in results:
        with database:  # one transaction a file
            database.execute("insert into file values (?, ?, ?, ?, ?)", (r["path"], r["kind"], r["lines"], r["bytes"], r["digest"]))
            database.executemany("insert into word values (?, ?, ?)",
                                 [(r["path"], w, n) for w, n in r["words"].most_common(20)])


def check_with_other_programs(results, limit=40):
    """wc and sha256sum must agree with us; each is a process of its own."""
    chosen = results[:: max(1, len(results) // limit)]
    for r in chosen:
        counted = subprocess.run(["wc", "-lc", r["path"]], check=True, capture_output=True, text=True).stdout.split()
        if [int(counted[0]), int(counted[1])] != [r["lines"], r["bytes"]]:
            sys.exit(f"wc disagrees about {r['path']}")
    listing = "".join(f"{r['digest']}  {r['path']}\n" for r in results)
    subprocess.run(["sha256sum", "--check", "--quiet"], input=listing, text=True, check=True)
    return len(chosen) + 1


def longest_pipeline(directory):
    """A shell pipeline over the database's dump: sort, uniq, head."""
    command = "sort words | uniq -c | sort -rn | head -3"
    out = subprocess.run(["sh", "-c", command], cwd=directory, check=True, capture_output=True, text=True).stdout
    return [line.split(maxsplit=1)[1] for line in out.splitlines()]


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".")
    paths = list(source_files(root))
    if not paths:
        sys.exit(f"there are no source files in {root.resolve()}")
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        results = list(pool.map(examine, paths))
    with tempfile.TemporaryDirectory() as directory:
        database = sqlite3.connect(os.path.join(directory, "stock.db"))
        store(database, results)
        programs = check_with_other_programs(results)
        with open(os.path.join(directory, "words"), "w", encoding="utf-8") as f:
            for word, count in database.execute("select word, count from word"):
                f.write(f"{word}\n" * count)
        frequent = longest_pipeline(directory)
        print(f"{'kind':8}{'files':>7}{'lines':>9}{'bytes':>11}")
        for row in database.execute("select kind, count(*), sum(lines), sum(bytes) from file group by kind order by 3 desc"):
            print(f"{row[0]:8}{row[1]:7}{row[2]:9}{row[3]:11}")
        total = database.execute("select count(*), sum(lines) from file").fetchone()
        database.close()
    print(f"{total[0]} files, {total[1]} lines, read by {len({r['thread'] for r in results})} threads, "
          f"{programs} programs agreed; most frequent words: {' '.join(frequent)}")


if __name__ == "__main__":
    main()
