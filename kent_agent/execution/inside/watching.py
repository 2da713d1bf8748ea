"""Output and end of a process, under a deadline."""

import os
import select
import time
from collections.abc import Callable, Mapping

PAUSES = (0.001, 0.02)  # seconds between looks at a silent process: at first, at last


class Excerpt:
    """The first and the last bytes of a stream, `limit` in all."""

    def __init__(self, limit: int) -> None:
        self._half = max(1, limit // 2)
        self._head = b""
        self._tail = b""
        self._size = 0

    def add(self, data: bytes) -> None:
        self._size += len(data)
        room = self._half - len(self._head)
        self._head += data[:room]
        self._tail = (self._tail + data[room:])[-self._half :]

    def text(self) -> str:
        """Head and tail; between them, where bytes are missing, how many."""
        missing = self._size - len(self._head) - len(self._tail)
        gap = ("\n[... %d bytes left out ...]\n" % missing).encode() if missing else b""
        return (self._head + gap + self._tail).decode("utf-8", "replace")


def watch(readers: "Mapping[int, Callable[[bytes], None]]", ended: "Callable[[], bool]", deadline: float) -> bool:
    """Give what a process writes to the readers until it has ended.

    Args:
        readers: file descriptor -> what takes the bytes.
        ended: whether the process has.
        deadline: on the monotonic clock, in seconds.

    Returns:
        False when the deadline came first.
    """
    readers = dict(readers)
    pause = PAUSES[0]
    while True:
        heard = _read(readers, pause)
        if ended():
            _drain(readers)
            return True
        if time.monotonic() > deadline:
            return False
        pause = PAUSES[0] if heard else min(2 * pause, PAUSES[1])


def _read(readers: "dict[int, Callable[[bytes], None]]", pause: float) -> bool:
    ready = select.select(list(readers), [], [], pause)[0]
    for descriptor in ready:
        data = os.read(descriptor, 1 << 16)
        if data:
            readers[descriptor](data)
        else:
            del readers[descriptor]
    return bool(ready)


def _drain(readers: "dict[int, Callable[[bytes], None]]") -> None:
    """What the pipes still hold; bounded, for a process of the process may go on writing."""
    for _ in range(64):
        if not readers or not _read(readers, 0):
            return
