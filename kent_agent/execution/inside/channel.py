"""JSON objects over pipes, one a line, under a deadline."""

import json
import os
import select
import time
from typing import Any

CHUNK = 4096  # PIPE_BUF: a pipe that select calls writable takes as much without blocking


class Closed(Exception):
    """The other end is gone."""


class Late(Exception):
    """The deadline has passed."""


class Channel:
    """Two file descriptors; a line that is no JSON object is passed over, whoever wrote it."""

    def __init__(self, source: int, sink: int) -> None:
        self.source = source
        self.sink = sink
        self._lines = []  # type: list[bytes]
        self._rest = []  # type: list[bytes]

    def send(self, message: "dict[str, Any]", deadline: "float | None" = None) -> None:
        """Write one object.

        Args:
            deadline: on the monotonic clock, in seconds; none waits for as long as it takes.

        Raises:
            Closed: the other end is gone.
            Late: the other end does not read.
        """
        data = (json.dumps(message) + "\n").encode()
        for start in range(0, len(data), CHUNK):
            if not select.select([], [self.sink], [], _left(deadline))[1]:
                raise Late()
            try:
                os.write(self.sink, data[start : start + CHUNK])
            except OSError:
                raise Closed()

    def receive(self, deadline: "float | None" = None) -> "dict[str, Any]":
        """The next object.

        Raises:
            Closed: the other end is gone.
            Late: none came in time.
        """
        while True:
            while self._lines:
                message = _parse(self._lines.pop(0))
                if message is not None:
                    return message
            if not select.select([self.source], [], [], _left(deadline))[0]:
                raise Late()
            self.read()

    def read(self) -> None:
        """Take in what is there; blocks where nothing is.

        Raises:
            Closed: the other end is gone.
        """
        try:
            data = os.read(self.source, 1 << 16)
        except OSError:
            data = b""
        if not data:
            raise Closed()
        first, *others = data.split(b"\n")
        self._rest.append(first)
        if others:
            self._lines += [b"".join(self._rest)] + others[:-1]
            self._rest = [others[-1]]


def _left(deadline: "float | None") -> "float | None":
    return None if deadline is None else max(0.0, deadline - time.monotonic())


def _parse(line: bytes) -> "dict[str, Any] | None":
    try:
        message = json.loads(line.decode("utf-8", "replace"))
    except ValueError:
        return None
    return message if isinstance(message, dict) else None
