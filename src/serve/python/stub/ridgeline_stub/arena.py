"""The two arenas of memory that this process shares with the server (the C++ side: serve/process/arena.h).

Each has one owner, who alone places blocks. The first 32-bit word of a block says whether it is in use; the other side frees
the block by writing FREE there.
"""

import functools
import mmap
import os
import threading
import weakref

import numpy as np

HEAD = 64
FREE, IN_USE, SEEN = 0, 1, 2


def aligned(count):
    return (count + 63) & ~63


class ReceivedBlocks:
    """The arena that the server owns: requests' inputs."""

    def __init__(self, descriptor, size):
        self._map = mmap.mmap(descriptor, size)
        self._words = memoryview(self._map).cast("I")
        self._live = {}
        # A fork has copies of the arrays; what it drops is still in use here.
        os.register_at_fork(after_in_child=self._forget)

    def block(self, offset, size):
        """The bytes of a block. It is freed when the last array over them has gone."""
        self._words[offset >> 2] = SEEN
        block = np.ndarray((size,), np.uint8, self._map, offset + HEAD)
        self._live[offset] = weakref.ref(block, functools.partial(self._free, offset))
        return block

    def _free(self, offset, _):
        if self._live.pop(offset, None) is not None:
            self._words[offset >> 2] = FREE

    def _forget(self):
        self._live = {}


class OwnBlocks:
    """The arena that this process owns: answers' outputs."""

    def __init__(self, descriptor, size):
        self.map = mmap.mmap(descriptor, size)
        self._size = size
        self._words = memoryview(self.map).cast("I")
        self._blocks = []  # (begin, end) by place
        self._lock = threading.RLock()

    def allocate(self, size):
        """The place of a block for that many bytes behind its head: the lowest that is free."""
        need = HEAD + aligned(size)
        with self._lock:
            words = self._words
            blocks = [block for block in self._blocks if words[block[0] >> 2] != FREE]
            place, index = 0, 0
            for begin, end in blocks:
                if begin - place >= need:
                    break
                place = end
                index += 1
            if place + need > self._size:
                raise MemoryError(f"{size} bytes of outputs do not fit into the {self._size} bytes that are shared with the server")
            blocks.insert(index, (place, place + need))
            words[place >> 2] = IN_USE
            self._blocks = blocks
            return place

    def release(self, place):
        """Of a block that the server never heard of."""
        self._words[place >> 2] = FREE
