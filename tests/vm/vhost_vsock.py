"""The host's end of a machine's vsock device, in a test's hands: the back end of QEMU's vhost-user-vsock-device. It takes the machine's
memory and queues over a Unix socket (the vhost-user protocol of QEMU's documentation) and passes packets as they are; what the peer says,
true or not, is the test's."""
import mmap
import os
import select
import socket
import struct
import time

REQUEST, RESPONSE, RESET, SHUTDOWN, DATA, CREDIT_UPDATE, CREDIT_REQUEST = range(1, 8)
HOST = 2
HEADER = struct.Struct("<QQIIIHHIII")
PATIENCE = 120


class Packet:
    def __init__(self, operation, source_port, port, payload=b"", source=HOST, context=3, kind=1, flags=0, room=1 << 18, taken=0, length=None):
        self.operation, self.source_port, self.port, self.payload = operation, source_port, port, payload
        self.source, self.context, self.kind, self.flags, self.room, self.taken = source, context, kind, flags, room, taken
        self.length = len(payload) if length is None else length

    def encode(self):
        return HEADER.pack(self.source, self.context, self.source_port, self.port, self.length, self.kind, self.operation, self.flags,
                           self.room, self.taken) + self.payload

    @classmethod
    def decode(cls, raw):
        source, context, source_port, port, length, kind, operation, flags, room, taken = HEADER.unpack_from(raw)
        return cls(operation, source_port, port, raw[HEADER.size:], source, context, kind, flags, room, taken, length)


class Queue:
    def __init__(self):
        self.entries = self.descriptors = self.used = self.available = 0
        self.kick = self.call = None
        self.seen = 0

    def started(self):
        return self.available and self.call is not None and self.kick is not None


class Device:
    """Listens where QEMU connects; work() serves whatever is there to serve."""

    def __init__(self, path, context=3):
        self.context = context
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        self.listener.listen(1)
        self.monitor = None
        self.regions = []
        self.queues = [Queue(), Queue()]
        self.received = []

    def close(self):
        for _, _, _, memory in self.regions:
            memory.close()
        for end in (self.listener, self.monitor):
            if end:
                end.close()

    # The machine's memory.
    def place(self, address, length, kind):
        for guest, size, user, memory in self.regions:
            start = guest if kind == "guest" else user
            if start <= address and address + length <= start + size:
                return memory, address - start
        raise AssertionError(f"no memory at {address:#x}")

    def load(self, address, form, kind="user"):
        memory, at = self.place(address, struct.calcsize(form), kind)
        return struct.unpack_from(form, memory, at)

    def store(self, address, form, *values, kind="user"):
        memory, at = self.place(address, struct.calcsize(form), kind)
        struct.pack_into(form, memory, at, *values)

    # The monitor's requests.
    def answer(self, request, payload):
        self.monitor.sendall(struct.pack("<III", request, 5, len(payload)) + payload)

    def serve_request(self):
        raw, fds, _, _ = socket.recv_fds(self.monitor, 12, 8)
        if not raw:
            return False
        request, flags, size = struct.unpack("<III", raw)
        body = self.monitor.recv(size, socket.MSG_WAITALL) if size else b""
        if request == 1:
            self.answer(request, struct.pack("<Q", 1 << 32 | 1 << 30))
        elif request == 15:
            self.answer(request, struct.pack("<Q", 1 << 9))
        elif request == 24:
            self.answer(request, body[:12] + struct.pack("<Q", self.context)[:len(body) - 12])
        elif request == 5:
            self.map_memory(body, fds)
        elif request == 8:
            index, entries = struct.unpack("<II", body)
            self.queues[index].entries = entries
        elif request == 9:
            index, _, descriptors, used, available, _ = struct.unpack("<IIQQQQ", body)
            queue = self.queues[index]
            queue.descriptors, queue.used, queue.available = descriptors, used, available
        elif request == 11:
            index, _ = struct.unpack("<II", body)
            self.answer(request, struct.pack("<II", index, self.queues[index].seen))
        elif request in (12, 13):
            number = struct.unpack("<Q", body)[0]
            if fds:
                setattr(self.queues[number & 0xff], "kick" if request == 12 else "call", fds[0])
        return True

    def map_memory(self, body, fds):
        for i, fd in enumerate(fds):
            guest, size, user, offset = struct.unpack_from("<QQQQ", body, 8 + 32 * i)
            self.regions.append((guest, size, user, mmap.mmap(fd, size, offset=offset)))
            os.close(fd)

    # The machine's queues.
    def chain(self, queue):
        """The next chain that the driver offers: its head and its parts, or nothing."""
        index, = self.load(queue.available + 2, "<H")
        if index == queue.seen:
            return None
        head, = self.load(queue.available + 4 + 2 * (queue.seen % queue.entries), "<H")
        queue.seen = (queue.seen + 1) & 0xffff
        parts, at = [], head
        while True:
            address, length, flags, following = self.load(queue.descriptors + 16 * at, "<QIHH")
            parts.append((address, length))
            if not flags & 1:
                return head, parts
            at = following

    def use(self, queue, head, written):
        index, = self.load(queue.used + 2, "<H")
        self.store(queue.used + 4 + 8 * (index % queue.entries), "<II", head, written)
        self.store(queue.used + 2, "<H", (index + 1) & 0xffff)
        os.write(queue.call, struct.pack("<Q", 1))

    def take_sent(self):
        queue = self.queues[1]
        while queue.started() and (found := self.chain(queue)):
            head, parts = found
            raw = b""
            for address, length in parts:
                memory, at = self.place(address, length, "guest")
                raw += memory[at:at + length]
            self.use(queue, head, 0)
            self.received.append(Packet.decode(raw))

    def work(self, seconds):
        """Serves what comes within that time; False: the monitor is gone."""
        watched = [self.monitor or self.listener] + ([self.queues[1].kick] if self.queues[1].kick is not None else [])
        for ready in select.select(watched, [], [], seconds)[0]:
            if ready is self.listener:
                self.monitor, _ = self.listener.accept()
            elif ready is self.monitor:
                if not self.serve_request():
                    return False
            else:
                os.read(ready, 8)
        self.take_sent()
        return True

    def receive(self):
        """The next packet that the machine sends."""
        deadline = time.monotonic() + PATIENCE
        while not self.received:
            if not self.work(0.2) or time.monotonic() > deadline:
                raise AssertionError("the machine ended, or sent nothing more")
        return self.received.pop(0)

    def send(self, packet):
        deadline = time.monotonic() + PATIENCE
        queue = self.queues[0]
        while not (found := queue.started() and self.chain(queue)):
            if not self.work(0.02) or time.monotonic() > deadline:
                raise AssertionError("the machine ended, or gives no buffers")
        head, parts = found
        raw = left = packet.encode()
        for address, length in parts:
            memory, at = self.place(address, length, "guest")
            piece, left = left[:length], left[length:]
            memory[at:at + len(piece)] = piece
        assert not left, "a packet is larger than the machine's buffers"
        self.use(queue, head, len(raw))


