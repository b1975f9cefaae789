#!/usr/bin/env python3
"""Programs in a machine that talk over vsock to a host that is this test: honest, silent, or hostile."""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from vhost_vsock import CREDIT_REQUEST, CREDIT_UPDATE, DATA, REQUEST, RESET, RESPONSE, SHUTDOWN, Connection, Device, Packet  # noqa: E402

KERNEL = os.environ["LITEBOX_KERNEL"]
PROGRAM = pathlib.Path(os.environ["GUESTS"]) / "vm_guest_vsock"
PATIENCE = 180


class Machine:
    """Runs the program with one argument and a port; the device is the test's."""

    def __init__(self, *arguments, device=True):
        self.directory = tempfile.TemporaryDirectory(prefix="litebox-vsock-")
        here = pathlib.Path(self.directory.name)
        (here / "export/0/bin").mkdir(parents=True)
        shutil.copy(PROGRAM, here / "export/0/bin/vsock")
        self.output = here / "output"
        self.device = Device(str(here / "device")) if device else None
        vsock = ["-chardev", f"socket,id=host,path={here}/device", "-device", "vhost-user-vsock-device,chardev=host"] if device else []
        monitor = ["qemu-system-x86_64", "-no-user-config", "-nodefaults", "-display", "none", "-no-reboot", "-accel", "tcg", "-cpu",
                   "max", "-M", "microvm,acpi=off,memory-backend=memory", "-m", "64M", "-object",
                   "memory-backend-memfd,id=memory,size=64M,share=on", "-serial", "stdio", "-global",
                   "virtio-mmio.force-legacy=false", "-device", "virtio-serial-device", "-chardev", f"file,id=out,path={self.output}",
                   "-device", "virtconsole,chardev=out", "-fsdev", f"local,id=view,path={here}/export,security_model=none", "-device",
                   "virtio-9p-device,fsdev=view,mount_tag=view", *vsock, "-kernel", KERNEL, "-append",
                   "counter_hz=2500000000 program=/bin/vsock root=ro -- " + " ".join(arguments)]
        self.monitor = subprocess.Popen(monitor, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        self.monitor.kill()
        said, _ = self.monitor.communicate()
        if kind:
            sys.stderr.write(said + self.output.read_text(errors="replace"))
        if self.device:
            self.device.close()
        self.directory.cleanup()

    def end(self):
        """The program's wait status, after all that it had to say."""
        while self.device and self.device.work(1):
            continue
        said, _ = self.monitor.communicate(timeout=PATIENCE)
        marker = "the program ended with wait status "
        assert marker in said, said
        status = int(said.split(marker)[1].split()[0])
        assert status == 0, self.output.read_text(errors="replace")


class Streams(unittest.TestCase):
    def test_a_program_connects_and_much_goes_both_ways_within_the_credit(self):
        data = bytes(range(256)) * 4096
        with Machine("connect", "1234") as machine:
            connection = Connection.accept(machine.device, room=9000)
            self.assertEqual(connection.port, 1234)
            connection.write(data[:300000])
            self.assertEqual(connection.read(300000), data[:300000])
            for at in range(300000, len(data), 50000):
                piece = data[at:at + 50000]
                connection.write(piece)
                self.assertEqual(connection.read(len(piece)), piece)
            connection.say(SHUTDOWN, flags=2)
            while connection.flags & 2 == 0:
                connection.take()
            while connection.flags != 3 and not connection.over:
                connection.take()
            machine.end()

    def test_a_program_listens_and_the_host_connects_twice(self):
        with Machine("listen", "5000") as machine:
            for number, port in enumerate((70000, 70001)):
                connection = Connection(machine.device, port, 5000)
                # The machine may still be on its way to listen: until then it refuses.
                connection.say(REQUEST)
                while connection.take() == RESET:
                    connection.over = False
                    connection.say(REQUEST)
                text = b"question %d" % number
                connection.write(text)
                self.assertEqual(connection.read(len(text)), text)
                connection.say(SHUTDOWN, flags=2)
                while not connection.flags and not connection.over:
                    connection.take()
            machine.end()

    def test_a_host_that_refuses_is_a_reset(self):
        with Machine("refused", "1234") as machine:
            request = machine.device.receive()
            machine.device.send(Packet(RESET, request.port, request.source_port))
            machine.end()

    def test_a_host_that_says_nothing_is_a_timeout(self):
        with Machine("silent", "1234") as machine:
            machine.end()

    def test_a_request_for_credit_is_answered(self):
        with Machine("connect", "1234") as machine:
            connection = Connection.accept(machine.device)
            connection.say(CREDIT_REQUEST)
            self.assertEqual(connection.take(), CREDIT_UPDATE)
            self.assertEqual(connection.peer_room, 1 << 18)

    def test_without_the_device_there_is_none(self):
        with Machine("none", "1234", device=False) as machine:
            machine.end()


class HostileHost(unittest.TestCase):
    def breaks(self, act):
        """`act` breaks a connection's rules: it is reset, the program sees that, and goes on with another."""
        with Machine("broken", "1234") as machine:
            connection = Connection.accept(machine.device)
            act(connection)
            while not connection.over:
                connection.take()
            again = Connection.accept(machine.device)
            again.write(b"alive")
            self.assertEqual(again.read(5), b"alive")
            again.say(SHUTDOWN, flags=3)
            machine.end()

    def test_an_unknown_operation_is_a_reset(self):
        self.breaks(lambda connection: connection.say(77))

    def test_a_second_request_is_a_reset(self):
        self.breaks(lambda connection: connection.say(REQUEST))

    def test_word_of_bytes_that_were_never_sent_is_a_reset(self):
        def lie(connection):
            connection.taken = 5000
            connection.say(CREDIT_UPDATE)
        self.breaks(lie)

    def test_more_data_than_there_is_room_for_is_a_reset(self):
        def lie(connection):
            for _ in range(0, connection.peer_room + 1, 4000):
                connection.say(DATA, bytes(4000))
        self.breaks(lie)

    def test_data_after_the_last_is_a_reset(self):
        def lie(connection):
            connection.say(SHUTDOWN, flags=2)
            connection.say(DATA, b"more")
        self.breaks(lie)

    def test_packets_for_nobody_are_refused_and_resets_are_not_answered(self):
        with Machine("connect", "1234") as machine:
            connection = Connection.accept(machine.device)
            for operation in (REQUEST, RESPONSE, DATA, SHUTDOWN, CREDIT_UPDATE, 99):
                machine.device.send(Packet(operation, 4000, 4001))
                answer = machine.device.receive()
                self.assertEqual((answer.operation, answer.source_port, answer.port), (RESET, 4001, 4000), operation)
            machine.device.send(Packet(DATA, 4000, 4001, kind=9))
            self.assertEqual(machine.device.receive().operation, RESET)
            machine.device.send(Packet(RESET, 4000, 4001))
            # Lengths that lie, and another machine's packets, are as good as lost.
            machine.device.send(Packet(DATA, connection.port, connection.machine_port, b"abc", length=4000))
            machine.device.send(Packet(DATA, connection.port, connection.machine_port, b"abc", context=9))
            connection.write(b"alive")
            self.assertEqual(connection.read(5), b"alive")


if __name__ == "__main__":
    unittest.main()
