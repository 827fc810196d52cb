"""What one batch did so far: the facts from which the delta and the touched clusters are derived."""

from __future__ import annotations

from hub.link.features import Slots
from hub.link.record import Record
from hub.wire.decisions import Cause, Delta, JudgementRow, NoteRow
from hub.wire.records import CleanPerson


class Work:
    """Collected while a batch's events are applied."""

    def __init__(self) -> None:
        self.delta = Delta()
        self.rows: dict[Record, None] = {}
        """Records whose row changes."""
        self.bodies: dict[Record, CleanPerson] = {}
        """Bodies taken in this batch."""
        self.features: dict[Record, Slots] = {}
        """Unpacked features of the bodies."""
        self.features_before: dict[Record, bytes | None] = {}
        """Packed features at the batch's start, of records whose features were assigned."""
        self.roots_before: dict[Record, bytes] = {}
        """Roots at the batch's start, of records whose root was assigned."""
        self.edges_before: dict[tuple[Record, Record], int | None] = {}
        """Codes at the batch's start, of pairs whose edge changed; the pair is sorted by id."""
        self.touched: dict[Record, None] = {}
        """Records whose cluster must be looked at again."""
        self.causes: dict[Record, set[Cause]] = {}
        self.reroots: list[tuple[bytes, bytes, Cause]] = []
        """(old root, new root) of record ids that a lineage fact moved; judgements move along."""
        self.content: set[Record] = set()
        """Records whose values changed."""
        self.judgements: dict[tuple[str, bytes, bytes], JudgementRow] = {}
        self.notes: dict[str, NoteRow] = {}

    def touch(self, record: Record, cause: Cause) -> None:
        """Have a record's cluster looked at again."""
        self.touched[record] = None
        causes = self.causes.get(record)
        if causes is None:
            self.causes[record] = {cause}
        else:
            causes.add(cause)

    def lived(self, record: Record) -> bool:
        """Say whether a record was living at the batch's start."""
        if record in self.features_before:
            return self.features_before[record] is not None
        return record.features is not None

    def root_before(self, record: Record) -> bytes:
        """A record's root at the batch's start."""
        return self.roots_before.get(record, record.root)