class Connection:
    """An honest end of a stream; packets that break rules are sent by the test itself."""
    LARGEST = 4000

    def __init__(self, device, port, machine_port, room=1 << 18):
        self.device, self.port, self.machine_port, self.room = device, port, machine_port, room
        self.sent = self.taken = self.peer_room = self.peer_taken = 0
        self.got = b""
        self.flags = 0
        self.over = False

    @classmethod
    def accept(cls, device, room=1 << 18):
        request = device.receive()
        assert request.operation == REQUEST, request.operation
        connection = cls(device, request.port, request.source_port, room)
        connection.peer_room = request.room
        connection.say(RESPONSE)
        return connection

    @classmethod
    def connect(cls, device, machine_port, port):
        connection = cls(device, port, machine_port)
        connection.say(REQUEST)
        connection.take()
        return connection

    def say(self, operation, payload=b"", **more):
        self.device.send(Packet(operation, self.port, self.machine_port, payload, context=self.device.context, room=self.room,
                                taken=self.taken & 0xffffffff, **more))

    def take(self):
        packet = self.device.receive()
        assert (packet.source, packet.source_port, packet.port) == (self.device.context, self.machine_port, self.port)
        self.peer_room, self.peer_taken = packet.room, packet.taken
        if packet.operation == DATA:
            assert len(packet.payload) == packet.length
            self.got += packet.payload
            self.taken += packet.length
            assert len(self.got) <= self.taken
            self.say(CREDIT_UPDATE)
        elif packet.operation == SHUTDOWN:
            self.flags |= packet.flags
        elif packet.operation == RESET:
            self.over = True
        return packet.operation

    def credit(self):
        return self.peer_room - (self.sent - self.peer_taken & 0xffffffff)

    def write(self, data):
        while data:
            while self.credit() <= 0:
                self.take()
            piece = data[:min(self.LARGEST, self.credit())]
            self.sent += len(piece)
            self.say(DATA, piece)
            data = data[len(piece):]

    def read(self, length):
        while len(self.got) < length and not self.over:
            self.take()
        result, self.got = self.got[:length], self.got[length:]
        return result
