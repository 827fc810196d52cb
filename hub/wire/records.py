"""Records that flow between stages, made from schemas/avro by tools/gen_records.py: do not edit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Flag:
    """Part of a record: Flag."""

    field: str
    code: str
    """Missing, placeholder, temporary, implausible, default, disagrees, converted, unknown_code or repaired."""
    was: str | None = None
    """The source's own text where it was repaired or set aside."""

    def to_dict(self) -> dict[str, Any]:
        """Return the Avro datum."""
        return {
            "field": self.field,
            "code": self.code,
            "was": self.was,
        }

    @classmethod
    def from_dict(cls, datum: Mapping[str, Any]) -> Flag:
        """Return the record of an Avro datum."""
        return cls(
            datum["field"],
            datum["code"],
            datum["was"],
        )


@dataclass(frozen=True, slots=True)
class CleanPerson:
    """One source record of a person, standardised.

    Attribute fields are null when the record is deleted or does not know them.
    """

    id: bytes
    """Record id, also the message key."""
    version: bytes
    """Epoch, position, cleaning revision; byte order is order."""
    deleted: bool
    source: str
    table: str
    changed_at: int
    """Commit time at the source, microseconds since 1970 UTC."""
    digest: int
    """64-bit keyed digest of the raw row after the change; 0 when deleted."""
    previous: bytes | None = None
    """Id before a changed primary key, on the create."""
    next: bytes | None = None
    """Id after a changed primary key, on the delete."""
    key: tuple[str, ...] = ()
    """The row's key as text, in the contract's order, so that its owner finds the row; empty when deleted."""
    nik: str | None = None
    """16 digits that can identify; never a placeholder or temporary number."""
    kk: str | None = None
    """Family card number, 16 digits."""
    identity_no: str | None = None
    """Passport or another identity number, of who has no NIK: capitals and digits."""
    name: str | None = None
    """Upper case, titles and degrees taken apart."""
    titles: str | None = None
    """Titles before and degrees after the name, separated by a bar."""
    name_variants: tuple[str, ...] = ()
    """Other spellings for comparison only."""
    sex: str | None = None
    """Male or female."""
    birth_date: int | None = None
    """Days since 1970-01-01."""
    birth_place: str | None = None
    mother: str | None = None
    """Mother's name, as name."""
    phone: str | None = None
    """E.164."""
    street: str | None = None
    rt: int | None = None
    rw: int | None = None
    village: str | None = None
    """Name of the village (desa, dusun, kelurahan) where its code is not known."""
    region: str | None = None
    """Deepest known region code, digits only, in region_system."""
    region_system: str | None = None
    """Kemendagri or bps."""
    postcode: str | None = None
    """Five digits."""
    marital: str | None = None
    """Single, married, divorced or widowed."""
    vital: str | None = None
    """Alive or dead."""
    flags: tuple[Flag, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the Avro datum."""
        return {
            "id": self.id,
            "version": self.version,
            "deleted": self.deleted,
            "source": self.source,
            "table": self.table,
            "changed_at": self.changed_at,
            "digest": self.digest,
            "previous": self.previous,
            "next": self.next,
            "key": self.key,
            "nik": self.nik,
            "kk": self.kk,
            "identity_no": self.identity_no,
            "name": self.name,
            "titles": self.titles,
            "name_variants": self.name_variants,
            "sex": self.sex,
            "birth_date": self.birth_date,
            "birth_place": self.birth_place,
            "mother": self.mother,
            "phone": self.phone,
            "street": self.street,
            "rt": self.rt,
            "rw": self.rw,
            "village": self.village,
            "region": self.region,
            "region_system": self.region_system,
            "postcode": self.postcode,
            "marital": self.marital,
            "vital": self.vital,
            "flags": [item.to_dict() for item in self.flags],
        }

    @classmethod
    def from_dict(cls, datum: Mapping[str, Any]) -> CleanPerson:
        """Return the record of an Avro datum."""
        return cls(
            datum["id"],
            datum["version"],
            datum["deleted"],
            datum["source"],
            datum["table"],
            datum["changed_at"],
            datum["digest"],
            datum["previous"],
            datum["next"],
            tuple(datum["key"]),
            datum["nik"],
            datum["kk"],
            datum["identity_no"],
            datum["name"],
            datum["titles"],
            tuple(datum["name_variants"]),
            datum["sex"],
            datum["birth_date"],
            datum["birth_place"],
            datum["mother"],
            datum["phone"],
            datum["street"],
            datum["rt"],
            datum["rw"],
            datum["village"],
            datum["region"],
            datum["region_system"],
            datum["postcode"],
            datum["marital"],
            datum["vital"],
            tuple([Flag.from_dict(item) for item in datum["flags"]]),
        )


@dataclass(frozen=True, slots=True)
class CleanFamily:
    """One source record of a family, as a family card or a list of families claims it, standardised.

    Attribute fields are null when the record is deleted or does not know them.
    """

    id: bytes
    """Record id, also the message key."""
    version: bytes
    """Epoch, position, cleaning revision; byte order is order."""
    deleted: bool
    source: str
    table: str
    changed_at: int
    """Commit time at the source, microseconds since 1970 UTC."""
    digest: int
    """64-bit keyed digest of the raw row after the change; 0 when deleted."""
    previous: bytes | None = None
    """Id before a changed primary key, on the create."""
    next: bytes | None = None
    """Id after a changed primary key, on the delete."""
    key: tuple[str, ...] = ()
    """The row's key as text, in the contract's order, so that its owner finds the row; empty when deleted."""
    kk: str | None = None
    """Family card number, 16 digits."""
    head_nik: str | None = None
    """NIK of the head of the family."""
    head_name: str | None = None
    """The head's name, as a person's, without titles."""
    head_variants: tuple[str, ...] = ()
    """Other spellings for comparison only."""
    member_count: int | None = None
    """How many people the record says that the family has."""
    phone: str | None = None
    """E.164."""
    street: str | None = None
    rt: int | None = None
    rw: int | None = None
    village: str | None = None
    """Name of the village (desa, dusun, kelurahan) where its code is not known."""
    region: str | None = None
    """Deepest known region code, digits only, in region_system."""
    region_system: str | None = None
    """Kemendagri or bps."""
    postcode: str | None = None
    """Five digits."""
    flags: tuple[Flag, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the Avro datum."""
        return {
            "id": self.id,
            "version": self.version,
            "deleted": self.deleted,
            "source": self.source,
            "table": self.table,
            "changed_at": self.changed_at,
            "digest": self.digest,
            "previous": self.previous,
            "next": self.next,
            "key": self.key,
            "kk": self.kk,
            "head_nik": self.head_nik,
            "head_name": self.head_name,
            "head_variants": self.head_variants,
            "member_count": self.member_count,
            "phone": self.phone,
            "street": self.street,
            "rt": self.rt,
            "rw": self.rw,
            "village": self.village,
            "region": self.region,
            "region_system": self.region_system,
            "postcode": self.postcode,
            "flags": [item.to_dict() for item in self.flags],
        }

    @classmethod
    def from_dict(cls, datum: Mapping[str, Any]) -> CleanFamily:
        """Return the record of an Avro datum."""
        return cls(
            datum["id"],
            datum["version"],
            datum["deleted"],
            datum["source"],
            datum["table"],
            datum["changed_at"],
            datum["digest"],
            datum["previous"],
            datum["next"],
            tuple(datum["key"]),
            datum["kk"],
            datum["head_nik"],
            datum["head_name"],
            tuple(datum["head_variants"]),
            datum["member_count"],
            datum["phone"],
            datum["street"],
            datum["rt"],
            datum["rw"],
            datum["village"],
            datum["region"],
            datum["region_system"],
            datum["postcode"],
            tuple([Flag.from_dict(item) for item in datum["flags"]]),
        )


@dataclass(frozen=True, slots=True)
class CleanBusiness:
    """One source record of a business, standardised.

    Attribute fields are null when the record is deleted or does not know them.
    """

    id: bytes
    """Record id, also the message key."""
    version: bytes
    """Epoch, position, cleaning revision; byte order is order."""
    deleted: bool
    source: str
    table: str
    changed_at: int
    """Commit time at the source, microseconds since 1970 UTC."""
    digest: int
    """64-bit keyed digest of the raw row after the change; 0 when deleted."""
    previous: bytes | None = None
    """Id before a changed primary key, on the create."""
    next: bytes | None = None
    """Id after a changed primary key, on the delete."""
    key: tuple[str, ...] = ()
    """The row's key as text, in the contract's order, so that its owner finds the row; empty when deleted."""
    nib: str | None = None
    """Business identification number, 13 digits."""
    npwp: str | None = None
    """Tax number, 16 digits: a NIK, or an old number of 15 digits with 0 before it."""
    owner_nik: str | None = None
    """NIK of the owner, also where it stands as the tax number."""
    owner_name: str | None = None
    """The owner's name, as a person's, without titles."""
    owner_variants: tuple[str, ...] = ()
    """Other spellings for comparison only."""
    name: str | None = None
    """Upper case, without the legal form."""
    form: str | None = None
    """Legal form such as PT, CV, UD, FIRMA, KOPERASI, TOKO or PERORANGAN."""
    kbli: str | None = None
    """Class of economic activity, 5 digits."""
    scale: str | None = None
    """Micro, small, medium or large."""
    phone: str | None = None
    """E.164."""
    street: str | None = None
    rt: int | None = None
    rw: int | None = None
    village: str | None = None
    """Name of the village (desa, dusun, kelurahan) where its code is not known."""
    region: str | None = None
    """Deepest known region code, digits only, in region_system."""
    region_system: str | None = None
    """Kemendagri or bps."""
    postcode: str | None = None
    """Five digits."""
    flags: tuple[Flag, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the Avro datum."""
        return {
            "id": self.id,
            "version": self.version,
            "deleted": self.deleted,
            "source": self.source,
            "table": self.table,
            "changed_at": self.changed_at,
            "digest": self.digest,
            "previous": self.previous,
            "next": self.next,
            "key": self.key,
            "nib": self.nib,
            "npwp": self.npwp,
            "owner_nik": self.owner_nik,
            "owner_name": self.owner_name,
            "owner_variants": self.owner_variants,
            "name": self.name,
            "form": self.form,
            "kbli": self.kbli,
            "scale": self.scale,
            "phone": self.phone,
            "street": self.street,
            "rt": self.rt,
            "rw": self.rw,
            "village": self.village,
            "region": self.region,
            "region_system": self.region_system,
            "postcode": self.postcode,
            "flags": [item.to_dict() for item in self.flags],
        }

    @classmethod
    def from_dict(cls, datum: Mapping[str, Any]) -> CleanBusiness:
        """Return the record of an Avro datum."""
        return cls(
            datum["id"],
            datum["version"],
            datum["deleted"],
            datum["source"],
            datum["table"],
            datum["changed_at"],
            datum["digest"],
            datum["previous"],
            datum["next"],
            tuple(datum["key"]),
            datum["nib"],
            datum["npwp"],
            datum["owner_nik"],
            datum["owner_name"],
            tuple(datum["owner_variants"]),
            datum["name"],
            datum["form"],
            datum["kbli"],
            datum["scale"],
            datum["phone"],
            datum["street"],
            datum["rt"],
            datum["rw"],
            datum["village"],
            datum["region"],
            datum["region_system"],
            datum["postcode"],
            tuple([Flag.from_dict(item) for item in datum["flags"]]),
        )


@dataclass(frozen=True, slots=True)
class CleanFacility:
    """One source record of a facility: a school, a health centre, a market, standardised.

    Attribute fields are null when the record is deleted or does not know them.
    """

    id: bytes
    """Record id, also the message key."""
    version: bytes
    """Epoch, position, cleaning revision; byte order is order."""
    deleted: bool
    source: str
    table: str
    changed_at: int
    """Commit time at the source, microseconds since 1970 UTC."""
    digest: int
    """64-bit keyed digest of the raw row after the change; 0 when deleted."""
    previous: bytes | None = None
    """Id before a changed primary key, on the create."""
    next: bytes | None = None
    """Id after a changed primary key, on the delete."""
    key: tuple[str, ...] = ()
    """The row's key as text, in the contract's order, so that its owner finds the row; empty when deleted."""
    npsn: str | None = None
    """National school number, 8 characters."""
    health_code: str | None = None
    """Code of a health facility: capitals and digits, without separators."""
    name: str | None = None
    """Upper case, abbreviations of its kind written out."""
    kind: str | None = None
    """Kindergarten, school, hospital, puskesmas, pustu, posyandu, clinic, market, worship, office or other."""
    latitude: float | None = None
    """Decimal degrees north, WGS 84."""
    longitude: float | None = None
    """Decimal degrees east, WGS 84."""
    phone: str | None = None
    """E.164."""
    street: str | None = None
    rt: int | None = None
    rw: int | None = None
    village: str | None = None
    """Name of the village (desa, dusun, kelurahan) where its code is not known."""
    region: str | None = None
    """Deepest known region code, digits only, in region_system."""
    region_system: str | None = None
    """Kemendagri or bps."""
    postcode: str | None = None
    """Five digits."""
    flags: tuple[Flag, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the Avro datum."""
        return {
            "id": self.id,
            "version": self.version,
            "deleted": self.deleted,
            "source": self.source,
            "table": self.table,
            "changed_at": self.changed_at,
            "digest": self.digest,
            "previous": self.previous,
            "next": self.next,
            "key": self.key,
            "npsn": self.npsn,
            "health_code": self.health_code,
            "name": self.name,
            "kind": self.kind,
            "latitude": self.latitude,
            "longitude": self.longitude,
            "phone": self.phone,
            "street": self.street,
            "rt": self.rt,
            "rw": self.rw,
            "village": self.village,
            "region": self.region,
            "region_system": self.region_system,
            "postcode": self.postcode,
            "flags": [item.to_dict() for item in self.flags],
        }

    @classmethod
    def from_dict(cls, datum: Mapping[str, Any]) -> CleanFacility:
        """Return the record of an Avro datum."""
        return cls(
            datum["id"],
            datum["version"],
            datum["deleted"],
            datum["source"],
            datum["table"],
            datum["changed_at"],
            datum["digest"],
            datum["previous"],
            datum["next"],
            tuple(datum["key"]),
            datum["npsn"],
            datum["health_code"],
            datum["name"],
            datum["kind"],
            datum["latitude"],
            datum["longitude"],
            datum["phone"],
            datum["street"],
            datum["rt"],
            datum["rw"],
            datum["village"],
            datum["region"],
            datum["region_system"],
            datum["postcode"],
            tuple([Flag.from_dict(item) for item in datum["flags"]]),
        )


@dataclass(frozen=True, slots=True)
class Sweep:
    """Records of this table with a version below the floor no longer exist.

    Stands in every raw partition, then in every clean partition for each of them.
    """

    source: str
    table: str
    floor: bytes
    raw_partition: int
    raw_partitions: int
    clean_partition: int = -1
    """-1 in raw."""
    clean_partitions: int = -1

    def to_dict(self) -> dict[str, Any]:
        """Return the Avro datum."""
        return {
            "source": self.source,
            "table": self.table,
            "floor": self.floor,
            "raw_partition": self.raw_partition,
            "raw_partitions": self.raw_partitions,
            "clean_partition": self.clean_partition,
            "clean_partitions": self.clean_partitions,
        }

    @classmethod
    def from_dict(cls, datum: Mapping[str, Any]) -> Sweep:
        """Return the record of an Avro datum."""
        return cls(
            datum["source"],
            datum["table"],
            datum["floor"],
            datum["raw_partition"],
            datum["raw_partitions"],
            datum["clean_partition"],
            datum["clean_partitions"],
        )


@dataclass(frozen=True, slots=True)
class Held:
    """Stands in clean where a quarantined row would stand.

    the record was seen at this version but its values were refused.
    """

    source: str
    table: str
    version: bytes
    item: str
    """Id of the quarantine item."""
    id: bytes | None = None
    """Null: the row cannot be identified, so sweeps of its table must wait for the quarantine item."""
    previous: bytes | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the Avro datum."""
        return {
            "source": self.source,
            "table": self.table,
            "version": self.version,
            "item": self.item,
            "id": self.id,
            "previous": self.previous,
        }

    @classmethod
    def from_dict(cls, datum: Mapping[str, Any]) -> Held:
        """Return the record of an Avro datum."""
        return cls(
            datum["source"],
            datum["table"],
            datum["version"],
            datum["item"],
            datum["id"],
            datum["previous"],
        )


@dataclass(frozen=True, slots=True)
class Pair:
    """Part of a record: Pair."""

    a: bytes
    b: bytes

    def to_dict(self) -> dict[str, Any]:
        """Return the Avro datum."""
        return {
            "a": self.a,
            "b": self.b,
        }

    @classmethod
    def from_dict(cls, datum: Mapping[str, Any]) -> Pair:
        """Return the record of an Avro datum."""
        return cls(
            datum["a"],
            datum["b"],
        )


@dataclass(frozen=True, slots=True)
class Judgement:
    """A steward's decision on pairs of records.

    The order of the topic's one partition decides between contradictions.
    """

    id: str
    """UUID."""
    verdict: str
    """Same, different, unsure, withdrawn (see withdraws) or contested (see contests)."""
    pairs: tuple[Pair, ...]
    author: str
    reason: str
    made_at: int
    """Microseconds since 1970 UTC."""
    expires_at: int | None = None
    withdraws: str | None = None
    """The judgement that this one undoes, or the contest that it takes back."""
    entity: str = "person"
    """Kind of entity that the records speak of: person, family, business or facility."""
    contests: str | None = None
    """The judgement that is doubted; it stands until settled."""

    def to_dict(self) -> dict[str, Any]:
        """Return the Avro datum."""
        return {
            "id": self.id,
            "verdict": self.verdict,
            "pairs": [item.to_dict() for item in self.pairs],
            "author": self.author,
            "reason": self.reason,
            "made_at": self.made_at,
            "expires_at": self.expires_at,
            "withdraws": self.withdraws,
            "entity": self.entity,
            "contests": self.contests,
        }

    @classmethod
    def from_dict(cls, datum: Mapping[str, Any]) -> Judgement:
        """Return the record of an Avro datum."""
        return cls(
            datum["id"],
            datum["verdict"],
            tuple([Pair.from_dict(item) for item in datum["pairs"]]),
            datum["author"],
            datum["reason"],
            datum["made_at"],
            datum["expires_at"],
            datum["withdraws"],
            datum["entity"],
            datum["contests"],
        )


@dataclass(frozen=True, slots=True)
class QuarantineItem:
    """A refused message, whole, with its reason."""

    id: str
    """UUID made from stage, topic, partition and offset, so a repeat is the same item."""
    stage: str
    """Clean, link or a connector; retry re-enters here."""
    source: str
    table: str
    topic: str
    partition: int
    offset: int
    code: str
    """Stable word for metrics and filters."""
    reason: str
    """What was found and expected; no personal value."""
    remedy: str
    """What to do, in Indonesian."""
    at: int
    """Microseconds since 1970 UTC."""
    headers: dict[str, bytes]
    record: bytes | None = None
    version: bytes | None = None
    field: str | None = None
    key: bytes | None = None
    payload: bytes | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the Avro datum."""
        return {
            "id": self.id,
            "stage": self.stage,
            "source": self.source,
            "table": self.table,
            "topic": self.topic,
            "partition": self.partition,
            "offset": self.offset,
            "code": self.code,
            "reason": self.reason,
            "remedy": self.remedy,
            "at": self.at,
            "headers": self.headers,
            "record": self.record,
            "version": self.version,
            "field": self.field,
            "key": self.key,
            "payload": self.payload,
        }

    @classmethod
    def from_dict(cls, datum: Mapping[str, Any]) -> QuarantineItem:
        """Return the record of an Avro datum."""
        return cls(
            datum["id"],
            datum["stage"],
            datum["source"],
            datum["table"],
            datum["topic"],
            datum["partition"],
            datum["offset"],
            datum["code"],
            datum["reason"],
            datum["remedy"],
            datum["at"],
            datum["headers"],
            datum["record"],
            datum["version"],
            datum["field"],
            datum["key"],
            datum["payload"],
        )


@dataclass(frozen=True, slots=True)
class SourcePosition:
    """How far a source is read.

    Written only after Kafka acknowledged everything before it.
    """

    source: str
    epoch: int
    identity: dict[str, str]
    """What the position is a position of: system id, timeline, slot ...."""
    state: dict[str, str]
    """The kind's own: confirmed position, finished tables, counter."""
    at: int
    """Microseconds since 1970 UTC."""

    def to_dict(self) -> dict[str, Any]:
        """Return the Avro datum."""
        return {
            "source": self.source,
            "epoch": self.epoch,
            "identity": self.identity,
            "state": self.state,
            "at": self.at,
        }

    @classmethod
    def from_dict(cls, datum: Mapping[str, Any]) -> SourcePosition:
        """Return the record of an Avro datum."""
        return cls(
            datum["source"],
            datum["epoch"],
            datum["identity"],
            datum["state"],
            datum["at"],
        )


@dataclass(frozen=True, slots=True)
class SourceNotice:
    """Something that an operator should know of a source: a snapshot, a drift, a delivery, a lost log."""

    source: str
    table: str
    """Empty: the source as a whole."""
    code: str
    """Stable word, listed in docs/notices.md."""
    detail: dict[str, str]
    """Names, numbers and codes; never a value of a row."""
    at_us: int
    """Microseconds since 1970 UTC."""

    def to_dict(self) -> dict[str, Any]:
        """Return the Avro datum."""
        return {
            "source": self.source,
            "table": self.table,
            "code": self.code,
            "detail": self.detail,
            "at_us": self.at_us,
        }

    @classmethod
    def from_dict(cls, datum: Mapping[str, Any]) -> SourceNotice:
        """Return the record of an Avro datum."""
        return cls(
            datum["source"],
            datum["table"],
            datum["code"],
            datum["detail"],
            datum["at_us"],
        )


@dataclass(frozen=True, slots=True)
class SourceSignal:
    """What an operator asks of a source's connector."""

    id: str
    """UUID; notices about this signal name it as request."""
    source: str
    action: str
    """Snapshot, verify, pause or resume."""
    table: str
    """Empty: every table of the source."""
    keys: tuple[str, ...]
    """Snapshot: only these records, keys as texts."""
    where: str
    """Snapshot: only rows under this condition of the source's own SQL."""
    author: str
    at_us: int
    """Microseconds since 1970 UTC."""

    def to_dict(self) -> dict[str, Any]:
        """Return the Avro datum."""
        return {
            "id": self.id,
            "source": self.source,
            "action": self.action,
            "table": self.table,
            "keys": self.keys,
            "where": self.where,
            "author": self.author,
            "at_us": self.at_us,
        }

    @classmethod
    def from_dict(cls, datum: Mapping[str, Any]) -> SourceSignal:
        """Return the record of an Avro datum."""
        return cls(
            datum["id"],
            datum["source"],
            datum["action"],
            datum["table"],
            tuple(datum["keys"]),
            datum["where"],
            datum["author"],
            datum["at_us"],
        )


@dataclass(frozen=True, slots=True)
class Verification:
    """What a table of a source holds at one position, so that the hub can say whether it holds the same."""

    source: str
    table: str
    version: bytes
    """Every change up to this stamp is in, none after it."""
    counts: tuple[int, ...]
    """Rows in each of 256 buckets, by the first byte of the record id."""
    digests: tuple[int, ...]
    """XOR of the digests of each bucket's rows."""
    shapes: tuple[int, ...]
    """Marks of the schemas that the rows are written in now."""
    at: int
    """When it was taken, microseconds since 1970 UTC."""

    def to_dict(self) -> dict[str, Any]:
        """Return the Avro datum."""
        return {
            "source": self.source,
            "table": self.table,
            "version": self.version,
            "counts": self.counts,
            "digests": self.digests,
            "shapes": self.shapes,
            "at": self.at,
        }

    @classmethod
    def from_dict(cls, datum: Mapping[str, Any]) -> Verification:
        """Return the record of an Avro datum."""
        return cls(
            datum["source"],
            datum["table"],
            datum["version"],
            tuple(datum["counts"]),
            tuple(datum["digests"]),
            tuple(datum["shapes"]),
            datum["at"],
        )


@dataclass(frozen=True, slots=True)
class Hold:
    """Whether an entity is held back from sensitive feeds, and why.

    The last value of a key is the present one.
    """

    entity: str
    """Person, family, business or facility."""
    entity_id: str
    generation: int
    sequence: int
    """With generation: the commit that held or released it."""
    at: int
    """Microseconds since 1970 UTC."""
    held: bool
    reason: str
    """Held: contested or conflict; released: decided, evidence or vanished."""
    judgement: str | None = None
    """The contested decision."""

    def to_dict(self) -> dict[str, Any]:
        """Return the Avro datum."""
        return {
            "entity": self.entity,
            "entity_id": self.entity_id,
            "generation": self.generation,
            "sequence": self.sequence,
            "at": self.at,
            "held": self.held,
            "reason": self.reason,
            "judgement": self.judgement,
        }

    @classmethod
    def from_dict(cls, datum: Mapping[str, Any]) -> Hold:
        """Return the record of an Avro datum."""
        return cls(
            datum["entity"],
            datum["entity_id"],
            datum["generation"],
            datum["sequence"],
            datum["at"],
            datum["held"],
            datum["reason"],
            datum["judgement"],
        )


@dataclass(frozen=True, slots=True)
class Loser:
    """Part of a record: Loser."""

    source: str
    record: bytes
    changed_at: int
    value: str
    """The group's losing values as a JSON object."""

    def to_dict(self) -> dict[str, Any]:
        """Return the Avro datum."""
        return {
            "source": self.source,
            "record": self.record,
            "changed_at": self.changed_at,
            "value": self.value,
        }

    @classmethod
    def from_dict(cls, datum: Mapping[str, Any]) -> Loser:
        """Return the record of an Avro datum."""
        return cls(
            datum["source"],
            datum["record"],
            datum["changed_at"],
            datum["value"],
        )


@dataclass(frozen=True, slots=True)
class Win:
    """Part of a record: Win."""

    group: str
    """Attribute group."""
    rule: str
    """Only, validity, rank, soundness, completeness, recency or record_id: what decided."""
    source: str
    record: bytes
    changed_at: int
    losers: tuple[Loser, ...] = ()
    """Records whose value differs from the winner's."""

    def to_dict(self) -> dict[str, Any]:
        """Return the Avro datum."""
        return {
            "group": self.group,
            "rule": self.rule,
            "source": self.source,
            "record": self.record,
            "changed_at": self.changed_at,
            "losers": [item.to_dict() for item in self.losers],
        }

    @classmethod
    def from_dict(cls, datum: Mapping[str, Any]) -> Win:
        """Return the record of an Avro datum."""
        return cls(
            datum["group"],
            datum["rule"],
            datum["source"],
            datum["record"],
            datum["changed_at"],
            tuple([Loser.from_dict(item) for item in datum["losers"]]),
        )


@dataclass(frozen=True, slots=True)
class Member:
    """Part of a record: Member."""

    record: bytes
    source: str
    table: str

    def to_dict(self) -> dict[str, Any]:
        """Return the Avro datum."""
        return {
            "record": self.record,
            "source": self.source,
            "table": self.table,
        }

    @classmethod
    def from_dict(cls, datum: Mapping[str, Any]) -> Member:
        """Return the record of an Avro datum."""
        return cls(
            datum["record"],
            datum["source"],
            datum["table"],
        )


@dataclass(frozen=True, slots=True)
class GoldenPerson:
    """The full current state of one person.

    A vanished id keeps a stub without personal data for ever.
    """

    entity_id: str
    """UUID, also the message key."""
    generation: int
    """First part of the entity version: store generation, raised by a restore."""
    sequence: int
    """Second part: commit sequence."""
    status: str
    """Active, merged, split or deleted."""
    moved_to: tuple[str, ...] = ()
    """Entity ids that took a vanished id's records."""
    previous_ids: tuple[str, ...] = ()
    nik: str | None = None
    """16 digits that can identify; never a placeholder or temporary number."""
    kk: str | None = None
    """Family card number, 16 digits."""
    identity_no: str | None = None
    """Passport or another identity number, of who has no NIK: capitals and digits."""
    name: str | None = None
    """Upper case, titles and degrees taken apart."""
    titles: str | None = None
    """Titles before and degrees after the name, separated by a bar."""
    sex: str | None = None
    """Male or female."""
    birth_date: int | None = None
    """Days since 1970-01-01."""
    birth_place: str | None = None
    mother: str | None = None
    """Mother's name, as name."""
    phone: str | None = None
    """E.164."""
    street: str | None = None
    rt: int | None = None
    rw: int | None = None
    village: str | None = None
    """Name of the village (desa, dusun, kelurahan) where its code is not known."""
    region: str | None = None
    """Deepest known region code, digits only, in region_system."""
    region_system: str | None = None
    """Kemendagri or bps."""
    postcode: str | None = None
    """Five digits."""
    marital: str | None = None
    """Single, married, divorced or widowed."""
    vital: str | None = None
    """Alive or dead."""
    wins: tuple[Win, ...] = ()
    members: tuple[Member, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the Avro datum."""
        return {
            "entity_id": self.entity_id,
            "generation": self.generation,
            "sequence": self.sequence,
            "status": self.status,
            "moved_to": self.moved_to,
            "previous_ids": self.previous_ids,
            "nik": self.nik,
            "kk": self.kk,
            "identity_no": self.identity_no,
            "name": self.name,
            "titles": self.titles,
            "sex": self.sex,
            "birth_date": self.birth_date,
            "birth_place": self.birth_place,
            "mother": self.mother,
            "phone": self.phone,
            "street": self.street,
            "rt": self.rt,
            "rw": self.rw,
            "village": self.village,
            "region": self.region,
            "region_system": self.region_system,
            "postcode": self.postcode,
            "marital": self.marital,
            "vital": self.vital,
            "wins": [item.to_dict() for item in self.wins],
            "members": [item.to_dict() for item in self.members],
        }

    @classmethod
    def from_dict(cls, datum: Mapping[str, Any]) -> GoldenPerson:
        """Return the record of an Avro datum."""
        return cls(
            datum["entity_id"],
            datum["generation"],
            datum["sequence"],
            datum["status"],
            tuple(datum["moved_to"]),
            tuple(datum["previous_ids"]),
            datum["nik"],
            datum["kk"],
            datum["identity_no"],
            datum["name"],
            datum["titles"],
            datum["sex"],
            datum["birth_date"],
            datum["birth_place"],
            datum["mother"],
            datum["phone"],
            datum["street"],
            datum["rt"],
            datum["rw"],
            datum["village"],
            datum["region"],
            datum["region_system"],
            datum["postcode"],
            datum["marital"],
            datum["vital"],
            tuple([Win.from_dict(item) for item in datum["wins"]]),
            tuple([Member.from_dict(item) for item in datum["members"]]),
        )


@dataclass(frozen=True, slots=True)
class GoldenFamily:
    """The full current state of one family.

    A vanished id keeps a stub without personal data for ever.
    """

    entity_id: str
    """UUID, also the message key."""
    generation: int
    """First part of the entity version: store generation, raised by a restore."""
    sequence: int
    """Second part: commit sequence."""
    status: str
    """Active, merged, split or deleted."""
    moved_to: tuple[str, ...] = ()
    """Entity ids that took a vanished id's records."""
    previous_ids: tuple[str, ...] = ()
    kk: str | None = None
    """Family card number, 16 digits."""
    head_nik: str | None = None
    """NIK of the head of the family."""
    head_name: str | None = None
    """The head's name, as a person's, without titles."""
    member_count: int | None = None
    """How many people the record says that the family has."""
    phone: str | None = None
    """E.164."""
    street: str | None = None
    rt: int | None = None
    rw: int | None = None
    village: str | None = None
    """Name of the village (desa, dusun, kelurahan) where its code is not known."""
    region: str | None = None
    """Deepest known region code, digits only, in region_system."""
    region_system: str | None = None
    """Kemendagri or bps."""
    postcode: str | None = None
    """Five digits."""
    wins: tuple[Win, ...] = ()
    members: tuple[Member, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the Avro datum."""
        return {
            "entity_id": self.entity_id,
            "generation": self.generation,
            "sequence": self.sequence,
            "status": self.status,
            "moved_to": self.moved_to,
            "previous_ids": self.previous_ids,
            "kk": self.kk,
            "head_nik": self.head_nik,
            "head_name": self.head_name,
            "member_count": self.member_count,
            "phone": self.phone,
            "street": self.street,
            "rt": self.rt,
            "rw": self.rw,
            "village": self.village,
            "region": self.region,
            "region_system": self.region_system,
            "postcode": self.postcode,
            "wins": [item.to_dict() for item in self.wins],
            "members": [item.to_dict() for item in self.members],
        }

    @classmethod
    def from_dict(cls, datum: Mapping[str, Any]) -> GoldenFamily:
        """Return the record of an Avro datum."""
        return cls(
            datum["entity_id"],
            datum["generation"],
            datum["sequence"],
            datum["status"],
            tuple(datum["moved_to"]),
            tuple(datum["previous_ids"]),
            datum["kk"],
            datum["head_nik"],
            datum["head_name"],
            datum["member_count"],
            datum["phone"],
            datum["street"],
            datum["rt"],
            datum["rw"],
            datum["village"],
            datum["region"],
            datum["region_system"],
            datum["postcode"],
            tuple([Win.from_dict(item) for item in datum["wins"]]),
            tuple([Member.from_dict(item) for item in datum["members"]]),
        )


@dataclass(frozen=True, slots=True)
class GoldenBusiness:
    """The full current state of one business.

    A vanished id keeps a stub without personal data for ever.
    """

    entity_id: str
    """UUID, also the message key."""
    generation: int
    """First part of the entity version: store generation, raised by a restore."""
    sequence: int
    """Second part: commit sequence."""
    status: str
    """Active, merged, split or deleted."""
    moved_to: tuple[str, ...] = ()
    """Entity ids that took a vanished id's records."""
    previous_ids: tuple[str, ...] = ()
    nib: str | None = None
    """Business identification number, 13 digits."""
    npwp: str | None = None
    """Tax number, 16 digits: a NIK, or an old number of 15 digits with 0 before it."""
    owner_nik: str | None = None
    """NIK of the owner, also where it stands as the tax number."""
    owner_name: str | None = None
    """The owner's name, as a person's, without titles."""
    name: str | None = None
    """Upper case, without the legal form."""
    form: str | None = None
    """Legal form such as PT, CV, UD, FIRMA, KOPERASI, TOKO or PERORANGAN."""
    kbli: str | None = None
    """Class of economic activity, 5 digits."""
    scale: str | None = None
    """Micro, small, medium or large."""
    phone: str | None = None
    """E.164."""
    street: str | None = None
    rt: int | None = None
    rw: int | None = None
    village: str | None = None
    """Name of the village (desa, dusun, kelurahan) where its code is not known."""
    region: str | None = None
    """Deepest known region code, digits only, in region_system."""
    region_system: str | None = None
    """Kemendagri or bps."""
    postcode: str | None = None
    """Five digits."""
    wins: tuple[Win, ...] = ()
    members: tuple[Member, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the Avro datum."""
        return {
            "entity_id": self.entity_id,
            "generation": self.generation,
            "sequence": self.sequence,
            "status": self.status,
            "moved_to": self.moved_to,
            "previous_ids": self.previous_ids,
            "nib": self.nib,
            "npwp": self.npwp,
            "owner_nik": self.owner_nik,
            "owner_name": self.owner_name,
            "name": self.name,
            "form": self.form,
            "kbli": self.kbli,
            "scale": self.scale,
            "phone": self.phone,
            "street": self.street,
            "rt": self.rt,
            "rw": self.rw,
            "village": self.village,
            "region": self.region,
            "region_system": self.region_system,
            "postcode": self.postcode,
            "wins": [item.to_dict() for item in self.wins],
            "members": [item.to_dict() for item in self.members],
        }

    @classmethod
    def from_dict(cls, datum: Mapping[str, Any]) -> GoldenBusiness:
        """Return the record of an Avro datum."""
        return cls(
            datum["entity_id"],
            datum["generation"],
            datum["sequence"],
            datum["status"],
            tuple(datum["moved_to"]),
            tuple(datum["previous_ids"]),
            datum["nib"],
            datum["npwp"],
            datum["owner_nik"],
            datum["owner_name"],
            datum["name"],
            datum["form"],
            datum["kbli"],
            datum["scale"],
            datum["phone"],
            datum["street"],
            datum["rt"],
            datum["rw"],
            datum["village"],
            datum["region"],
            datum["region_system"],
            datum["postcode"],
            tuple([Win.from_dict(item) for item in datum["wins"]]),
            tuple([Member.from_dict(item) for item in datum["members"]]),
        )


@dataclass(frozen=True, slots=True)
class GoldenFacility:
    """The full current state of one facility.

    A vanished id keeps a stub without personal data for ever.
    """

    entity_id: str
    """UUID, also the message key."""
    generation: int
    """First part of the entity version: store generation, raised by a restore."""
    sequence: int
    """Second part: commit sequence."""
    status: str
    """Active, merged, split or deleted."""
    moved_to: tuple[str, ...] = ()
    """Entity ids that took a vanished id's records."""
    previous_ids: tuple[str, ...] = ()
    npsn: str | None = None
    """National school number, 8 characters."""
    health_code: str | None = None
    """Code of a health facility: capitals and digits, without separators."""
    name: str | None = None
    """Upper case, abbreviations of its kind written out."""
    kind: str | None = None
    """Kindergarten, school, hospital, puskesmas, pustu, posyandu, clinic, market, worship, office or other."""
    latitude: float | None = None
    """Decimal degrees north, WGS 84."""
    longitude: float | None = None
    """Decimal degrees east, WGS 84."""
    phone: str | None = None
    """E.164."""
    street: str | None = None
    rt: int | None = None
    rw: int | None = None
    village: str | None = None
    """Name of the village (desa, dusun, kelurahan) where its code is not known."""
    region: str | None = None
    """Deepest known region code, digits only, in region_system."""
    region_system: str | None = None
    """Kemendagri or bps."""
    postcode: str | None = None
    """Five digits."""
    wins: tuple[Win, ...] = ()
    members: tuple[Member, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the Avro datum."""
        return {
            "entity_id": self.entity_id,
            "generation": self.generation,
            "sequence": self.sequence,
            "status": self.status,
            "moved_to": self.moved_to,
            "previous_ids": self.previous_ids,
            "npsn": self.npsn,
            "health_code": self.health_code,
            "name": self.name,
            "kind": self.kind,
            "latitude": self.latitude,
            "longitude": self.longitude,
            "phone": self.phone,
            "street": self.street,
            "rt": self.rt,
            "rw": self.rw,
            "village": self.village,
            "region": self.region,
            "region_system": self.region_system,
            "postcode": self.postcode,
            "wins": [item.to_dict() for item in self.wins],
            "members": [item.to_dict() for item in self.members],
        }

    @classmethod
    def from_dict(cls, datum: Mapping[str, Any]) -> GoldenFacility:
        """Return the record of an Avro datum."""
        return cls(
            datum["entity_id"],
            datum["generation"],
            datum["sequence"],
            datum["status"],
            tuple(datum["moved_to"]),
            tuple(datum["previous_ids"]),
            datum["npsn"],
            datum["health_code"],
            datum["name"],
            datum["kind"],
            datum["latitude"],
            datum["longitude"],
            datum["phone"],
            datum["street"],
            datum["rt"],
            datum["rw"],
            datum["village"],
            datum["region"],
            datum["region_system"],
            datum["postcode"],
            tuple([Win.from_dict(item) for item in datum["wins"]]),
            tuple([Member.from_dict(item) for item in datum["members"]]),
        )


@dataclass(frozen=True, slots=True)
class Cause:
    """Part of a record: Cause."""

    kind: str
    """Record, judgement, sweep, attestation, generic_key, model or restored."""
    id: str
    """Record id in hexadecimal, judgement id, or model version."""

    def to_dict(self) -> dict[str, Any]:
        """Return the Avro datum."""
        return {
            "kind": self.kind,
            "id": self.id,
        }

    @classmethod
    def from_dict(cls, datum: Mapping[str, Any]) -> Cause:
        """Return the record of an Avro datum."""
        return cls(
            datum["kind"],
            datum["id"],
        )


@dataclass(frozen=True, slots=True)
class Reassigned:
    """Part of a record: Reassigned."""

    record: bytes
    old_id: str
    new_id: str

    def to_dict(self) -> dict[str, Any]:
        """Return the Avro datum."""
        return {
            "record": self.record,
            "old_id": self.old_id,
            "new_id": self.new_id,
        }

    @classmethod
    def from_dict(cls, datum: Mapping[str, Any]) -> Reassigned:
        """Return the record of an Avro datum."""
        return cls(
            datum["record"],
            datum["old_id"],
            datum["new_id"],
        )


@dataclass(frozen=True, slots=True)
class EntityChange:
    """What happened to an entity and why; the stream of changes.<entity>."""

    entity_id: str
    generation: int
    sequence: int
    at: int
    """Microseconds since 1970 UTC."""
    kind: str
    """Created, changed, merged, split, reassigned, deleted or restored."""
    causes: tuple[Cause, ...] = ()
    other_ids: tuple[str, ...] = ()
    """Merged: where to; split: into which."""
    reassigned: tuple[Reassigned, ...] = ()
    entity: str = "person"
    """Person, family, business or facility."""

    def to_dict(self) -> dict[str, Any]:
        """Return the Avro datum."""
        return {
            "entity_id": self.entity_id,
            "generation": self.generation,
            "sequence": self.sequence,
            "at": self.at,
            "kind": self.kind,
            "causes": [item.to_dict() for item in self.causes],
            "other_ids": self.other_ids,
            "reassigned": [item.to_dict() for item in self.reassigned],
            "entity": self.entity,
        }

    @classmethod
    def from_dict(cls, datum: Mapping[str, Any]) -> EntityChange:
        """Return the record of an Avro datum."""
        return cls(
            datum["entity_id"],
            datum["generation"],
            datum["sequence"],
            datum["at"],
            datum["kind"],
            tuple([Cause.from_dict(item) for item in datum["causes"]]),
            tuple(datum["other_ids"]),
            tuple([Reassigned.from_dict(item) for item in datum["reassigned"]]),
            datum["entity"],
        )


@dataclass(frozen=True, slots=True)
class Membership:
    """A person in a family, for as long as the person's winning family card is the family's.

    It is derived from both golden records and never edited.
    """

    membership_id: str
    """UUID, also the message key: one span of one person in one family."""
    generation: int
    sequence: int
    status: str
    """Active or ended."""
    person_id: str
    family_id: str
    role: str
    """Head where the family's head has the person's NIK, else member."""
    claimed_at: int
    """When the source of the winning family card told it, microseconds since 1970 UTC."""
    source: str
    """Source of the winning family card."""
    record: bytes
    """Record of the winning family card."""
    since: int
    """When the hub knew it, microseconds since 1970 UTC."""
    until: int | None = None
    """When the hub knew that it ended."""

    def to_dict(self) -> dict[str, Any]:
        """Return the Avro datum."""
        return {
            "membership_id": self.membership_id,
            "generation": self.generation,
            "sequence": self.sequence,
            "status": self.status,
            "person_id": self.person_id,
            "family_id": self.family_id,
            "role": self.role,
            "claimed_at": self.claimed_at,
            "source": self.source,
            "record": self.record,
            "since": self.since,
            "until": self.until,
        }

    @classmethod
    def from_dict(cls, datum: Mapping[str, Any]) -> Membership:
        """Return the record of an Avro datum."""
        return cls(
            datum["membership_id"],
            datum["generation"],
            datum["sequence"],
            datum["status"],
            datum["person_id"],
            datum["family_id"],
            datum["role"],
            datum["claimed_at"],
            datum["source"],
            datum["record"],
            datum["since"],
            datum["until"],
        )


SCHEMA_OF: dict[type, str] = {
    CleanPerson: "clean/person",
    CleanFamily: "clean/family",
    CleanBusiness: "clean/business",
    CleanFacility: "clean/facility",
    Sweep: "marker/sweep",
    Held: "marker/held",
    Judgement: "judgement",
    QuarantineItem: "quarantine",
    SourcePosition: "position",
    SourceNotice: "notice",
    SourceSignal: "signal",
    Verification: "verification",
    Hold: "hold",
    GoldenPerson: "golden/person",
    GoldenFamily: "golden/family",
    GoldenBusiness: "golden/business",
    GoldenFacility: "golden/facility",
    EntityChange: "golden/change",
    Membership: "golden/membership",
}
"""Schema file of each top-level record, as `hub.wire.avro` names it."""
