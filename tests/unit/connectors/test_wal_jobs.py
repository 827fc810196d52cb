"""What is left of a table, how far it is, and which requests are obeyed as written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.kinds.postgres_wal.jobs import PART_DONE, Job, jobs_of, piece
from connectors.kinds.postgres_wal.parts import Part
from connectors.protocol import Request
from hub.wire.contract import Table
from hub.wire.errors import RefuseToStart

TABLE = Table.model_validate(
    {"name": "public.warga", "entity": "person", "key": ["id"], "map": {"name": {"from": "nama", "with": "name"}}}
)
PAIR = TABLE.model_copy(update={"key": ("program", "no_urut")})


def part(oid: int, filenode: int = 1) -> Part:
    return Part(oid, f"public.p{oid}", filenode, "r", True, "f")


def request(**given_: object) -> Request:
    return Request("r1", "snapshot", "public.warga", **given_)  # type: ignore[arg-type]


@given(
    st.builds(
        Job,
        st.just("public.warga"),
        st.tuples(st.text()),
        st.lists(st.integers(1, 9)).map(tuple),
        st.booleans(),
        *[st.integers(0, 2**63) for _ in range(3)],
        st.integers(-1, 2**31),
        st.integers(0, 2**40),
    )
)
def test_a_job_survives_the_state(job: Job) -> None:
    assert jobs_of({"snap:public.warga": job.text()}, ["public.lain", "public.warga"]) == {"public.warga": job}


def test_a_job_goes_on_behind_its_last_chunk_and_then_to_the_next_part() -> None:
    parts = [part(5), part(9)]
    job = Job("public.warga").after(parts[0], 128, 1000, 77)
    assert job.left(parts) == [(parts[0], 128), (parts[1], 0)]
    assert job.progress(parts, {5: 256, 9: 256}) == 0.25
    job = job.after(parts[0], PART_DONE, 500, 99)
    assert job.left(parts) == [(parts[1], 0)]
    assert (job.floor, job.rows) == (77, 1500)
    job = job.after(parts[1], PART_DONE, 0, 99)
    assert job.left(parts) == []
    assert job.progress(parts, {5: 256, 9: 256}) == 1


def test_a_part_that_was_rewritten_begins_again() -> None:
    job = Job("public.warga").after(part(5), 128, 1000, 77)
    assert job.left([part(5, filenode=2)]) == [(part(5, filenode=2), 0)]
    assert job.after(part(5), PART_DONE, 0, 77).left([part(5, filenode=2)]) == [(part(5, filenode=2), 0)]


def test_only_the_named_parts_are_read() -> None:
    assert Job("public.warga", only=(9,)).left([part(5), part(9)]) == [(part(9), 0)]


def test_keys_become_a_condition_in_which_nothing_ends_a_text() -> None:
    assert piece(request(keys=("7", "x' OR '1'='1")), TABLE).condition == """("id") IN (('7'), ('x'' OR ''1''=''1'))"""
    made = piece(request(keys=('["PKH", "12"]',)), PAIR)
    assert made.condition == """("program", "no_urut") IN (('PKH', '12'))"""


@pytest.mark.parametrize("key", ["PKH", '["PKH"]', '{"program": "PKH"}', "12"])
def test_a_key_of_several_parts_is_an_array_of_them(key: str) -> None:
    with pytest.raises(RefuseToStart, match="2"):
        piece(request(keys=(key,)), PAIR)


@pytest.mark.parametrize("where", ["id > 5", "nama = 'a)b' AND (id = 1 OR (id = 2))", '"kolom (lama)" IS NULL'])
def test_a_condition_is_taken_as_it_is(where: str) -> None:
    assert piece(request(where=where), TABLE).condition == f"({where})"


@pytest.mark.parametrize(
    "where", ["id = 1) OR (1 = 1", "(id = 1", "id = 1; SELECT 1", "id = 1 -- x", "id /* x */ = 1", "nama = 'x", "$$x$$"]
)
def test_what_would_leave_its_brackets_is_refused(where: str) -> None:
    with pytest.raises(RefuseToStart, match="brackets"):
        piece(request(where=where), TABLE)
