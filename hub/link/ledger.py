"""Record states by version, with lineage: what is living, under which root, whatever the order of arrival."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from hub.link.features import Layout
from hub.link.forming import Taken
from hub.link.journal import Journal
from hub.link.lineage import Lineage, same_commit_or_later
from hub.link.record import Record, Table
from hub.link.work import Work
from hub.wire.decisions import Cause, LineageRow, RecordRow
from hub.wire.records import CleanPerson, Held
from hub.wire.version import LOWEST, gone_before, is_stated


class Ledger:
    """The records; a state is taken when its version is higher than the known one and no sweep found it gone.

    A sweep tells of each record of its table that was not seen at the floor or later that it was gone by then.  That
    stands even where the sweep did not know the record, or has not come to it yet, when the next event names it.
    """

    def __init__(
        self,
        journal: Journal,
        layout: Layout,
        anchor: tuple[str, ...],
        authorities: Mapping[str, str],
        attesting: frozenset[str],
    ) -> None:
        self._journal = journal
        self._layout = layout
        self._ranks = {source: _rank(anchor, authority) for source, authority in authorities.items()}
        self._lowest_rank = len(anchor)
        self._attesting = attesting
        self.records: dict[bytes, Record] = {}
        self.lineage = Lineage(journal)
        self._tables: dict[tuple[str, str], Table] = {}
        self._moved: dict[bytes, tuple[Record, ...]] = {}
        """Living records whose root is not their own id, by root."""
        self._waiting: dict[bytes, tuple[Record, ...]] = {}
        """Records deleted by a key change whose successor is not taken yet, by successor."""
        self._kept: dict[Record, bytes] = {}
        """Version of the last state before the delete, of records that wait for their successor."""

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
        if record is None or not is_stated(record.version):
            return self.lineage.root_unseen(record_id)
        if not self.lineage.knows(record_id):
            return record_id
        if record.features is None:
            return self.lineage.root(record_id, record.version, living=False)
        return self.lineage.root(record_id, self._valued(record))

    def last_seen(self, record: Record) -> bytes:
        """Highest version at which a record was seen, or a successor for whose good values it waits."""
        if record.next is None and not self.lineage.knows(record.id):
            return record.seen
        chain = [record]
        for each in chain:
            chain += [other for other in self._awaited(each) if other not in chain]
        return max([each.seen for each in chain])

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

    def take(self, work: Work, person: CleanPerson, floor: bytes, swept: bytes = LOWEST) -> None:
        """Take a record's state; older than what is known, or than a sweep that did not find it, it counts as stale.

        `swept` is the floor below which what was not seen is gone already.
        """
        cause = Cause("record", person.id.hex())
        record = self._accept(work, person, floor, swept)
        if record is None:
            work.delta.stale += 1
        else:
            work.delta.seen_ids.append((person.id, person.version))
            work.rows[record] = None
            work.touch(record, cause)
        self._lineage_of(work, person.id, person.version, person.previous, cause)
        if record is not None:
            self._reroot(work, record)
            self._settle(work, person.id, cause)

    def hold(self, work: Work, held: Held, swept: bytes) -> None:
        """Count a record as seen although its values were refused; under a changed key the old ones stay meanwhile."""
        if held.id is None:
            return
        record = self.records.get(held.id)
        if record is None:
            record = self._new(held.id, held.source, held.table)
        if LOWEST != swept <= held.version:
            self._gone_at(work, record, swept)
        if held.version > record.seen:
            self._journal.assign(record, "seen", held.version)
            work.rows[record] = None
        else:
            work.delta.stale += 1
        self._lineage_of(work, held.id, held.version, held.previous, Cause("record", held.id.hex()))

    def kill(self, work: Work, record: Record, cause: Cause) -> None:
        """End a record that lives or waits: its successor was taken, or a sweep took it."""
        self._end(work, record, cause)
        self._settle(work, record.id, cause)

    def _end(self, work: Work, record: Record, cause: Cause) -> None:
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

    def _accept(self, work: Work, person: CleanPerson, floor: bytes, swept: bytes) -> Record | None:
        """Put a state into its record; None when it is stale."""
        record = self.records.get(person.id)
        if person.version < floor and (record is None or self.last_seen(record) < floor):
            return None
        if record is not None and person.version <= record.version:
            return record if self._complete(work, record, person) else None
        if record is None:
            record = self._new(person.id, person.source, person.table)
        if LOWEST != swept <= person.version:
            self._gone_at(work, record, swept)
        before = self._valued(record)
        self._journal.assign(record, "version", person.version)
        if person.version > record.seen:
            self._journal.assign(record, "seen", person.version)
        if person.deleted:
            self._delete(work, record, person.next, before)
        else:
            self._set_next(record, None)
            self._set_values(work, record, person)
        return record

    def _complete(self, work: Work, record: Record, person: CleanPerson) -> bool:
        """Give a waiting record the last values before its delete, which came late; False when these are older."""
        if record.next is None or not self._valued(record) < person.version < record.version:
            return False
        if not person.deleted and self._superseded(person.id, person.version):
            return False
        self._journal.put(self._kept, record, person.version)
        if person.deleted:
            self._set_features(work, record, None)
        else:
            self._set_values(work, record, person)
        return True

    def _gone_at(self, work: Work, record: Record, floor: bytes) -> None:
        """End a record as of just before a floor at which it was not seen, and those that wait for it."""
        end = gone_before(floor)
        if record.version >= end or self.last_seen(record) >= floor:
            return
        for each in (record, *self._behind(record.id)):
            if self._stands(each) and self.last_seen(each) < floor:
                self.kill(work, each, Cause("sweep", each.id.hex()))
        self._journal.assign(record, "version", end)
        work.rows[record] = None

    def _set_values(self, work: Work, record: Record, person: CleanPerson) -> None:
        if self._superseded(record.id, person.version):
            self._set_features(work, record, None)
            return
        work.bodies[record] = person
        work.content.add(record)
        work.features[record] = fresh = self._layout.read(person)
        self._set_features(work, record, self._layout.pack(fresh))

    def _delete(self, work: Work, record: Record, successor: bytes | None, before: bytes) -> None:
        if successor is None or self._taken(successor, record.version):
            self._set_next(record, None)
            self._set_features(work, record, None)
        else:
            self._set_next(record, successor)
            self._journal.put(self._kept, record, before)

    # ------------------------------------------------------------------ changed keys

    def _valued(self, record: Record) -> bytes:
        """Version of a record's last state that is not a delete by key change under way."""
        return record.version if record.next is None else self._kept[record]

    def _taken(self, successor: bytes, version: bytes) -> bool:
        """Say whether a good state or a plain delete of a successor was taken, of this transaction or later.

        So it is with one whose row, never taken itself, has gone on under a further key that was taken.
        """
        other = self.records.get(successor)
        if other is not None and same_commit_or_later(self._valued(other), version):
            return True
        return any(self._taken(child, at) for at, child in self.lineage.departures(successor, version))

    def _superseded(self, record: bytes, version: bytes) -> bool:
        """Say whether values of a version went on under another key, where good values were taken."""
        moves = self.lineage.departures(record, version)
        return bool(moves) and any(self._taken(child, at) for at, child in moves)

    def _ended(self, record: Record) -> bool:
        if record.next is not None and self._taken(record.next, record.version):
            return True
        return record.features is not None and self._superseded(record.id, self._valued(record))

    def _awaited(self, record: Record) -> Iterator[Record]:
        """Successors of a record that were seen, if only held."""
        children = [child for _, child in self.lineage.departures(record.id, self._valued(record))]
        for child in children if record.next is None else (record.next, *children):
            if child in self.records:
                yield self.records[child]

    def _settle(self, work: Work, successor: bytes, cause: Cause) -> None:
        """End the records that waited for a successor which is now taken, directly or through others."""
        for record in self._behind(successor):
            if self._stands(record) and self._ended(record):
                self._end(work, record, cause)

    def _behind(self, successor: bytes) -> list[Record]:
        """Known records whose rows went on, or are to go on, under a key, directly or through others."""
        found: list[Record] = []
        reached = [successor]
        for each in reached:
            parents = [*[record.id for record in self._waiting.get(each, ())], *self.lineage.parents(each)]
            fresh = [parent for parent in dict.fromkeys(parents) if parent not in reached]
            reached += fresh
            found += [self.records[parent] for parent in fresh if parent in self.records]
        return found

    @staticmethod
    def _stands(record: Record) -> bool:
        """Say whether a record lives or waits."""
        return record.features is not None or record.next is not None

    def _set_next(self, record: Record, successor: bytes | None) -> None:
        if record.next == successor:
            return
        if record.next is not None:
            left = tuple([each for each in self._waiting[record.next] if each is not record])
            self._put_or_drop(self._waiting, record.next, left)
            self._journal.drop(self._kept, record)
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
        self._settle(work, child, cause)
        for each, root in before.items():
            record = self.records.get(each)
            if record is not None and record.version != LOWEST and record.features is not None:
                work.touch(record, cause)
            if record is not None:
                self._reroot(work, record)
            work.reroots.append((root, self.root_of(each), cause))

    def _reroot(self, work: Work, record: Record) -> None:
        self._set_root(work, record, self.root_of(record.id))

    # ------------------------------------------------------------------ load

    def load(self, rows: Iterable[Taken]) -> Iterator[tuple[Record, Sequence[int]]]:
        """Take stored records; yields the living ones with their keys.  Lineage must be loaded before."""
        for row, formed in rows:
            table = self.table(row.source, row.table)
            record = self.records[row.id] = Record(row.id, table, row.root)  # an empty engine has nothing to undo
            table.records.append(record)
            record.version, record.seen = row.version, row.seen
            if row.seen == row.version:
                record.seen = record.version
            if row.next is not None:
                self._set_next(record, row.next)
                self._kept[record] = row.body.version if row.body is not None else LOWEST
            if formed is not None:
                record.features = formed.features
                self._index_root(record, record.root, was_moved=False)
                yield record, formed.keys


def _rank(anchor: tuple[str, ...], authority: str) -> int:
    return anchor.index(authority) if authority in anchor else len(anchor)
