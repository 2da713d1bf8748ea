"""Files that survive whatever ends the process: a line, or a file, is written whole or not at all."""

import errno
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from kent_agent.errors import RunError


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turns an OSError into the sentence a user can act on."""
    try:
        yield
    except OSError as error:
        raise RunError(
            f"{path} cannot be written ({error.strerror or error}); every line written before is kept: "
            "mend that and run the same command again, or choose another file with -o."
        ) from error


def sync_folder(folder: Path) -> None:
    """Makes a rename or a new name in `folder` survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_atomically(path: Path, text: str) -> None:
    """Writes `text` beside `path` and renames it: a reader sees the old file or the new one, never a part.

    Raises:
        RunError: the file cannot be written; what was there before is untouched.
    """
    # One name is enough: whoever writes here holds the lock.
    temporary = path.with_name(path.name + ".tmp")
    with writing(path):
        try:
            with temporary.open("w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
            sync_folder(path.parent)
        except OSError:
            with suppress(OSError):
                temporary.unlink()
            raise


class JsonLines:
    """A JSON Lines file to append to, whose last line may have been torn by whatever ended the last writer.

    Args:
        path: the file, made when it is not there.
        columns: the columns that every line must hold as text.

    Raises:
        RunError: the file cannot be written, or a line before the last one is malformed.
    """

    def __init__(self, path: Path, columns: tuple[str, ...]) -> None:
        self.path = path
        self.columns = columns
        with writing(path):
            self._descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            self.records = self._recover()
        except BaseException:
            self.close()
            raise

    def _recover(self) -> list[dict[str, Any]]:
        """The whole records. Cuts a torn last line off, or gives it the newline if it lacks nothing else.

        A torn line has no newline, since a line is one write, or is the zeros that a power cut leaves behind.
        """
        content = self.path.read_bytes()
        lines = content.splitlines(keepends=True)
        records: list[dict[str, Any]] = []
        for number, line in enumerate(lines, start=1):
            try:
                record = json.loads(line)
            except ValueError:
                if number < len(lines) or (line.endswith(b"\n") and line.strip(b"\0\n")):
                    raise RunError(
                        f"{self.path}: line {number} is not JSON; remove it and run the same command again."
                    ) from None
                break
            if not isinstance(record, dict) or not all(isinstance(record.get(c), str) for c in self.columns):
                raise RunError(f"{self.path}: line {number} lacks one of {', '.join(self.columns)} as text; remove it.")
            records.append(record)
        whole = sum(map(len, lines[: len(records)]))
        with writing(self.path):
            if whole < len(content):
                os.ftruncate(self._descriptor, whole)
            if whole and not content[:whole].endswith(b"\n"):
                self._write(b"\n")
            os.fsync(self._descriptor)
            sync_folder(self.path.parent)
        return records

    def append(self, record: dict[str, Any]) -> None:
        """Writes one line and waits until the disk has it.

        Raises:
            RunError: it cannot be written (a full disk); the file then ends with its last whole line.
        """
        with writing(self.path):
            self._write((json.dumps(record) + "\n").encode())
        self.records.append(record)

    def _write(self, line: bytes) -> None:
        size = os.fstat(self._descriptor).st_size
        try:
            if os.write(self._descriptor, line) < len(line):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            os.fsync(self._descriptor)
        except OSError:
            # Should this fail as well, the next start cuts the torn line off.
            with suppress(OSError):
                os.ftruncate(self._descriptor, size)
            raise

    def close(self) -> None:
        os.close(self._descriptor)
