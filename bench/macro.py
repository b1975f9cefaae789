#!/usr/bin/env python3
"""Real programs, measured from inside: prints one JSON line per row, like the micro program. Runs natively and in sandboxes."""
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time


def report(row, seconds):
    print(json.dumps({"row": row, "ns": round(seconds * 1e9)}), flush=True)


def scratch():
    return tempfile.mkdtemp(prefix="litebox-bench-", dir=os.environ.get("BENCH_SCRATCH", "/dev/shm"))


def sqlite(directory):
    """1000 transactions of one row each, in the default journal mode."""
    import sqlite3
    database = sqlite3.connect(os.path.join(directory, "bench.db"), isolation_level=None)
    database.execute("create table t (id integer primary key, name text)")
    start = time.monotonic()
    for i in range(1000):
        database.execute("begin")
        database.execute("insert into t (name) values (?)", (f"name {i}",))
        database.execute("commit")
    took = time.monotonic() - start
    if database.execute("select count(*) from t").fetchone() != (1000,):
        sys.exit("sqlite: the rows are not there")
    report("sqlite_1000", took)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_for(port, process):
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        if process.poll() is not None:
            sys.exit(f"the server ended with status {process.returncode}")
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.02)
    sys.exit("the server does not answer")


def stop(process):
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def redis(directory):
    """GET with 20 clients, plain and pipelined; time per request."""
    port = free_port()
    server = subprocess.Popen(["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no",
                               "--dir", directory, "--loglevel", "warning"], stdout=subprocess.DEVNULL)
    try:
        wait_for(port, server)
        count = int(os.environ.get("BENCH_REQUESTS", "20000"))
        for row, requests, extra in (("redis_get", count, []), ("redis_get_p16", count * 10, ["-P", "16"])):
            out = subprocess.run(["redis-benchmark", "-p", str(port), "-c", "20", "-n", str(requests), "-t", "get", "--csv"]
                                 + extra, check=True, capture_output=True, text=True).stdout
            rates = [line.split(",")[1].strip('"') for line in out.splitlines() if line.startswith('"GET"')]
            if not rates:
                sys.exit("redis-benchmark says nothing about GET")
            report(row, 1 / float(rates[0]))
    finally:
        stop(server)


NGINX = """
daemon off; master_process off; worker_processes 1; pid {d}/pid; error_log stderr crit;
events {{ worker_connections 256; }}
http {{ access_log off; client_body_temp_path {d}/a; proxy_temp_path {d}/b; fastcgi_temp_path {d}/c; uwsgi_temp_path {d}/e;
  scgi_temp_path {d}/f; keepalive_requests 1000000; server {{ listen 127.0.0.1:{port}; location / {{ root {d}/www; }} }} }}
"""


def nginx(directory):
    """A file of 1 KiB, fetched by wrk over 16 kept connections; time per request."""
    port = free_port()
    os.mkdir(f"{directory}/www")
    with open(f"{directory}/www/file", "w", encoding="ascii") as f:
        f.write("x" * 1024)
    with open(f"{directory}/conf", "w", encoding="ascii") as f:
        f.write(NGINX.format(d=directory, port=port))
    if os.getuid() == 0:
        with open(f"{directory}/conf", "r+", encoding="ascii") as f:
            text = f.read()
            f.seek(0)
            f.write("user root;" + text)
    program = shutil.which("nginx") or "/usr/sbin/nginx"
    server = subprocess.Popen([program, "-p", directory, "-c", f"{directory}/conf", "-e", "stderr"],
                              stderr=subprocess.DEVNULL)
    try:
        wait_for(port, server)
        seconds = os.environ.get("BENCH_SECONDS", "1")
        out = subprocess.run(["wrk", "-t1", "-c16", f"-d{seconds}s", f"http://127.0.0.1:{port}/file"], check=True,
                             capture_output=True, text=True).stdout
        rates = [line.split()[1] for line in out.splitlines() if line.startswith("Requests/sec:")]
        if not rates or float(rates[0]) == 0 or "Non-2xx" in out:
            sys.exit("wrk: " + out)
        report("nginx_1k", 1 / float(rates[0]))
    finally:
        stop(server)


def tar(_):
    """tar cf - TREE | cat: the first pass in this sandbox, then the least of five more."""
    tree = os.environ["BENCH_TREE"]
    times = []
    for _ in range(6):
        start = time.monotonic()
        subprocess.run(["/bin/sh", "-c", 'tar cf - -C "$0" . | cat >/dev/null', tree], check=True)
        times.append(time.monotonic() - start)
    report("tar_first", times[0])
    report("tar_warm", min(times[1:]))


def main():
    directory = scratch()
    try:
        {"sqlite": sqlite, "redis": redis, "nginx": nginx, "tar": tar}[sys.argv[1]](directory)
    finally:
        shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    main()
