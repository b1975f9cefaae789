"""JSON with the exact bytes of members and no duplicate keys."""

import re

NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
SPACE = " \t\r\n"
ESCAPES = {'"': '"', "\\": "\\", "/": "/", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}


class Bad(Exception):
    pass


class Parser:
    def __init__(self, text):
        self.text, self.at = text, 0
        self.spans = {}  # of the outermost object's members

    def skip(self):
        while self.at < len(self.text) and self.text[self.at] in SPACE:
            self.at += 1

    def take(self, wanted):
        self.skip()
        if not self.text.startswith(wanted, self.at):
            raise Bad(f"{wanted!r} wanted at {self.at}")
        self.at += len(wanted)

    def next_is(self, wanted):
        self.skip()
        return self.text.startswith(wanted, self.at)

    def value(self, depth=0):
        if depth > 64:
            raise Bad("too deep")
        self.skip()
        head = self.text[self.at:self.at + 1]
        if head == "{":
            return self.object(depth)
        if head == "[":
            return self.array(depth)
        if head == '"':
            return self.string()
        for word, value in (("true", True), ("false", False), ("null", None)):
            if self.text.startswith(word, self.at):
                self.at += len(word)
                return value
        match = NUMBER.match(self.text, self.at)
        if not match:
            raise Bad(f"no value at {self.at}")
        self.at = match.end()
        return float(match[0]) if match[2] or match[3] else int(match[0])

    def object(self, depth):
        self.take("{")
        found = {}
        while not self.next_is("}"):
            if found:
                self.take(",")
            self.skip()
            key = self.string()
            self.take(":")
            self.skip()
            start = self.at
            if key in found:
                raise Bad(f"key {key!r} twice")
            found[key] = self.value(depth + 1)
            if depth == 0:
                self.spans[key] = (start, self.at)
        self.take("}")
        return found

    def array(self, depth):
        self.take("[")
        found = []
        while not self.next_is("]"):
            if found:
                self.take(",")
            found.append(self.value(depth + 1))
        self.take("]")
        return found

    def string(self):
        if self.text[self.at:self.at + 1] != '"':
            raise Bad("no string")
        self.at += 1
        out = []
        while True:
            char = self.text[self.at:self.at + 1]
            if char == "" or ord(char) < 0x20:
                raise Bad("string")
            self.at += 1
            if char == '"':
                return "".join(out)
            if char != "\\":
                out.append(char)
                continue
            escape = self.text[self.at:self.at + 1]
            self.at += 1
            if escape == "u":
                digits = self.text[self.at:self.at + 4]
                if not re.fullmatch("[0-9a-fA-F]{4}", digits):
                    raise Bad("escape")
                out.append(chr(int(digits, 16)))
                self.at += 4
            elif escape in ESCAPES:
                out.append(ESCAPES[escape])
            else:
                raise Bad("escape")


def parse(data):
    """(value, exact bytes of each member of the outermost object)."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Bad("not UTF-8") from error
    parser = Parser(text)
    value = parser.value()
    parser.skip()
    if parser.at != len(text):
        raise Bad("text behind the end")
    return value, {key: text[a:b].encode() for key, (a, b) in parser.spans.items()}
