"""The memory of what the hub has: never ahead of Kafka, never behind it without knowing."""

import resource
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from connectors.sql.known import FILE, Change, Known, counted
from connectors.sql.reader import Seen
from hub.wire.errors import RefuseToStart, TryAgain

A, B, C = (bytes([0]) + bytes([n]) * 16 for n in (1, 2, 3))


@pytest.fixture
def known(tmp_path: Path) -> Iterator[Known]:
    made = begun(tmp_path)
    yield made
    made.close()


def begun(folder: Path) -> Known:
    made = Known(folder)
    made.open()
    made.begin("t1")
    return made


def again(known: Known, folder: Path, *, killed: bool = False) -> Known:
    """Return the memory as the next process finds it."""
    if killed:
        known._pending.clear()  # nothing of what only this process knew is written
    known.close()
    other = Known(folder)
    other.open()
    return other


def digests(known: Known, *marks: bytes) -> list[int | str | None]:
    return ["unknown" if entry is None else entry.digest for entry in known.find(marks)]


def test_what_was_noted_is_known_at_once_to_the_process_that_sent_it(known: Known) -> None:
    known.note(2, [Change(A, 11), Change(B, 22)])
    assert digests(known, A, B, C) == [11, 22, "unknown"]
    assert known.waiting
    known.settle(2)
    assert not known.waiting


def test_after_a_kill_what_was_sent_and_not_confirmed_is_in_doubt(known: Known, tmp_path: Path) -> None:
    known.note(1, [Change(A, 11)])
    known.settle(1)
    known.flush()
    known.note(3, [Change(A, 12), Change(B, 22)])
    other = again(known, tmp_path, killed=True)
    assert digests(other, A, B) == [None, None]
    assert other.doubtful(0)
    assert not other.doubtful(1)
    assert (other.noted, other.settled) == (3, 1)
    other.close()


def test_a_delete_that_was_not_confirmed_leaves_the_record_in_doubt_not_forgotten(known: Known, tmp_path: Path) -> None:
    known.note(1, [Change(A, 11)])
    known.settle(1)
    known.flush()
    known.note(2, [Change(A, None)])
    assert digests(known, A) == ["unknown"]
    other = again(known, tmp_path, killed=True)
    assert digests(other, A) == [None]
    other.close()


def test_a_clean_end_leaves_no_doubt_about_what_is_settled(known: Known, tmp_path: Path) -> None:
    known.note(2, [Change(A, 11), Change(B, 22)])
    known.settle(2)
    known.note(3, [Change(C, 33)])
    other = again(known, tmp_path)
    assert digests(other, A, B, C) == [11, 22, None]
    assert (other.token, other.noted, other.settled) == ("t1", 3, 2)
    other.close()


def test_a_newer_unconfirmed_change_keeps_its_record_in_doubt_though_an_older_one_settled(
    known: Known, tmp_path: Path
) -> None:
    known.note(1, [Change(A, 11)])
    known.note(2, [Change(A, 12)])
    known.settle(1)
    known.flush()
    assert digests(known, A) == [12]
    other = again(known, tmp_path)
    assert digests(other, A) == [None]
    other.close()


def test_slots_are_small_distinct_and_stay_with_their_record(known: Known, tmp_path: Path) -> None:
    first = known.note(2, [Change(A, 11), Change(B, 22)])
    assert first == [0, 1]
    assert known.note(3, [Change(A, 12)]) == [0]
    known.settle(3)
    other = again(known, tmp_path)
    assert [entry.slot for entry in other.find([A, B]) if entry is not None] == first
    assert other.note(4, [Change(C, 33)]) == [2]
    other.close()


def test_a_record_that_came_in_doubt_gets_a_slot_that_nobody_has(known: Known, tmp_path: Path) -> None:
    known.note(1, [Change(A, 11)])
    known.settle(1)
    known.flush()
    known.note(2, [Change(B, 22)])
    other = again(known, tmp_path, killed=True)
    slots = [entry.slot for entry in other.find([A, B]) if entry is not None]
    assert len(set(slots)) == 2
    other.close()


def test_a_table_s_size_counts_what_is_known_wherever_it_stands(known: Known, tmp_path: Path) -> None:
    known.note(2, [Change(A, 11), Change(B, 22)])
    known.settle(2)
    known.flush()
    known.note(4, [Change(B, None), Change(C, 33)])
    known.note(5, [Change(C, 34), Change(bytes([1]) * 17, 1)])
    known.note(6, [Change(B, None)])
    assert (known.size(0), known.size(1)) == (2, 1)
    known.settle(6)
    other = again(known, tmp_path)
    assert (other.size(0), other.size(1)) == (2, 1)
    other.close()


def test_every_record_of_a_table_is_gone_through_even_while_changes_are_noted(known: Known) -> None:
    marks = [bytes([0]) + n.to_bytes(16, "big") for n in range(12_000)]
    known.note(12_000, [Change(k, 1) for k in marks])
    known.note(12_001, [Change(bytes([1]) * 17, 1)])
    known.settle(12_001)
    known.flush()
    met = []
    for page in known.pages(0):
        met += [k for k, _ in page]
        known.note(known.noted + 1, [Change(met[0], None)])
    assert met == marks
    assert not known.still(marks[0])
    assert known.still(marks[1])


