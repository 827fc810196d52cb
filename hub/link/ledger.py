"""Record states by version, with lineage: what is living, under which root, whatever the order of arrival."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from hub.link import features
from hub.link.journal import Journal
from hub.link.lineage import Lineage, same_commit_or_later
from hub.link.record import Record, Table
from hub.link.work import Work
from hub.wire.decisions import Cause, LineageRow, RecordRow
from hub.wire.records import CleanPerson, Held
from hub.wire.version import LOWEST


class Ledger:
    """The records; a state is taken when its version is higher than the known one and not below the table's floor."""

    def __init__(
        self, journal: Journal, anchor: tuple[str, ...], authorities: Mapping[str, str], attesting: frozenset[str]
    ) -> None:
        self._journal = journal
        self._ranks = {source: _rank(anchor, authority) for source, authority in authorities.items()}
        self._lowest_rank = len(anchor)
        self._attesting = attesting
        self.records: dict[bytes, Record] = {}
        self.lineage = Lineage(journal)
        self._tables: dict[tuple[str, str], Table] = {}
        self._moved: dict[bytes, tuple[Record, ...]] = {}
        """Living records whose root is not their own id, by root."""
        self._waiting: dict[bytes, tuple[Record, ...]] = {}
        """Records deleted by a key change whose successor was not seen yet, by successor."""

    # ------------------------------------------------------------------ reading

    def table(self, source: str, name: str) -> Table:
        """The table, made when it is new."""
        table = self._tables.get((source, name))
        if table is None:
            rank = self._ranks.get(source, self._lowest_rank)
            table = Table(source, name, rank, source in self._attesting)
            self._journal.put(self._tables, (source, name), table)
        return table

    def rooted(self, root: bytes) -> Iterator[Record]:
        """Living records of a root."""
        record = self.records.get(root)
        if record is not None and record.features is not None and record.root == root:
            yield record
        yield from self._moved.get(root, ())

    def root_of(self, record_id: bytes) -> bytes:
        """Root of a record id now, known or not."""
        record = self.records.get(record_id)
        if record is None or record.version == LOWEST:
            return self.lineage.root_unseen(record_id)
        if not self.lineage.knows(record_id):
            return record_id
        return self.lineage.root(record_id, record.version, living=record.features is not None)

    def row(self, record: Record, body: CleanPerson | None) -> RecordRow:
        """The stored form of a record."""
        living = record.features is not None
        return RecordRow(
            record.id,
            record.table.source,
            record.table.name,
            record.version,
            record.seen,
            record.root,
            not living,
            record.next,
            body if living else None,
        )

    # ------------------------------------------------------------------ events

    def take(self, work: Work, person: CleanPerson, floor: bytes) -> None:
        """Take a record's state; older than what is known, or below the floor, it counts as stale."""
        cause = Cause("record", person.id.hex())
        record = self.records.get(person.id)
        known = record.version if record is not None else LOWEST
        if person.version <= known or person.version < floor:
            work.delta.stale += 1
            self._lineage_of(work, person.id, person.version, person.previous, cause)
            return
        if record is None:
            record = self._new(person.id, person.source, person.table)
        work.delta.seen_ids.append((person.id, person.version))
        self._stamp(work, record, person.version)
        work.touch(record, cause)
        if person.deleted:
            self._delete(work, record, person.next)
        else:
            self._upsert(work, record, person)
        self._lineage_of(work, person.id, person.version, person.previous, cause)
        self._reroot(work, record)
        self._release(work, person.id, person.version, cause)

    def hold(self, work: Work, held: Held) -> None:
        """Count a record as seen although its values were refused."""
        if held.id is None:
            return
        record = self.records.get(held.id)
        if record is None:
            record = self._new(held.id, held.source, held.table)
        if held.version > record.seen:
            self._journal.assign(record, "seen", held.version)
            work.rows[record] = None
        else:
            work.delta.stale += 1
        cause = Cause("record", held.id.hex())
        self._lineage_of(work, held.id, held.version, held.previous, cause)
        self._release(work, held.id, held.version, cause)

    def kill(self, work: Work, record: Record, cause: Cause) -> None:
        """End a living record: its successor was seen, or a sweep took it."""
        work.touch(record, cause)
        work.rows[record] = None
        self._set_next(record, None)
        self._set_features(work, record, None)

    # ------------------------------------------------------------------ steps

    def _new(self, record_id: bytes, source: str, table_name: str) -> Record:
        table = self.table(source, table_name)
        record = Record(record_id, table, self.lineage.root_unseen(record_id))
        self._journal.put(self.records, record_id, record)
        self._journal.append(table.records, record)
        return record

    def _stamp(self, work: Work, record: Record, version: bytes) -> None:
        self._journal.assign(record, "version", version)
        if version > record.seen:
            self._journal.assign(record, "seen", version)
        work.rows[record] = None

    def _upsert(self, work: Work, record: Record, person: CleanPerson) -> None:
        self._set_next(record, None)
        if self.lineage.departed_after(record.id, person.version):
            self._set_features(work, record, None)
            return
        work.bodies[record] = person
        work.content.add(record)
        work.features[record] = fresh = features.read(person)
        self._set_features(work, record, features.pack(fresh))

    def _delete(self, work: Work, record: Record, successor: bytes | None) -> None:
        waits = successor is not None and record.features is not None and not self._seen(record, successor)
        self._set_next(record, successor if waits else None)
        if not waits:
            self._set_features(work, record, None)

    def _seen(self, record: Record, successor: bytes) -> bool:
        """Say whether the successor of a record deleted by key change was seen, as a record, held, or in lineage."""
        other = self.records.get(successor)
        if other is not None and same_commit_or_later(other.seen, record.version):
            return True
        return self.lineage.continues(successor, record.id, record.version)

    def _release(self, work: Work, successor: bytes, version: bytes, cause: Cause) -> None:
        for record in self._waiting.get(successor, ()):
            if same_commit_or_later(version, record.version):
                self.kill(work, record, cause)

    def _set_next(self, record: Record, successor: bytes | None) -> None:
        if record.next == successor:
            return
        if record.next is not None:
            left = tuple([each for each in self._waiting[record.next] if each is not record])
            self._put_or_drop(self._waiting, record.next, left)
        self._journal.assign(record, "next", successor)
        if successor is not None:
            self._journal.put(self._waiting, successor, (*self._waiting.get(successor, ()), record))

    def _set_features(self, work: Work, record: Record, packed: bytes | None) -> None:
        if record.features == packed:
            return
        work.features_before.setdefault(record, record.features)
        before = self._is_moved(record)
        self._journal.assign(record, "features", packed)
        self._index_root(record, record.root, before)

    def _set_root(self, work: Work, record: Record, root: bytes) -> None:
        if record.root == root:
            return
        work.roots_before.setdefault(record, record.root)
        work.rows[record] = None
        before, old = self._is_moved(record), record.root
        self._journal.assign(record, "root", root)
        self._index_root(record, old, before)

    @staticmethod
    def _is_moved(record: Record) -> bool:
        return record.features is not None and record.root != record.id

    def _index_root(self, record: Record, old_root: bytes, was_moved: bool) -> None:
        is_moved = self._is_moved(record)
        if was_moved == is_moved and (not is_moved or old_root == record.root):
            return
        if was_moved:
            left = tuple([each for each in self._moved[old_root] if each is not record])
            self._put_or_drop(self._moved, old_root, left)
        if is_moved:
            self._journal.put(self._moved, record.root, (*self._moved.get(record.root, ()), record))

    def _put_or_drop(self, mapping: dict[bytes, tuple[Record, ...]], key: bytes, left: tuple[Record, ...]) -> None:
        if left:
            self._journal.put(mapping, key, left)
        else:
            self._journal.drop(mapping, key)

    # ------------------------------------------------------------------ lineage

    def _lineage_of(self, work: Work, child: bytes, version: bytes, parent: bytes | None, cause: Cause) -> None:
        """Take a lineage fact: the parent's older state is superseded, descendants get their new roots."""
        if parent is None or parent == child:
            return
        ids = self.lineage.descendants(parent)
        before = {each: self.root_of(each) for each in (*ids, *self.lineage.descendants(child))}
        row = LineageRow(child, version, parent)
        if not self.lineage.add(row):
            return
        work.delta.lineage.append(row)
        old = self.records.get(parent)
        if old is not None and old.features is not None and self._superseded(old, child):
            self.kill(work, old, cause)
        for each, root in before.items():
            record = self.records.get(each)
            if record is not None and record.version != LOWEST and record.features is not None:
                work.touch(record, cause)
            if record is not None:
                self._reroot(work, record)
            work.reroots.append((root, self.root_of(each), cause))

    def _superseded(self, record: Record, child: bytes) -> bool:
        if record.next == child and self._seen(record, child):
            return True
        return self.lineage.departed_after(record.id, record.version)

    def _reroot(self, work: Work, record: Record) -> None:
        self._set_root(work, record, self.root_of(record.id))

    # ------------------------------------------------------------------ load

    def load(self, rows: Iterable[RecordRow]) -> None:
        """Take stored records; lineage must be loaded before."""
        for row in rows:
            record = self._new(row.id, row.source, row.table)
            record.version, record.seen, record.root = row.version, row.seen, row.root
            if row.seen == row.version:
                record.seen = record.version
            if row.body is not None and not row.deleted:
                record.features = features.pack(features.read(row.body))
                self._index_root(record, record.root, was_moved=False)
                self._set_next(record, row.next)


def _rank(anchor: tuple[str, ...], authority: str) -> int:
    return anchor.index(authority) if authority in anchor else len(anchor)
