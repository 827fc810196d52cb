"""serve refuses a judgement exactly where link would keep it as refused."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hub.link.journal import Journal
from hub.link.judgements import Book
from hub.link.work import Work
from hub.serve.judging import Decided, Ends, contradicted, ordered
from hub.wire.records import Judgement

ROOTS = [bytes([n]) * 16 for n in range(1, 6)]
PAIR = st.tuples(st.sampled_from(ROOTS), st.sampled_from(ROOTS)).filter(lambda pair: pair[0] != pair[1])
DECISIONS = st.lists(
    st.tuples(st.sampled_from(["same", "different", "unsure"]), st.lists(PAIR, min_size=1, max_size=3)), max_size=12
)


@given(DECISIONS)
def test_both_stages_refuse_the_same_decisions(decisions: list[tuple[str, list[Ends]]]) -> None:
    book = Book(Journal())
    for number, (verdict, pairs) in enumerate(decisions):
        wanted = {ordered(*pair) for pair in pairs}
        active = [Decided(row.id, row.verdict, (row.a, row.b)) for row in book.rows() if row.state == "active"]
        refused = bool(contradicted(verdict, wanted, active))
        book.take(Work(), Judgement(str(number), verdict, (), "petugas", "uji", number), wanted)
        states = {row.state for row in book.rows() if row.id == str(number)}
        assert (states == {"refused"}) == refused
