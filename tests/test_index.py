"""The index on disk, against what processes, disks and kill do to real files."""

import fcntl
import multiprocessing
import pickle
import random
import resource
import signal
import sqlite3
import subprocess
import sys
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kent_agent import index
from kent_agent.index import IndexStore, default_index_path

WRITER = """
import sys
from pathlib import Path
from kent_agent.index import IndexStore

store = IndexStore(Path(sys.argv[1]), 1)
for number in range(int(sys.argv[3])):
    store.put_many({f"{sys.argv[2]}:{number}:{i}": f"{number}:{i};".encode() * 2000 for i in range(20)})
    print(number, flush=True)
"""


@pytest.fixture(autouse=True)
def no_warning() -> Iterator[None]:
    """A store that gives up has warned; only the tests that expect it may."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "index.sqlite"


@pytest.fixture
def store(path: Path) -> IndexStore:
    return IndexStore(path, version=1)


def values(name: str, count: int, size: int = 1000) -> dict[str, bytes]:
    return {f"{name}:{i}": random.Random(f"{name}:{i}").randbytes(size) for i in range(count)}


def writer(path: Path, name: str, rounds: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", WRITER, str(path), name, str(rounds)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def written(name: str, number: int) -> dict[str, bytes]:
    """What a writer puts in one round."""
    return {f"{name}:{number}:{i}": f"{number}:{i};".encode() * 2000 for i in range(20)}


def test_what_is_put_is_got_by_any_store_of_the_file(store: IndexStore, path: Path) -> None:
    records = values("file", 1203) | {"": b"no key", "none": b"", "größe": b"\0\xff", "'); DROP": b"quoted"}
    store.put_many(records)
    assert store.get_many([*records, "absent", "file:0"]) == records
    assert IndexStore(path, version=1).get_many(list(records)) == records
    store.put_many(records)
    store.put_many({"none": b"some"})
    assert store.get_many(list(records)) == records | {"none": b"some"}


def test_nothing_is_made_before_the_first_write(store: IndexStore, path: Path) -> None:
    assert store.get_many(["a"]) == {}
    store.put_many({})
    assert store.size == 0
    assert not path.parent.exists()
    store.put_many({"a": bytes(5000)})
    assert store.size >= 5000


def test_size_counts_the_log_that_another_connection_keeps_open(store: IndexStore, path: Path) -> None:
    store.put_many({"a": b"1"})
    before = store.size
    other = sqlite3.connect(path)
    other.execute("SELECT * FROM records").fetchone()
    store.put_many({"b": bytes(100_000)})
    log = path.with_name("index.sqlite-wal").stat().st_size
    assert log > 100_000
    assert store.size == path.stat().st_size + log > before
    other.close()


@pytest.mark.parametrize("rounds", [1, 4, 9])
def test_a_killed_writer_leaves_whole_rounds_and_an_index_that_can_be_written(
    store: IndexStore, path: Path, rounds: int
) -> None:
    with writer(path, "w", 10_000) as process:
        assert process.stdout is not None
        for _ in range(rounds):
            process.stdout.readline()
        process.kill()
        assert process.wait() == -signal.SIGKILL
        reported = rounds + len(process.stdout.readlines())
    for number in range(reported):
        assert store.get_many(list(written("w", number))) == written("w", number)
    torn = written("w", reported)
    assert store.get_many(list(torn)) in ({}, torn)
    store.put_many(torn)
    assert store.get_many(list(torn)) == torn


def test_processes_that_write_at_once_lose_nothing(store: IndexStore, path: Path) -> None:
    processes = [writer(path, name, 15) for name in ("a", "b", "same", "same")]
    assert [len(process.communicate()[0].split()) for process in processes] == [15] * 4
    assert [process.returncode for process in processes] == [0] * 4
    for name in ("a", "b", "same"):
        for number in range(15):
            assert store.get_many(list(written(name, number))) == written(name, number)


def test_threads_share_a_store(store: IndexStore) -> None:
    def put_and_get(number: int) -> bool:
        store.put_many(written("t", number))
        return store.get_many(list(written("t", number))) == written("t", number)

    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(put_and_get, range(40)))


def test_processes_forked_from_a_user_of_the_store_share_it(store: IndexStore) -> None:
    store.put_many(written("parent", 0))
    context = multiprocessing.get_context("fork")
    children = [context.Process(target=store.put_many, args=(written("child", number),)) for number in range(4)]
    for child in children:
        child.start()
    store.put_many(written("parent", 1))
    for child in children:
        child.join()
    for name, numbers in (("parent", range(2)), ("child", range(4))):
        for number in numbers:
            assert store.get_many(list(written(name, number))) == written(name, number)


def test_no_connection_is_open_between_calls_so_that_none_crosses_a_fork(store: IndexStore, path: Path) -> None:
    store.put_many({"a": b"1"})
    store.get_many(["a"])
    assert sorted(file.name for file in path.parent.iterdir()) == ["index.sqlite", "index.sqlite.lock"]  # no log


def test_a_pickled_store_is_the_same_store(store: IndexStore, path: Path) -> None:
    store.put_many({"a": b"1"})
    again = pickle.loads(pickle.dumps(store))
    assert (again.path, again.version, again.max_bytes) == (path, 1, store.max_bytes)
    assert again.get_many(["a"]) == {"a": b"1"}
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.apply(store.get_many, (["a"],)) == {"a": b"1"}


def test_the_bound_holds_and_the_oldest_go_first(path: Path) -> None:
    store = IndexStore(path, 1, max_bytes=100_000)
    everything: list[str] = []
    for number in range(60):
        records = values(str(number), 7)
        store.put_many(records)
        assert store.get_many(list(records)) == records
        everything += records
        assert store.size < 3 * 100_000  # pages of what was dropped are used again
    kept = store.get_many(everything)
    assert 80 < len(kept) <= 100
    assert set(kept) == set(everything[-len(kept) :])


def test_dropping_goes_to_ten_percent_below_the_bound(path: Path) -> None:
    store = IndexStore(path, 1, max_bytes=100_000)
    full = values("full", 100)
    store.put_many(full)
    assert len(store.get_many(list(full))) == 100
    store.put_many({"one": b"more"})
    assert len(store.get_many(list(full))) == 89


def test_what_was_read_outlives_what_was_not(path: Path) -> None:
    store = IndexStore(path, 1, max_bytes=100_000)
    read, unread = values("read", 10), values("unread", 10)
    store.put_many(read | unread)
    for number in range(30):
        store.put_many(values(str(number), 10))
        assert store.get_many(list(read)) == read
    assert store.get_many(list(unread)) == {}


def test_reading_an_index_that_does_not_grow_never_writes(store: IndexStore, path: Path) -> None:
    store.put_many(values("file", 100))
    before = path.read_bytes()
    for _ in range(3):
        store.get_many(list(values("file", 100)))
    assert path.read_bytes() == before


def test_a_value_beyond_the_bound_does_not_drop_the_others(path: Path) -> None:
    store = IndexStore(path, 1, max_bytes=10_000)
    store.put_many({"small": b"1", "large": bytes(20_000)})
    assert store.get_many(["small", "large"]) == {"small": b"1"}


def test_replacing_a_value_does_not_count_it_twice(path: Path) -> None:
    store = IndexStore(path, 1, max_bytes=100_000)
    store.put_many(values("other", 50))
    for _ in range(20):
        store.put_many(values("same", 30))
    both = values("other", 50) | values("same", 30)
    assert store.get_many(list(both)) == both


def test_another_version_empties_the_index(store: IndexStore, path: Path) -> None:
    store.put_many(values("file", 300))
    newer = IndexStore(path, version=2)
    assert newer.get_many(list(values("file", 300))) == {}
    assert newer.size < 200_000
    newer.put_many({"a": b"2"})
    assert newer.get_many(["a"]) == {"a": b"2"}
    assert store.get_many(["a"]) == {}


def test_a_version_that_changes_under_a_reader_harms_neither(store: IndexStore, path: Path) -> None:
    store.put_many({"a": b"1"})
    reader = sqlite3.connect(path)
    assert reader.execute("SELECT value FROM records").fetchall() == [(b"1",)]
    newer = IndexStore(path, version=2)
    newer.put_many({"b": b"2"})
    holder = sqlite3.connect(path)  # keeps the log of the new file in use
    holder.execute("SELECT * FROM records").fetchall()
    newer.put_many({"c": b"3"})
    assert reader.execute("SELECT value FROM records").fetchall() == [(b"1",)]
    reader.close()
    assert newer.get_many(["a", "b", "c"]) == {"b": b"2", "c": b"3"}
    holder.close()
    assert newer.get_many(["a", "b", "c"]) == {"b": b"2", "c": b"3"}


@pytest.mark.parametrize("content", [b"", b"garbage" * 5000, b"SQLite format 3\0" + b"\xff" * 5000])
def test_a_file_that_is_no_index_is_replaced(store: IndexStore, path: Path, content: bytes) -> None:
    path.parent.mkdir()
    path.write_bytes(content)
    assert store.get_many(["a"]) == {}
    path.write_bytes(content)
    store.put_many({"a": b"1"})
    assert store.get_many(["a"]) == {"a": b"1"}


def test_a_database_of_something_else_is_replaced(store: IndexStore, path: Path) -> None:
    path.parent.mkdir()
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE records (key, value)")
        other.execute("PRAGMA user_version = 1")
    other.close()
    assert store.get_many(["a"]) == {}
    store.put_many({"a": b"1"})
    assert store.get_many(["a"]) == {"a": b"1"}


def test_a_flipped_bit_of_a_value_makes_it_absent_until_it_is_put_again(store: IndexStore, path: Path) -> None:
    records = values("file", 40, 4000)
    store.put_many(records)
    content = bytearray(path.read_bytes())
    content[content.index(records["file:7"]) + 2000] ^= 4
    path.write_bytes(content)
    found = store.get_many(list(records))
    assert found == {key: value for key, value in records.items() if key != "file:7"}
    store.put_many({"file:7": records["file:7"]})
    assert store.get_many(list(records)) == records


@settings(max_examples=30, deadline=None)
@given(st.randoms(use_true_random=False), st.integers(1, 20), st.booleans())
def test_whatever_happens_to_the_bytes_no_wrong_value_comes_back_and_the_index_heals(
    tmp_path_factory: pytest.TempPathFactory, generator: random.Random, flips: int, cut: bool
) -> None:
    path = tmp_path_factory.mktemp("damaged") / "index.sqlite"
    store, records = IndexStore(path, 1, max_bytes=120_000), values("file", 100)
    store.put_many(records)
    content = bytearray(path.read_bytes())
    for _ in range(flips):
        # Half of the flips in the header and the schema, where they do most.
        content[generator.randrange(generator.choice([100, 2000, len(content), len(content)]))] = generator.randrange(
            256
        )
    path.write_bytes(content[: generator.randrange(len(content))] if cut else content)
    for key, value in store.get_many(list(records)).items():
        assert value == records[key]
    for number in range(3):  # beyond the bound, hence also through dropping
        more = values(str(number), 50)
        store.put_many(more)
        assert store.get_many(list(more)) == more


def test_a_removed_folder_is_made_again(store: IndexStore, path: Path) -> None:
    store.put_many({"a": b"1"})
    for file in path.parent.iterdir():
        file.unlink()
    path.parent.rmdir()
    assert store.get_many(["a"]) == {}
    store.put_many({"a": b"2"})
    assert store.get_many(["a"]) == {"a": b"2"}


def test_a_folder_that_cannot_be_made_is_warned_of_once_and_nothing_is_kept(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    store = IndexStore(tmp_path / "file" / "cache" / "index.sqlite", 1)
    with pytest.warns(RuntimeWarning, match=r"index\.sqlite: the index cannot be kept .* KENT_CACHE_DIR") as caught:
        store.put_many({"a": b"1"})
    assert [warning.filename for warning in caught] == [__file__]
    store.put_many({"a": b"1"})
    assert store.get_many(["a"]) == {}
    assert store.size == 0


def test_a_folder_in_place_of_the_file_is_left_alone(store: IndexStore, path: Path) -> None:
    path.mkdir(parents=True)
    with pytest.warns(RuntimeWarning, match="cannot be kept"):
        assert store.get_many(["a"]) == {}
    store.put_many({"a": b"1"})
    assert path.is_dir()


def test_a_disk_that_is_full_keeps_what_was_there_and_is_used_again_once_it_is_not(store: IndexStore) -> None:
    store.put_many({"a": b"1"})
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, limits[1]))
    try:
        with pytest.warns(RuntimeWarning, match="cannot be kept"):
            store.put_many(values("large", 50, 10_000))
        assert store.get_many(["a", "large:0"]) == {"a": b"1"}
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    store.put_many(values("large", 50, 10_000))
    assert store.get_many(["a", *values("large", 50, 10_000)]) == {"a": b"1"} | values("large", 50, 10_000)


def test_a_lock_that_is_not_granted_is_not_waited_for_forever(
    store: IndexStore, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index, "PATIENCE", 0.05)
    store.put_many({"a": b"1"})
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    assert store.get_many(["a"]) == {"a": b"1"}  # who reads does not wait for who writes
    with pytest.warns(RuntimeWarning, match="locked"):
        store.put_many({"b": b"2"})
    other.execute("ROLLBACK")
    other.close()
    assert store.get_many(["a", "b"]) == {"a": b"1"}
    store.put_many({"b": b"2"})
    assert store.get_many(["a", "b"]) == {"a": b"1", "b": b"2"}


def test_a_process_that_stopped_while_it_opened_the_index_does_not_stop_the_others(
    store: IndexStore, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index, "PATIENCE", 0.05)
    store.put_many({"a": b"1"})
    with path.with_name("index.sqlite.lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        with pytest.warns(RuntimeWarning, match="locked"):
            assert store.get_many(["a"]) == {}
    assert store.get_many(["a"]) == {"a": b"1"}


def test_a_reader_does_not_wait_to_note_what_it_read(path: Path) -> None:
    store = IndexStore(path, 1, max_bytes=20_000)
    store.put_many({"old": b"1"})
    store.put_many(values("new", 5))
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    assert store.get_many(["old"]) == {"old": b"1"}
    other.execute("ROLLBACK")
    other.close()


def test_the_index_lies_in_the_folder_of_caches(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("KENT_CACHE_DIR", str(tmp_path))
    assert default_index_path() == tmp_path / "index.sqlite"
