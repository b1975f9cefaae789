# python3: threads, subprocess, asyncio, multiprocessing, ssl, sqlite3.
# needs: python3 openssl
# timeout: 120

import asyncio
import concurrent.futures
import ctypes
import hashlib
import json
import mmap
import multiprocessing
import os
import queue
import signal
import socket
import socketserver
import sqlite3
import ssl
import subprocess
import sys
import tempfile
import threading


def threads():
    q, done = queue.Queue(), []
    lock = threading.Lock()

    def work():
        while (item := q.get()) is not None:
            with lock:
                done.append(item * item)
    pool = [threading.Thread(target=work) for _ in range(8)]
    for t in pool:
        t.start()
    for i in range(1000):
        q.put(i)
    for _ in pool:
        q.put(None)
    for t in pool:
        t.join()
    print("threads", sum(done))


def processes():
    print("subprocess", subprocess.check_output(["sh", "-c", "echo $((6*7))"], text=True).strip())
    p = subprocess.Popen([sys.executable, "-c", "import sys; sys.stdout.write(sys.stdin.read().upper())"],
                         stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    print("pipe", p.communicate("hello")[0])
    try:
        subprocess.run(["sleep", "5"], timeout=0.1, check=False)
    except subprocess.TimeoutExpired:
        print("timeout")
    p = subprocess.Popen(["sleep", "5"])
    p.send_signal(signal.SIGTERM)
    print("signal", p.wait())


def square(x):
    return x * x


def pools():
    for method in ("fork", "spawn", "forkserver"):
        context = multiprocessing.get_context(method)
        with context.Pool(2) as pool:
            print(method, pool.map(square, range(5)))
    with concurrent.futures.ProcessPoolExecutor(2) as pool:
        print("executor", sum(pool.map(square, range(50))))
    value = multiprocessing.Value("i", 0)

    def add():
        for _ in range(100):
            with value.get_lock():
                value.value += 1
    children = [multiprocessing.get_context("fork").Process(target=add) for _ in range(4)]
    for c in children:
        c.start()
    for c in children:
        c.join()
    print("shared", value.value)


async def talk():
    async def serve(reader, writer):
        writer.write((await reader.readline()).upper())
        await writer.drain()
        writer.close()
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]

    async def ask(i):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(f"line {i}\n".encode())
        answer = await reader.readline()
        writer.close()
        return answer.decode().strip()
    answers = await asyncio.gather(*(ask(i) for i in range(20)))
    child = await asyncio.create_subprocess_exec("echo", "from a child", stdout=subprocess.PIPE)
    out, _ = await child.communicate()
    server.close()
    print("asyncio", answers[-1], out.decode().strip(), len(set(answers)))


def sockets():
    class Echo(socketserver.StreamRequestHandler):
        def handle(self):
            self.wfile.write(self.rfile.readline()[::-1])
    for family, address in ((socket.AF_INET, ("127.0.0.1", 0)), (socket.AF_INET6, ("::1", 0))):
        class Server(socketserver.ThreadingTCPServer):
            address_family = family
        with Server(address, Echo) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            with socket.create_connection(server.server_address[:2]) as s:
                s.sendall(b"abc\n")
                print("tcp", family.name, s.makefile("rb").read())
            server.shutdown()


def tls(directory):
    key, certificate = os.path.join(directory, "key"), os.path.join(directory, "cert")
    if subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", certificate, "-days", "2",
                       "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"], capture_output=True, check=False).returncode:
        sys.exit("openssl req failed")
    server_context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_context.load_cert_chain(certificate, key)
    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        connection, _ = listener.accept()
        with server_context.wrap_socket(connection, server_side=True) as s:
            s.sendall(s.recv(100).upper())
    thread = threading.Thread(target=serve)
    thread.start()
    context = ssl.create_default_context(cafile=certificate)
    with context.wrap_socket(socket.create_connection(listener.getsockname()), server_hostname="localhost") as s:
        s.sendall(b"over tls")
        print("ssl", s.version(), s.recv(100))
    thread.join()


def database(directory):
    path = os.path.join(directory, "db")
    for journal in ("delete", "wal"):
        db = sqlite3.connect(path)
        print("sqlite", db.execute(f"pragma journal_mode={journal}").fetchone())
        db.execute("create table if not exists t (a, b)")
        for i in range(50):
            with db:
                db.execute("insert into t values (?, ?)", (i, "x" * i))
        print("sqlite", db.execute("select count(*), sum(length(b)) from t").fetchone())
        db.close()


def files(directory):
    path = os.path.join(directory, "map")
    with open(path, "w+b") as f:
        f.truncate(100000)
        with mmap.mmap(f.fileno(), 0) as m:
            m[5000:5005] = b"mmap!"
        f.seek(5000)
        print("mmap", f.read(5))
    pid = os.fork()
    if pid == 0:
        os._exit(9)
    print("fork", os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
    got = []
    signal.signal(signal.SIGALRM, lambda *_: got.append("alarm"))
    signal.setitimer(signal.ITIMER_REAL, 0.01)
    signal.pause()
    print("signal", got, ctypes.CDLL(None).abs(-5), hashlib.sha256(b"x").hexdigest()[:8], json.dumps({"pid": os.getpid() > 0}))


if __name__ == "__main__":
    threads()
    processes()
    pools()
    asyncio.run(talk())
    sockets()
    with tempfile.TemporaryDirectory() as scratch:
        tls(scratch)
        database(scratch)
        files(scratch)