def test_a_snapshot_goes_on_seeing_what_was_known_when_it_was_taken(known: Known) -> None:
    known.note(2, [Change(A, 11), Change(B, 22, deleted=True)])
    known.settle(2)
    reader = known.snapshot()
    known.note(3, [Change(A, 99), Change(C, 33)])
    known.settle(3)
    known.flush()
    assert list(counted(reader, 0)) == [(A[1:], 11)]
    reader.close()


@pytest.mark.parametrize("spoil", ["garbage", "layout", "gone"])
def test_a_file_that_cannot_be_used_counts_as_lost(known: Known, tmp_path: Path, spoil: str) -> None:
    known.note(1, [Change(A, 11)])
    known.close()
    path = tmp_path / FILE
    if spoil == "garbage":
        path.write_bytes(b"not a database, but long enough to look like one" * 100)
    elif spoil == "gone":
        path.unlink()
    else:
        with sqlite3.connect(path) as db:
            db.execute("UPDATE meta SET value = 99 WHERE name = 'layout'")
        db.close()
    other = Known(tmp_path)
    other.open()
    assert other.token == ""
    other.begin("t2")
    assert digests(other, A) == ["unknown"]
    other.close()


def test_one_process_at_a_time(known: Known, tmp_path: Path) -> None:
    with pytest.raises(TryAgain, match="another process"):
        Known(tmp_path).open()


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "berkas").write_text("")
    with pytest.raises(RefuseToStart, match=r"options\.state"):
        Known(tmp_path / "berkas").open()


def test_the_file_is_its_owner_s_alone(known: Known, tmp_path: Path) -> None:
    assert (tmp_path / FILE).stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("slots", [[], [0], [7, 8, 7], [100_000, 3]])
def test_a_set_of_slots_counts_each_once(slots: list[int]) -> None:
    seen = Seen()
    for slot in slots:
        seen.add(slot)
    assert len(seen) == len(set(slots))
    assert all(slot in seen for slot in slots)
    assert 5 not in seen
    assert 10**9 not in seen


class Memory(RuleBasedStateMachine):
    """Whatever happens, a record that Kafka may have in another state than the memory says is in doubt."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.known = begun(self.folder)
        self.n = 0
        self.sent: dict[bytes, list[tuple[int, int | None]]] = {}
        """Every message of a record that Kafka may have, oldest first."""

    @rule(record=st.sampled_from([A, B, C]), digest=st.one_of(st.none(), st.integers(1, 3)))
    def change(self, record: bytes, digest: int | None) -> None:
        self.n += 1
        self.known.note(self.n, [Change(record, digest)])
        self.sent.setdefault(record, []).append((self.n, digest))

    @rule(back=st.integers(0, 3))
    def settle(self, back: int) -> None:
        self.known.settle(max(self.n - back, 0))

    @rule()
    def flush(self) -> None:
        self.known.flush()

    @rule(killed=st.booleans())
    def restart(self, killed: bool) -> None:
        self.known = again(self.known, self.folder, killed=killed)

    @invariant()
    def what_is_believed_is_true(self) -> None:
        for record in (A, B, C):
            (entry,) = self.known.find([record])
            last = self.sent.get(record, [(0, None)])[-1][1]
            if entry is None:
                assert last is None
            elif entry.digest is not None:
                assert entry.digest == last

    def teardown(self) -> None:
        self.known.close()
        shutil.rmtree(self.folder)


TestMemory = Memory.TestCase
TestMemory.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)


def test_a_full_disk_is_waited_for_and_nothing_is_lost(known: Known, tmp_path: Path) -> None:
    known.note(1, [Change(A, 11)])
    known.settle(1)
    known.flush()
    pages = known._open().execute("PRAGMA page_count").fetchone()[0]
    known._open().execute(f"PRAGMA max_page_count = {pages}")
    many = [Change(bytes([0]) + n.to_bytes(16, "big"), 1) for n in range(5000)]
    with pytest.raises(TryAgain, match="make room"):
        known.note(5001, many)
    other = again(known, tmp_path)
    assert digests(other, A, many[0].k) == [11, "unknown"]
    assert other.note(5002, many)
    other.close()


@contextmanager
def no_room() -> Iterator[None]:
    """Let no file of this process grow."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("killed", [True, False])
def test_a_memory_that_cannot_be_opened_for_want_of_room_is_not_lost(
    known: Known, tmp_path: Path, killed: bool
) -> None:
    known.note(1, [Change(A, 11)])
    known.settle(1)
    if killed:
        known._pending.clear()
    other = Known(tmp_path)
    with no_room():
        known.close()
        for _ in range(2):
            with pytest.raises(TryAgain, match="make room"):
                other.open()
    other.open()
    assert (other.token, digests(other, A)) == ("t1", [None])
    other.close()


def test_a_memory_that_cannot_be_begun_for_want_of_room_is_waited_for(tmp_path: Path) -> None:
    fresh = Known(tmp_path)
    fresh.open()
    with no_room(), pytest.raises(TryAgain, match="make room"):
        fresh.begin("t1")
    other = again(fresh, tmp_path)
    assert other.token == ""
    other.begin("t2")
    assert again(other, tmp_path).token == "t2"
