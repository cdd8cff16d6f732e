"""Frames of HTTP/2, good ones and bad ones, over a socket: as much of gRPC as ten thousand idle connections and abuse need."""

import socket
import struct
import typing

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY, CONTINUATION = 0, 1, 3, 4, 6, 7, 9
END_STREAM, ACK, END_HEADERS = 1, 1, 4
SERVICE = "/inference.GRPCInferenceService/"
HEAD = 9


def frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


def block(headers: typing.Iterable[tuple[str, str]]) -> bytes:
    """HPACK literals without an index, each of less than 127 bytes."""
    return b"".join(b"\x00" + bytes([len(name)]) + name.encode() + bytes([len(value)]) + value.encode() for name, value in headers)


def call_headers(method: str) -> list[tuple[str, str]]:
    return [(":method", "POST"), (":scheme", "http"), (":path", SERVICE + method), (":authority", "soak"), ("te", "trailers"), ("content-type", "application/grpc")]


def message(body: bytes) -> bytes:
    return b"\x00" + struct.pack(">I", len(body)) + body


class Connection:
    """Blocking. The server is told to use no table of headers, so that trailers can be read without one."""

    def __init__(self, port: int, timeout_s: float = 30):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=timeout_s)
        self.socket.sendall(PREFACE + frame(SETTINGS, 0, 0, struct.pack(">HI", 1, 0)))
        self.next_stream = 1
        self.received = b""

    def _take(self, count: int) -> bytes:
        while len(self.received) < count:
            more = self.socket.recv(65536)
            if not more:
                raise ConnectionError("closed by the server")
            self.received += more
        taken, self.received = self.received[:count], self.received[count:]
        return taken

    def read_frame(self) -> tuple[int, int, int, bytes]:
        head = self._take(HEAD)
        size, (kind, flags, stream) = int.from_bytes(head[:3], "big"), struct.unpack(">BBI", head[3:])
        payload = self._take(size)
        if kind in (SETTINGS, PING) and not flags & ACK:
            self.socket.sendall(frame(kind, ACK, 0, payload if kind == PING else b""))
        return kind, flags, stream, payload

    def begin(self, method: str) -> int:
        stream = self.next_stream
        self.next_stream += 2
        self.socket.sendall(frame(HEADERS, END_HEADERS, stream, block(call_headers(method))))
        return stream

    def call(self, method: str, body: bytes = b"") -> tuple[int, bytes]:
        """The status, and the answer's message."""
        stream = self.begin(method)
        self.socket.sendall(frame(DATA, END_STREAM, stream, message(body)))
        return self.finish(stream)

    def finish(self, stream: int) -> tuple[int, bytes]:
        told = b""
        while True:
            kind, flags, of, payload = self.read_frame()
            if kind == GOAWAY:
                raise ConnectionError(f"told to go away: {payload[8:].decode(errors='replace')}")
            if of != stream:
                continue
            if kind == RST_STREAM:
                raise ConnectionError(f"the stream was reset with {int.from_bytes(payload, 'big')}")
            if kind == DATA:
                told += payload
            if flags & END_STREAM:
                at = payload.index(b"grpc-status") + len(b"grpc-status")
                return int(payload[at + 1 : at + 1 + payload[at]]), told[5:]

    def close(self) -> None:
        self.socket.close()
