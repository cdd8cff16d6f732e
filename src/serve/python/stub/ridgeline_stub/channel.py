"""Streams of messages between this process and the server (the C++ side: serve/process/frames.h)."""

import itertools
import os
import queue
import socket
import threading

from ridgeline_stub.errors import TritonModelException
from ridgeline_stub.packing import F64, HEAD, MOST_BYTES, U8, Unpacker


class Channel:
    def __init__(self, descriptor):
        os.set_inheritable(descriptor, False)
        self._socket = socket.socket(fileno=descriptor)
        self._buffer = memoryview(bytearray(64 << 10))
        self._count = 0
        self._lock = threading.RLock()  # a finalizer may send while its thread sends
        # Else a fork would keep the server from seeing that this process has ended.
        os.register_at_fork(after_in_child=self._socket.close)

    def send(self, kind, tag, body=b""):
        message = HEAD.pack(len(body), kind, tag) + body
        with self._lock:
            self._socket.sendall(message)

    def receive(self):
        """(kind, tag, body); EOFError when the server has gone."""
        while True:
            if self._count >= HEAD.size:
                size, kind, tag = HEAD.unpack_from(self._buffer)
                if size > MOST_BYTES:
                    raise EOFError(f"a message of {size} bytes")
                whole = HEAD.size + size
                if self._count >= whole:
                    body = bytes(self._buffer[HEAD.size : whole])
                    rest = bytes(self._buffer[whole : self._count])
                    self._buffer[: len(rest)] = rest
                    self._count = len(rest)
                    return kind, tag, body
                if len(self._buffer) < whole:
                    grown = memoryview(bytearray(whole))
                    grown[: self._count] = self._buffer[: self._count]
                    self._buffer = grown
            count = self._socket.recv_into(self._buffer[self._count :])
            if count == 0:
                raise EOFError("the server has gone")
            self._count += count


class Questions:
    """Asks the server, from any thread, over a channel of their own. The thread that reads answers starts with the first
    question."""

    def __init__(self, channel):
        self._channel = channel
        self._waiting = {}
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()
        self._reader = None

    def tell(self, kind, tag, body):
        self._channel.send(kind, tag, body)

    def ask(self, kind, body):
        """(number, queue of answers): as many as there are, until done(number)."""
        answers = queue.SimpleQueue()
        with self._lock:
            number = next(self._numbers)
            self._waiting[number] = answers
            if self._reader is None:
                self._reader = threading.Thread(target=self._read, name="ridgeline-answers", daemon=True)
                self._reader.start()
        self._channel.send(kind, number, body)
        return number, answers

    def ask_value(self, kind, body):
        """The number that the server tells; TritonModelException where it refuses."""
        number, answers = self.ask(kind, body)
        unpacker = Unpacker(answers.get())
        self.done(number)
        if unpacker.take(U8):
            return unpacker.take(F64)
        raise TritonModelException(unpacker.take_text())

    def done(self, number):
        self._waiting.pop(number, None)

    def _read(self):
        try:
            while True:
                _, number, body = self._channel.receive()
                answers = self._waiting.get(number)
                if answers is not None:
                    answers.put(body)
        except (EOFError, OSError):
            os._exit(1)  # nobody is left to answer, and the main thread may wait for one
