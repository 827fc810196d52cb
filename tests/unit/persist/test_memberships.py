"""Which memberships begin, end or tell something else: a function of claims and of what holds."""

from dataclasses import replace

from hub.persist.memberships import Claim, Span, difference, membership_id

CARD = Claim("family-a", "member", 5, "dukcapil", b"r" * 16)
HELD = Span("span-1", "person-1", CARD, 700)
NOW = (3, 9)


def told(persons, claims, present):
    """Return person, family, status and role of every message."""
    found = difference(persons, claims, present, NOW, 900)
    return [(one.person_id, one.family_id, one.status, one.role) for one in found]


def test_a_first_claim_begins_a_membership_under_an_id_of_its_own():
    (begun,) = difference(["person-1"], {"person-1": CARD}, {}, NOW, 900)
    assert begun.membership_id == membership_id("person-1", "family-a", NOW)
    assert (begun.status, begun.since, begun.until) == ("active", 900, None)
    assert (begun.generation, begun.sequence, begun.claimed_at, begun.record) == (3, 9, 5, b"r" * 16)
    assert membership_id("person-1", "family-a", (3, 10)) != begun.membership_id


def test_nothing_is_told_while_nothing_differs():
    assert told(["person-1"], {"person-1": CARD}, {"person-1": HELD}) == []
    assert told(["person-1"], {}, {}) == []


def test_another_role_or_source_is_told_under_the_same_id_and_since():
    (other,) = difference(["person-1"], {"person-1": replace(CARD, role="head")}, {"person-1": HELD}, NOW, 900)
    assert (other.membership_id, other.since, other.until, other.role) == ("span-1", 700, None, "head")


def test_another_family_ends_the_one_before_it_begins_the_next():
    moved = replace(CARD, family_id="family-b")
    assert told(["person-1"], {"person-1": moved}, {"person-1": HELD}) == [
        ("person-1", "family-a", "ended", "member"), ("person-1", "family-b", "active", "member")
    ]  # fmt: skip
    ended, begun = difference(["person-1"], {"person-1": moved}, {"person-1": HELD}, NOW, 900)
    assert (ended.membership_id, ended.since, ended.until) == ("span-1", 700, 900)
    assert begun.since == 900


def test_a_claim_that_is_gone_ends_it():
    assert told(["person-1"], {}, {"person-1": HELD}) == [("person-1", "family-a", "ended", "member")]
