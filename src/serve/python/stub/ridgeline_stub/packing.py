"""The fields of messages, as serve/process/pack.h writes and reads them."""

import struct

U8 = struct.Struct("<B")
U32 = struct.Struct("<I")
U64 = struct.Struct("<Q")
I64 = struct.Struct("<q")
F64 = struct.Struct("<d")
HEAD = struct.Struct("<IIQ")
MOST_BYTES = 64 << 20


class Kind:
    """What a message is about: serve/process/protocol.h has the same numbers."""

    START, EXECUTE, FINALIZE, CANCELLED, CALL_ANSWER, TOLD = 1, 2, 3, 4, 5, 6
    HELLO, STARTED, FAILED, EXECUTED, FINALIZED = 101, 102, 103, 104, 105
    ASK_CANCELLED, RESPONSE, CALL, LOG, METRIC, LOAD, UNLOAD, ASK_READY = 106, 107, 108, 109, 110, 111, 112, 113


class Answer:
    """What stands for one request among answers."""

    NONE, TENSORS, ERROR = 0, 1, 2


def text(value):
    encoded = value.encode("utf-8", "surrogateescape")
    return U32.pack(len(encoded)) + encoded


class Unpacker:
    """Takes fields off a body; a body that is too short raises struct.error."""

    __slots__ = ("body", "at")

    def __init__(self, body):
        self.body = body
        self.at = 0

    def take(self, field):
        value = field.unpack_from(self.body, self.at)[0]
        self.at += field.size
        return value

    def take_text(self):
        begin = self.at + 4
        self.at = begin + U32.unpack_from(self.body, self.at)[0]
        return str(self.body[begin : self.at], "utf-8", "surrogateescape")

    def take_all(self, layout):
        values = layout.unpack_from(self.body, self.at)
        self.at += layout.size
        return values
