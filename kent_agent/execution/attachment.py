"""The line to process 1 of a container: JSON objects to its stdin and from its stdout."""

from __future__ import annotations

import json
import struct
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import docker

STDOUT = 1
LARGEST_LINE = 64 << 20  # bytes; no answer is as long
STDERR_KEPT = 2000  # bytes, the last


class AttachmentError(Exception):
    """The container does not answer; the message says why, as far as it can be known."""


class Attachment:
    """The daemon's attach stream of a container that is not started yet.

    When this end closes, for whatever reason, the daemon closes the container's stdin.
    """

    def __init__(self, client: docker.DockerClient, container: str) -> None:
        parameters = {"stdin": 1, "stdout": 1, "stderr": 1, "stream": 1}
        self._response = client.api.attach_socket(container, params=parameters)
        self._socket = getattr(self._response, "_sock", self._response)
        self._buffer = bytearray()
        self._errors = b""

    def send(self, message: Mapping[str, Any], timeout: float) -> None:
        """Write one object.

        Raises:
            AttachmentError: nobody reads.
        """
        try:
            self._socket.settimeout(timeout)
            self._socket.sendall(json.dumps(message).encode() + b"\n")
        except OSError as error:
            raise AttachmentError(self._reason(error)) from error

    def receive(self, timeout: float) -> dict[str, Any]:
        """The next object.

        Raises:
            AttachmentError: none came in time, or the container ended.
        """
        deadline = time.monotonic() + timeout
        while b"\n" not in self._buffer:
            if len(self._buffer) > LARGEST_LINE:
                raise AttachmentError("its answer does not end")
            stream, size = struct.unpack(">BxxxL", self._read(8, deadline))
            data = self._read(size, deadline)
            if stream == STDOUT:
                self._buffer += data
            else:
                self._errors = (self._errors + data)[-STDERR_KEPT:]
        line, _, self._buffer = self._buffer.partition(b"\n")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _read(self, size: int, deadline: float) -> bytes:
        data = b""
        while len(data) < size:
            try:
                self._socket.settimeout(max(0.001, deadline - time.monotonic()))
                part = self._socket.recv(size - len(data))
            except OSError as error:
                raise AttachmentError(self._reason(error)) from error
            if not part:
                raise AttachmentError(self._reason(None))
            data += part
        return data

    def _reason(self, error: OSError | None) -> str:
        if isinstance(error, TimeoutError):
            return "it did not answer in time"
        last = self._errors.decode(errors="replace").strip()
        return f"it ended: {last}" if last else "it ended"

    def close(self) -> None:
        """Hang up."""
        self._response.close()
        self._socket.close()
