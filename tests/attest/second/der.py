"""DER, strictly: definite and minimal lengths, low tag numbers, nothing behind the end."""


class Bad(Exception):
    pass


BOOLEAN, INTEGER, BIT_STRING, OCTET_STRING, NULL, OID, ENUMERATED = 1, 2, 3, 4, 5, 6, 10
UTF8, PRINTABLE, IA5, UTC_TIME, GENERALIZED_TIME, SEQUENCE, SET = 0x0C, 0x13, 0x16, 0x17, 0x18, 0x30, 0x31


def read(data, at, end):
    """One element: (tag, contents start, contents end)."""
    if at + 2 > end:
        raise Bad("cut off")
    tag, length = data[at], data[at + 1]
    if tag & 0x1F == 0x1F:
        raise Bad("high tag number")
    at += 2
    if length & 0x80:
        count = length & 0x7F
        if not 1 <= count <= 4 or at + count > end:
            raise Bad("length")
        length = int.from_bytes(data[at:at + count], "big")
        if length < 0x80 or data[at] == 0:
            raise Bad("length not minimal")
        at += count
    if at + length > end:
        raise Bad("longer than its container")
    return tag, at, at + length


class Element:
    def __init__(self, data, start, tag, inner, end):
        self.tag, self.data = tag, data
        self.start, self.inner, self.end = start, inner, end

    @property
    def contents(self):
        return self.data[self.inner:self.end]

    @property
    def encoding(self):
        return self.data[self.start:self.end]

    def children(self):
        found, at = [], self.inner
        while at < self.end:
            tag, inner, end = read(self.data, at, self.end)
            found.append(Element(self.data, at, tag, inner, end))
            at = end
        return found

    def expect(self, tag):
        if self.tag != tag:
            raise Bad(f"tag {self.tag:#x} instead of {tag:#x}")
        return self


def whole(data, tag):
    found, inner, end = read(data, 0, len(data))
    if end != len(data):
        raise Bad("bytes behind the end")
    return Element(data, 0, found, inner, end).expect(tag)


def unsigned(element, tag=INTEGER):
    contents = element.expect(tag).contents
    if not contents or contents[0] & 0x80:
        raise Bad("not a non-negative integer")
    if len(contents) > 1 and contents[0] == 0 and not contents[1] & 0x80:
        raise Bad("integer not minimal")
    return int.from_bytes(contents, "big")


def boolean(element):
    contents = element.expect(BOOLEAN).contents
    if contents not in (b"\x00", b"\xff"):
        raise Bad("boolean")
    return contents == b"\xff"


def bits(element):
    """The whole bytes of a BIT STRING."""
    contents = element.expect(BIT_STRING).contents
    if not contents or contents[0] != 0:
        raise Bad("bit string not of whole bytes")
    return contents[1:]


def dotted(element):
    contents = element.expect(OID).contents
    if not contents or contents[-1] & 0x80:
        raise Bad("object identifier")
    arcs, value, fresh = [], 0, True
    for byte in contents:
        if fresh and byte == 0x80:
            raise Bad("object identifier not minimal")
        value = value << 7 | byte & 0x7F
        fresh = not byte & 0x80
        if fresh:
            arcs.append(value)
            value = 0
    first = min(arcs[0] // 40, 2)
    return ".".join(map(str, [first, arcs[0] - 40 * first] + arcs[1:]))
