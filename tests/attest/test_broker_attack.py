#!/usr/bin/python3
"""Clients that stall, flood and speak garbage: the broker goes on serving the others, and its memory stays bounded."""
import os
import random
import re
import socket
import ssl
import threading
import time

from broker_world import TOOL, World, main, run

world = World("tdx")
world.policy("tdx", 1, world.tee_policy("tdx"))
world.put("a/b/c", b"the secret", "tdx")
# Few connections and short deadlines, so that what takes hours elsewhere shows here in seconds; the answers are not timed.
world.serve("--threads", "2", "--max-connections", "40", "--max-per-address", "40", "--request-seconds", "5")


def honest_client_is_served():
    out = run(TOOL, "take", "tdx", world.url, world.pin, "a/b/c").stdout.decode()
    assert out == "got a/b/c the secret\n", out


def connect(tls=True):
    plain = socket.create_connection(("127.0.0.1", world.port), timeout=30)
    if not tls:
        return plain
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context.wrap_socket(plain)


def resident_kilobytes():
    for line in open(f"/proc/{world.process.pid}/status"):
        if line.startswith("VmRSS"):
            return int(line.split()[1])
    raise AssertionError("the broker is gone")


def close_all(connections):
    for connection in connections:
        connection.close()


def stallers_before_the_handshake_keep_nobody_out():
    stallers = [connect(tls=False) for _ in range(80)]
    for _ in range(3):
        honest_client_is_served()
    close_all(stallers)


def stallers_after_the_handshake_keep_nobody_out():
    stallers = []
    for i in range(60):
        try:
            stallers.append(connect())
            stallers[-1].send(b"POST /litebox/v1/release/a/b/c HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\nabc"[: 20 + i])
        except OSError:
            pass  # it has given way already
        if i % 20 == 19:
            honest_client_is_served()
    close_all(stallers)


