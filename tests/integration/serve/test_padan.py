"""The list of an office from a store that the hub's own link, merge and writer made: categories, pages, workbook."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from itertools import pairwise
from typing import Any, NamedTuple

import openpyxl
import pytest
from fastapi.testclient import TestClient

from hub import flow
from hub.persist.reviews import Reviews
from hub.platform.embedded import Platform
from hub.serve.app import Parts, create
from hub.serve.padan.desk import FRESH_S
from hub.serve.store import Store
from hub.wire import contract as contracts
from hub.wire.clock import TestClock
from hub.wire.memory import MemoryBroker
from hub.wire.records import CleanPerson, Flag, Judgement, Pair
from hub.wire.settings import Settings
from tests.integration.serve.stores import TestStore
from tests.services.fixtures import fresh_store
from tests.unit.serve.padan.people import NIK, day, record

CONTRACTS = contracts.load_all(Settings())
BUDI = {"nik": "1508020201700003", "name": "BUDI SANTOSO", "sex": "male", "birth_date": day(1970, 1, 2),
        "mother": "TUTI HERAWATI"}  # fmt: skip
DEWI = {"nik": "1508036505880004", "name": "DEWI LESTARI PUTRI", "birth_date": day(1988, 5, 25), "mother": "SUMINAH"}
HASAN = {"nik": "1508041111600001", "name": "HASAN BASRI", "sex": "male", "birth_date": day(1960, 11, 11),
         "mother": "ZAINAB"}  # fmt: skip
VILLAGE = {"region": "1508052003", "region_system": "kemendagri"}
RINI = {"nik": "1508056007990002", "name": "RINI ANGGRAINI", "birth_date": day(1999, 7, 20), "mother": "YUSNIAR HANUM",
        **VILLAGE}  # fmt: skip
STRANGER = {"name": "TAUFIK HIDAYAT", "sex": "male", "birth_date": day(1985, 2, 3), "mother": "KARTINI"}
REGISTER = [
    record("dukcapil", 1), record("dukcapil", 2, **BUDI), record("dukcapil", 3, **DEWI),
    record("dukcapil", 4, vital="dead", **HASAN), record("dukcapil", 5, **RINI),
]  # fmt: skip
OFFICE = {
    "matched": record("dinsos", 1),
    "matched_with_differences": record("dinsos", 2, **{**BUDI, "name": "BUDI SANTOZO"}),
    "matched_without_nik": record("dinsos", 3, Flag("nik", "placeholder", "0"), **{**DEWI, "nik": None}),
    "dead_or_left": record("dinsos", 4, **HASAN),
    "nik_of_another": record("dinsos", 5, **{**STRANGER, "nik": NIK}),
    "nik_unusable": record("dinsos", 6, Flag("nik", "implausible", "=1508"),
                           **{**STRANGER, "nik": None, "name": "YANTO"}),
    "no_candidate": record("dinsos", 7, nik=None, name="MARLINA", mother=None, birth_date=day(1951, 9, 8)),
}  # fmt: skip
TWIN = record("dinsos", 8, **BUDI)


class River:
    """link and merge before the store's writer, without Kafka."""

    def __init__(self, kept: TestStore) -> None:
        self._kept = kept
        self._parts = flow.resolver(CONTRACTS)
        self._reviews = Reviews("person", "test")
        self._known: dict[bytes, CleanPerson] = {}

    def take(self, records: Sequence[CleanPerson | Judgement]) -> None:
        """Resolve and commit records and decisions."""
        self._known |= {one.id: one for one in records if isinstance(one, CleanPerson) and not one.deleted}
        delta = self._parts.engine.apply(records)
        golden = [
            self._parts.merge(entity.entity_id, [self._known[one] for one in entity.members], self._parts.authorities)
            for entity in delta.entities
            if entity.members
        ]
        reviews = self._reviews.difference(self._parts.engine.doubts(), delta)
        self._kept.commit(delta, golden, reviews=reviews)
        self._parts.engine.commit(delta)
        self._reviews.taken(reviews)


class Filled(NamedTuple):
    """A store with the people above, its API, and what moves both."""

    api: TestClient
    river: River
    clock: TestClock


