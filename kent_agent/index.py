"""What has been made once and is kept: one SQLite file of values by key, shared by processes, bounded in size.

The file is a cache: losing it costs time and nothing else. Whatever is wrong with it is therefore mended by making it
anew, and where it cannot be kept at all, work goes on without it.
"""

import fcntl
import sqlite3
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import TypeVar
from zlib import crc32

from kent_agent.workspace import cache_dir

APPLICATION = 0x4B454E54  # "KENT", in the header of the file; another layout of the tables needs another number
PATIENCE = 5.0  # seconds to wait for a lock
_HURRY = 0.1  # the same, once a wait was in vain
_KEYS = 500  # of one statement
_LARGEST = 1 << 28  # bytes of a value; SQLite takes less than 1e9
_PAGE = 16384  # bytes; a value of a few kilobytes lies in one page
_SCHEMA = f"""
PRAGMA page_size = {_PAGE};
PRAGMA journal_mode = WAL;
BEGIN IMMEDIATE;
CREATE TABLE records (id INTEGER PRIMARY KEY, key BLOB UNIQUE, used INTEGER, size INTEGER, crc INTEGER, value BLOB);
CREATE INDEX by_use ON records (used, size);
CREATE TABLE state (held INTEGER, written INTEGER);
INSERT INTO state VALUES (0, 0);
CREATE TRIGGER added AFTER INSERT ON records BEGIN
    UPDATE state SET held = held + new.size, written = written + new.size;
END;
CREATE TRIGGER removed AFTER DELETE ON records BEGIN UPDATE state SET held = held - old.size; END;
PRAGMA application_id = {APPLICATION};
PRAGMA user_version = %d;
COMMIT;
"""
# What a machine does to a sound file. Any other error means that the file is not what was written.
_CIRCUMSTANCES = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_PROTOCOL,
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_INTERRUPT,
    }
)
_FAILURES = (sqlite3.Error, UnicodeDecodeError)  # the latter of a message that quotes a damaged schema

T = TypeVar("T")