def those_who_worked_once_and_then_idle_keep_nobody_out():
    idle = []
    for i in range(60):
        try:
            connection = connect()
            connection.send(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            connection.recv(1000)
            idle.append(connection)
        except OSError:
            pass
        if i % 20 == 19:
            honest_client_is_served()
    close_all(idle)


def a_client_that_dribbles_is_cut_off():
    connection = connect()
    begin = time.monotonic()
    try:
        while time.monotonic() - begin < 120:
            connection.send(b"G")
            time.sleep(0.2)
        raise AssertionError("still connected after two minutes")
    except OSError:
        pass
    honest_client_is_served()


def garbage_is_answered_or_dropped_never_more():
    random.seed(4)
    for i in range(60):
        tls = i % 3 != 0
        try:
            connection = connect(tls)
            connection.settimeout(20)
            connection.send(random.randbytes(random.randrange(1, 5000)) + b"\r\n\r\n")
            connection.recv(4096)
            connection.close()
        except OSError:
            pass
    honest_client_is_served()


def answer_to(request):
    connection = connect()
    connection.settimeout(60)
    answer = b""
    try:
        connection.sendall(request)
    except OSError:
        pass  # the broker may have answered and closed before it took all
    try:
        while b"\r\n\r\n" not in answer:
            piece = connection.recv(4096)
            if not piece:
                break
            answer += piece
    except OSError:
        pass
    connection.close()
    return answer.split(b"\r\n")[0]


def limits_are_said():
    huge_header = b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 40000 + b"\r\n\r\n"
    huge_body = b"POST /kbs/v0/auth HTTP/1.1\r\nHost: x\r\nContent-Length: 9999999999\r\n\r\n"
    assert b" 431 " in answer_to(huge_header) or b" 400 " in answer_to(huge_header), answer_to(huge_header)
    assert b" 413 " in answer_to(huge_body), answer_to(huge_body)
    assert b" 400 " in answer_to(b"NONSENSE\r\n\r\n"), answer_to(b"NONSENSE\r\n\r\n")
    assert b" 404 " in answer_to(b"GET /etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n")
    assert b" 404 " in answer_to(b"DELETE /kbs/v0/auth HTTP/1.1\r\nHost: x\r\n\r\n")
    assert b" 405 " in answer_to(b"POST /kbs/v0/resource/a/b/c HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
    assert b" 404 " in answer_to(b"POST /litebox/v1/release/a/../c HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
    deep = b"[" * 100000
    assert b" 401 " in answer_to(b"POST /kbs/v0/auth HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(deep) + deep)
    honest_client_is_served()


def a_flood_of_challenges_costs_no_memory():
    connection = connect()
    body = b'{"version":"0.4.0","tee":"tdx","extra-params":""}'
    request = b"POST /kbs/v0/auth HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    def ask(count):
        for _ in range(count):
            connection.sendall(request)
            answer = b""
            while not answer.endswith(b'"extra-params":""}'):
                piece = connection.recv(4096)
                assert piece, answer
                answer += piece
    ask(200)
    before = resident_kilobytes()
    ask(3000)
    grown = resident_kilobytes() - before
    assert grown < 4096, f"grew by {grown} KiB for 3000 challenges"
    connection.close()


def a_flood_of_bodies_stays_bounded():
    before = resident_kilobytes()
    def flood():
        try:
            connection = connect()
            for _ in range(20):
                connection.sendall(b"POST /kbs/v0/attest HTTP/1.1\r\nHost: x\r\nContent-Length: 500000\r\n\r\n" + b"[" * 500000)
                connection.recv(4096)
            connection.close()
        except OSError:
            pass
    threads = [threading.Thread(target=flood) for _ in range(8)]
    for thread in threads:
        thread.start()
    honest_client_is_served()
    for thread in threads:
        thread.join()
    grown = resident_kilobytes() - before
    assert grown < 200 * 1024, f"grew by {grown} KiB"


def a_client_that_takes_no_answer_holds_nothing_up():
    connections = [connect() for _ in range(10)]
    for connection in connections:
        try:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
            connection.settimeout(0.5)
            for _ in range(200):
                connection.send(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n" * 50)
        except OSError:
            pass
    honest_client_is_served()
    close_all(connections)


def nothing_secret_is_in_the_log_and_the_audit_holds():
    assert world.audit().returncode == 0
    assert "the secret" not in (world.dir / "broker.log").read_text()
    assert os.stat(world.dir / "store").st_mode & 0o777 == 0o600


def no_secret_stays_in_memory():
    """What was released a moment ago is nowhere in the broker's memory (which only root can look at)."""
    if os.geteuid() != 0:
        return print("       not root: the broker's memory cannot be looked at")
    marker = b"wiped-" + os.urandom(24).hex().encode()
    world.put("a/b/marked", marker, "tdx")
    out = run(TOOL, "take", "tdx", world.url, world.pin, "a/b/marked").stdout
    assert marker in out
    found, control = 0, 0
    with open(f"/proc/{world.process.pid}/maps") as maps, open(f"/proc/{world.process.pid}/mem", "rb") as memory:
        for line in maps:
            area, rights = line.split()[:2]
            if not rights.startswith("rw") or "[vvar]" in line:
                continue
            begin, end = (int(part, 16) for part in area.split("-"))
            memory.seek(begin)
            try:
                contents = memory.read(end - begin)
            except OSError:
                continue
            found += contents.count(marker)
            control += contents.count(str(world.dir).encode())
    assert control > 0, "the broker's own options were not found either: this looks at the wrong memory"
    assert found == 0, f"{found} copies of a released secret"


def no_core_and_no_debugger():
    limits = open(f"/proc/{world.process.pid}/limits").read()
    assert re.search(r"Max core file size\s+0\s+0\s", limits), limits
    if os.geteuid() != 0:
        try:
            open(f"/proc/{world.process.pid}/mem", "rb")
            raise AssertionError("another process of the user can read the broker's memory")
        except PermissionError:
            pass


with world:
    main([honest_client_is_served, stallers_before_the_handshake_keep_nobody_out, stallers_after_the_handshake_keep_nobody_out,
          those_who_worked_once_and_then_idle_keep_nobody_out, a_client_that_dribbles_is_cut_off, garbage_is_answered_or_dropped_never_more,
          limits_are_said, a_flood_of_challenges_costs_no_memory, a_flood_of_bodies_stays_bounded,
          a_client_that_takes_no_answer_holds_nothing_up, no_secret_stays_in_memory, no_core_and_no_debugger, nothing_secret_is_in_the_log_and_the_audit_holds])