@contextmanager
def filled(url: str) -> Iterator[Filled]:
    clock, broker = TestClock(), MemoryBroker()
    with closing(TestStore(url)) as kept, closing(Store(url, size=2)) as store:
        river = River(kept)
        river.take([*REGISTER, *OFFICE.values(), TWIN])
        with TestClient(create(Parts(store, broker, kept.codec, clock, contracts=CONTRACTS))) as client:
            yield Filled(client, river, clock)


@pytest.fixture(scope="module")
def api(platform: Platform) -> Iterator[TestClient]:
    """The API of a store that no test changes."""
    with fresh_store(platform.services["database"].endpoint) as url, filled(url) as made:
        yield made.api


def rows(api: TestClient, **query: Any) -> list[dict[str, Any]]:
    answer = api.get("/v1/sources/dinsos/padan", params=query)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["rows"]
    return found


def test_every_record_is_in_its_category(api: TestClient) -> None:
    found = {row["record"]: row["category"] for row in rows(api)}
    assert found == {
        **{one.id.hex(): category for category, one in OFFICE.items()}, TWIN.id.hex(): "matched"
    }  # fmt: skip
    summary = api.get("/v1/sources/dinsos/padan/summary").json()
    assert (summary["records"], summary["padan"], summary["duplicates"]) == (8, 4, 4)
    assert {one["category"]: one["records"] for one in summary["categories"]} == {
        **dict.fromkeys(OFFICE, 1), "matched": 2, "under_review": 0
    }  # fmt: skip


def test_a_row_tells_reason_difference_and_proposal(api: TestClient) -> None:
    [differing] = rows(api, category="matched_with_differences")
    [difference] = differing["differences"]
    assert (difference["group"], difference["ours"], difference["register_value"]) == (
        "name", "BUDI SANTOZO", "BUDI SANTOSO"
    )  # fmt: skip
    assert difference["kind"] == "typing"
    [proposed] = rows(api, category="matched_without_nik")
    assert proposed["proposed_nik"] == DEWI["nik"]
    assert [one["code"] for one in proposed["reasons"]] == ["nik_missing"]


def test_of_the_holder_of_a_nik_nothing_is_told_but_what_disagrees(api: TestClient) -> None:
    answer = api.get("/v1/sources/dinsos/padan", params={"category": "nik_of_another"})
    assert "SEKAR" not in answer.text
    assert "nama, tanggal lahir, jenis kelamin" in answer.json()["rows"][0]["reasons"][0]["text"]


def test_duplicates_of_the_office_s_own_list_name_each_other(api: TestClient) -> None:
    found = {row["record"]: row["duplicates"] for row in rows(api, duplicate=True)}
    wanted = {}
    for kind, *pair in (("entity", OFFICE["matched_with_differences"], TWIN),
                        ("nik", OFFICE["matched"], OFFICE["nik_of_another"])):  # fmt: skip
        one, other = [each.id.hex() for each in pair]
        wanted |= {one: [{"record": other, "kind": kind}], other: [{"record": one, "kind": kind}]}
    assert found == wanted


def test_pages_follow_one_another_and_hold_every_row_once(api: TestClient) -> None:
    seen: list[str] = []
    after = None
    while True:
        page = api.get("/v1/sources/dinsos/padan", params={"limit": 3} | ({"after": after} if after else {})).json()
        seen += [row["record"] for row in page["rows"]]
        after = page["next"]
        if after is None:
            break
    assert seen == [row["record"] for row in rows(api)]
    assert len(set(seen)) == 8
    gone = api.get("/v1/sources/dinsos/padan", params={"after": "00" * 16})
    assert gone.status_code == 422