class IndexStore:
    """Values by key in one file. No failure of the file reaches the caller: a value is whole, or it is not there.

    Any number of processes and threads may use the file at once, and any may be killed. Each call opens a connection
    of its own and closes it, since a connection must not cross a fork; a store can be pickled.

    Time is measured in bytes written, not by a clock: a read is noted where it could matter to what is dropped next,
    so that reading an index that does not grow never writes.

    Args:
        path: the file; its folder is made on the first write. A file that is not an index is replaced.
        version: of what the values mean; an index of another version is emptied.
        max_bytes: of the values together. Beyond it, those used least recently are dropped, to 10 % below it.
    """

    def __init__(self, path: Path, version: int, max_bytes: int = 2 << 30) -> None:
        self.path = path
        self.version = version
        self.max_bytes = max_bytes
        self._warned = False

    def get_many(self, keys: Sequence[str]) -> dict[str, bytes]:
        """The values of those keys that have one; one that is damaged counts as absent."""
        return self._attempt(lambda: self._get(keys) if self.path.exists() else {}, {})

    def put_many(self, records: Mapping[str, bytes]) -> None:
        """Keeps the values, all or none of them, in place of what their keys had."""
        self._attempt(lambda: self._put(records) if records else None, None)

    @property
    def size(self) -> int:
        """Bytes on the disk, of the database and its log; 0 where there is none."""
        total = 0
        for path in self._files()[:2]:
            with suppress(OSError):
                total += path.stat().st_size
        return total

    def close(self) -> None:
        """Nothing is held between calls; for `contextlib.closing` and the like."""

    def _get(self, keys: Sequence[str]) -> dict[str, bytes]:
        found: dict[str, bytes] = {}
        stale: list[bytes] = []
        with self._connection() as connection:
            (now,) = connection.execute("SELECT written FROM state").fetchone()
            for start in range(0, len(keys), _KEYS):
                asked = {key.encode(): key for key in keys[start : start + _KEYS]}
                query = f"SELECT key, crc, value, used < ? FROM records WHERE key IN ({','.join('?' * len(asked))})"
                for key, crc, value, old in connection.execute(query, (now - self.max_bytes // 16, *asked)):
                    if key in asked and isinstance(value, bytes) and crc == _checksum(key, value):
                        found[asked[key]] = value
                        if old:
                            stale.append(key)
            if stale:
                _touch(connection, now, stale)
        return found

    def _put(self, records: Mapping[str, bytes]) -> None:
        target = self.max_bytes * 9 // 10
        kept = {key.encode(): value for key, value in records.items() if len(value) <= min(target, _LARGEST)}
        rows = ((key, len(value), _checksum(key, value), value) for key, value in kept.items())
        with self._connection() as connection, connection:
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany("DELETE FROM records WHERE key = ?", ((key,) for key in kept))
            connection.executemany(
                "INSERT INTO records (key, used, size, crc, value) SELECT ?1, written + ?2, ?2, ?3, ?4 FROM state", rows
            )
            (held,) = connection.execute("SELECT held FROM state").fetchone()
            if held > self.max_bytes:
                _evict(connection, target)

    def _attempt(self, action: Callable[[], T], otherwise: T) -> T:
        """What `action` returns, tried again once a damaged file was removed; else `otherwise`, and a warning."""
        try:
            try:
                return action()
            except _FAILURES as error:
                if not _is_damage(error):
                    raise
                return action()
        except (*_FAILURES, OSError) as error:
            if not self._warned:
                self._warned = True
                warnings.warn(
                    f"{self.path}: the index cannot be kept ({error}), so that work is done again; free its disk, make "
                    "its folder writable or end what locks it, or let KENT_CACHE_DIR name another folder.",
                    RuntimeWarning,
                    stacklevel=3,
                )
            return otherwise

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        """A connection to a sound file; where that turns out to be damaged, it is removed."""
        with self._locked():
            connection = self._open()
            opened = self.path.stat().st_ino
        with closing(connection):
            try:
                yield connection
            except _FAILURES as error:
                if _is_damage(error):
                    with self._locked(), suppress(FileNotFoundError):
                        if self.path.stat().st_ino == opened:  # else another process has replaced it
                            self._remove()
                raise

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Excludes who opens or removes the file, not who uses it."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        deadline = time.monotonic() + self._patience
        with self._files()[-1].open("w") as handle:
            while True:
                try:
                    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if time.monotonic() > deadline:
                        raise TimeoutError(f"{handle.name} is locked") from None
                    time.sleep(0.005)
            try:
                yield
            finally:
                fcntl.flock(handle, fcntl.LOCK_UN)  # closing leaves it to a process that was forked meanwhile

    @property
    def _patience(self) -> float:
        return _HURRY if self._warned else PATIENCE

    def _files(self) -> list[Path]:
        """The database, its log, what its users share, and the lock."""
        return [self.path.with_name(self.path.name + suffix) for suffix in ("", "-wal", "-shm", ".lock")]

    def _open(self) -> sqlite3.Connection:
        """A connection to the index, made where there is none of this version. The caller has locked it."""
        connection = self._connect()
        try:
            if not self._is_ours(connection):
                # Removed before it is closed: as long as this connection reads the file, no other is the last one,
                # which on closing would remove the log by its name, by then the name of the new file's log.
                self._remove()
                connection.close()
                connection = self._connect()
                connection.executescript(_SCHEMA % self.version)
            connection.execute("PRAGMA synchronous = NORMAL")
        except BaseException:
            connection.close()
            raise
        return connection

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, timeout=self._patience, isolation_level=None)
        connection.text_factory = bytes  # a damaged text need not be UTF-8
        return connection

    def _is_ours(self, connection: sqlite3.Connection) -> bool:
        """Whether the file is an index of this version whose header, schema and state can be read."""
        try:
            (application,) = connection.execute("PRAGMA application_id").fetchone()
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            if (application, version) != (APPLICATION, self.version):
                return False
            state = connection.execute("SELECT held, written FROM state").fetchone()
        except _FAILURES as error:
            if _is_damage(error):
                return False
            raise
        return state is not None and all(isinstance(count, int) and count >= 0 for count in state)

    def _remove(self) -> None:
        """Removes the file and its log. Who has them open goes on with what has no name any more."""
        for path in self._files()[:3]:
            path.unlink(missing_ok=True)


def default_index_path() -> Path:
    """The index of this user: `index.sqlite` in the folder of caches, see `workspace.cache_dir`."""
    return cache_dir() / "index.sqlite"


def _checksum(key: bytes, value: bytes) -> int:
    """Of both, since a damaged file may give a key the value of another one."""
    return crc32(value, crc32(key))


def _is_damage(error: Exception) -> bool:
    return getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) & 0xFF not in _CIRCUMSTANCES


def _touch(connection: sqlite3.Connection, now: int, keys: Sequence[bytes]) -> None:
    """Notes that the keys were used, unless somebody is writing: a read does not wait for that."""
    try:
        connection.execute("PRAGMA busy_timeout = 0")
        with connection:
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany("UPDATE records SET used = ? WHERE key = ?", ((now, key) for key in keys))
    except _FAILURES as error:
        if _is_damage(error):
            raise


def _evict(connection: sqlite3.Connection, target: int) -> None:
    """Drops the least recently used values until no more than `target` bytes are left."""
    connection.execute("UPDATE state SET held = (SELECT SUM(size) FROM records)")  # should damage have changed it
    connection.execute(
        """DELETE FROM records WHERE id IN (
            SELECT id FROM (SELECT id, SUM(size) OVER (ORDER BY used DESC, id DESC) AS newer FROM records)
            WHERE newer > ?
        )""",
        (target,),
    )
