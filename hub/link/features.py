"""What a record says that can identify its entity, packed small: the engine holds this and no body.

A record's features are a tuple of values, one for each form and fields that the model's comparisons, blocking keys and
rule read; packed they are one bytes object of 100 to 200 bytes, which is unpacked when its record is compared.
"""

from __future__ import annotations

import marshal
from collections.abc import Callable
from typing import Any, cast

from hub.link import forms, keys, kinds
from hub.link.evidence import Attested, Block
from hub.link.forms import Fields, Form, Slot
from hub.link.model import Model
from hub.link.straight import function

Slots = tuple[Slot, ...]
"""A record's values; false where nothing is known."""

_VERSION = 2
"""Of marshal's format: the newest that writes equal values as equal bytes, whichever objects hold them."""
_TRAILER = 8
_DOUBTFUL = 1 << 63
_NOTHING = bytes(_TRAILER)


class Layout:
    """Which values a model needs, and where they stand."""

    def __init__(self, model: Model, blocks: tuple[Block, ...] | None = None) -> None:
        """Lay a model out; training names blocking keys of its own, and only reads records and their keys."""
        self._slots: list[tuple[Form, Fields]] = []
        self.places = tuple([self._place(kinds.find(each.kind).read, each.fields) for each in model.comparisons])
        """Place of each comparison's value."""
        self.keys: Callable[[Slots], list[int]] = keys.maker(blocks or model.blocks, self._find)
        """Returns the blocking keys of a record's values, each once."""
        self._rule = model.rules.attested
        self._claim = self._claims(self._rule) if self._rule else None
        self.read: Callable[[Any], Slots] = self._reader()
        """Returns the values of a living record of the model's entity."""

    def pack(self, slots: Slots) -> bytes:
        """Return values in the form that the engine keeps: equal bytes for equal values."""
        claim = self._claim(slots).to_bytes(_TRAILER, "little") if self._claim else _NOTHING
        return marshal.dumps(slots, _VERSION) + claim

    def identifies(self, key: int) -> bool:
        """Say whether a blocking key is that of the identifier which a register attests."""
        return self._rule is not None and keys.is_of(self._rule.block, key)

    def _place(self, form: Form, fields: Fields) -> int:
        slot = (form, fields)
        if slot not in self._slots:
            self._slots.append(slot)
        return self._slots.index(slot)

    def _find(self, field: str, wanted: tuple[Form, ...], more: Fields) -> tuple[int, Form]:
        """Place and form of a field's value: a comparison's, if one reads it in a form that is wanted, else its own."""
        for place, (known, fields) in enumerate(self._slots):
            if fields[0] == field and (not wanted or known in wanted):
                return place, known
        form = wanted[0] if wanted else forms.text
        return self._place(form, (field, *more)), form

    def _reader(self) -> Callable[[Any], Slots]:
        calls = "".join([f"form{place}(record, fields{place}), " for place in range(len(self._slots))])
        names = {f"form{place}": form for place, (form, _) in enumerate(self._slots)}
        fields = {f"fields{place}": fields for place, (_, fields) in enumerate(self._slots)}
        return function("record", [f"return ({calls})"], {**names, **fields})

    def _claims(self, rule: Attested) -> Callable[[Slots], int]:
        """Make the function from values to the key of the attested identifier, marked where it is doubtful."""
        block = rule.block
        if rule.borne_out_by:
            place = self._place(forms.nik, (rule.field, *rule.borne_out_by))
        else:
            place, _ = self._find(rule.field, (), ())

        def claim(slots: Slots) -> int:
            value = slots[place]
            if not value:
                return 0
            key = keys.alone(block, value)
            return key | _DOUBTFUL if isinstance(value, int) and value < 0 else key

        return claim


def unpack(packed: bytes) -> Slots:
    """Return packed features as values."""
    return cast("Slots", marshal.loads(packed))  # noqa: S302 -- the engine's own bytes; the trailer is ignored


def claim_of(packed: bytes) -> int:
    """Return the key of the attested identifier if the record itself bears it out, else 0."""
    claim = int.from_bytes(packed[-_TRAILER:], "little")
    return 0 if claim & _DOUBTFUL else claim


def identifier_of(packed: bytes) -> int:
    """Return the key of the attested identifier, or 0."""
    return int.from_bytes(packed[-_TRAILER:], "little") & ~_DOUBTFUL