def test_a_list_follows_the_store_once_it_is_old(migrated: str) -> None:
    with filled(migrated) as (api, river, clock):
        before = api.get("/v1/sources/dinsos/padan/summary").json()

        # a NIK on rows of two people more, and a register's record gone: nobody sees it while the list is fresh
        agus = {**STRANGER, "nik": NIK, "name": "AGUS SALIM", "birth_date": day(1977, 4, 4)}
        gone = record("dukcapil", 1, version=2)
        deleted = CleanPerson(gone.id, gone.version, True, gone.source, gone.table, gone.changed_at, 0)
        river.take([record("dinsos", 9, **agus), deleted])
        assert api.get("/v1/sources/dinsos/padan/summary").json() == before

        clock.advance(FRESH_S + 1)
        kinds = [one["kind"] for row in rows(api, duplicate=True) for one in row["duplicates"]]
        assert sorted(kinds) == ["entity"] * 2 + ["nik"] * 6
        [row] = [row for row in rows(api) if row["record"] == OFFICE["matched"].id.hex()]
        assert (row["category"], row["reasons"][0]["code"]) == ("dead_or_left", "left_register")

        after = api.get("/v1/sources/dinsos/padan/summary").json()
        assert after["records"] == 9
        clock.advance(FRESH_S + 1)
        assert api.get("/v1/sources/dinsos/padan/summary").json() == after


def test_a_likely_pair_apart_is_under_review_until_a_steward_decides(migrated: str) -> None:
    """A pupil of the village without a NIK, of the same mother, born on another day, her name cut short."""
    pupil = record("dapodik", 1, nik=None, name="RINI A", birth_date=day(1999, 7, 24), mother=RINI["mother"],
                   **VILLAGE)  # fmt: skip
    with filled(migrated) as (api, river, clock):
        river.take([pupil])
        answer = api.get("/v1/sources/dapodik/padan")
        [row] = answer.json()["rows"]
        assert row["category"] == "under_review"
        assert RINI["nik"] not in answer.text

        pair = (Pair(pupil.id, REGISTER[4].id),)
        river.take([Judgement("j1", "different", pair, "petugas.contoh", "kakak adik", 1_700_000_000_000_000)])
        clock.advance(FRESH_S + 1)
        [row] = api.get("/v1/sources/dapodik/padan").json()["rows"]
        assert (row["category"], [one["code"] for one in row["reasons"]]) == (
            "no_candidate", ["nik_empty", "refused_by_steward"]
        )  # fmt: skip


def test_the_register_itself_and_strangers_have_no_list(api: TestClient) -> None:
    assert api.get("/v1/sources/dukcapil/padan").status_code == 409
    assert api.get("/v1/sources/nobody/padan/summary").status_code == 404


def test_the_workbook_is_what_a_clerk_works_from(api: TestClient) -> None:
    answer = api.get("/v1/sources/dinsos/padan.xlsx")
    assert answer.headers["content-disposition"].startswith('attachment; filename="padan-dinsos-')
    book = openpyxl.load_workbook(io.BytesIO(answer.content))
    assert book.sheetnames == [
        "Ringkasan", "Meninggal atau keluar", "NIK milik orang lain", "Padan, usul NIK", "Padan, isian berbeda",
        "NIK tidak sah", "Tidak ditemukan", "Padan", "Ganda di daftar Anda",
    ]  # fmt: skip
    for sheet in book.worksheets[1:]:
        assert sheet.freeze_panes == "B3"
        assert sheet.auto_filter.ref.startswith("A2:")
        assert sheet["A2"].comment is not None or sheet["B2"].comment is not None
    counted = {row[0]: row[1] for row in book["Ringkasan"].iter_rows(min_row=6, values_only=True) if row[1]}
    assert (counted["Semua baris"], counted["di antaranya padan"], counted["Padan"]) == (8, 4, 2)
    proposed = [cell.value for cell in book["Padan, usul NIK"][3]]
    assert proposed[1:4] == ["0", DEWI["nik"], "DEWI LESTARI PUTRI"]
    cell = book["NIK tidak sah"]["B3"]
    assert (cell.value, cell.data_type) == ("=1508", "s")
    groups = [row[0] for row in book["Ganda di daftar Anda"].iter_rows(min_row=3, values_only=True)]
    assert groups == [1, 1, 2, 2]


def test_what_matters_most_comes_first(api: TestClient) -> None:
    order = [row["category"] for row in rows(api)]
    at = ["matched", "matched_with_differences", "matched_without_nik", "dead_or_left", "nik_of_another",
          "nik_unusable", "no_candidate"]  # fmt: skip
    places = [at.index(category) for category in order]
    assert all(one <= other for one, other in pairwise(places))
