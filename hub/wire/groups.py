"""Attribute groups of golden records: values that belong together and win or lose together."""

from __future__ import annotations

from collections.abc import Mapping

from hub.wire.entities import Entity

Groups = Mapping[str, tuple[str, ...]]
_ADDRESS = ("street", "rt", "rw", "village", "region", "region_system", "postcode")

GROUPS: Mapping[Entity, Groups] = {
    "person": {
        "nik": ("nik",),
        "kk": ("kk",),
        "identity": ("identity_no",),
        "name": ("name", "titles"),
        "birth": ("birth_date", "birth_place"),
        "sex": ("sex",),
        "mother": ("mother",),
        "phone": ("phone",),
        "address": _ADDRESS,
        "marital": ("marital",),
        "vital": ("vital",),
    },
    "family": {
        "kk": ("kk",),
        "head": ("head_nik", "head_name"),
        "size": ("member_count",),
        "phone": ("phone",),
        "address": _ADDRESS,
    },
    "business": {
        "nib": ("nib",),
        "npwp": ("npwp",),
        "owner": ("owner_nik", "owner_name"),
        "name": ("name", "form"),
        "activity": ("kbli",),
        "scale": ("scale",),
        "phone": ("phone",),
        "address": _ADDRESS,
    },
    "facility": {
        "npsn": ("npsn",),
        "health_code": ("health_code",),
        "name": ("name",),
        "kind": ("kind",),
        "place": ("latitude", "longitude"),
        "phone": ("phone",),
        "address": _ADDRESS,
    },
}
"""Fields of each group, by kind of entity; a record speaks of a group when it fills one of them."""
ADDED: Mapping[Entity, Mapping[str, str]] = {"person": {"identity": "nik"}}
"""Groups that models in use may not name, as they came later, and the group whose order of authorities they take."""
