"""The switch of a model by the writer: all or nothing, told as changes with cause `model`, kept by the store."""

from __future__ import annotations

import json
import re
from functools import partial

import psycopg
import pytest

import hub.__main__
from hub import flow
from hub.link import model
from hub.persist import models
from hub.persist.models import ModelFile
from hub.persist.reconcile import Reconciler
from hub.persist.turning import Models
from hub.persist.work import Log
from hub.train import shadow
from hub.wire import contract
from hub.wire.broker import Incoming
from hub.wire.clock import TestClock
from hub.wire.decisions import Tick
from hub.wire.errors import Halt, RefuseToStart
from hub.wire.settings import Settings
from tests.integration.persist.build import CODEC
from tests.integration.persist.test_reconcile import CLEAN, CLOCK, JUDGED, life

PRESENT = flow.model_file(model.DEFAULT)
CONTRACTS = contract.load_all(Settings())


def variant(version: str, threshold: float, ranks: str = "") -> ModelFile:
    """The shipped model with another threshold, and names from programmes first where that is asked."""
    text = PRESENT.text.replace(f'version = "{PRESENT.version}"', f'version = "{version}"')
    text = re.sub(r"(?m)^threshold = \S+", f"threshold = {threshold}", text)
    if ranks:
        text = re.sub(r"(?m)^name = \[.*\]$", f"name = {ranks}", text)
    return ModelFile("person", version, text, PRESENT.frequencies)


STRICT = variant("person-strict", 24.0)
BUILD = partial(flow.stages_under, CONTRACTS)


class Writer:
    """A reconciler with models, fed without Kafka."""

    def __init__(self, url: str, epoch: int, given: ModelFile = PRESENT) -> None:
        self.clock = TestClock(CLOCK.now_us())
        self.reconciler = Reconciler(
            url,
            epoch,
            {"person": BUILD(given)},
            CODEC,
            self.clock,
            models={"person": Models(given, BUILD, flow.difference)},
        )
        self.reconciler.load()
        self.logs = {name: Log("cluster", f"id of {name}", 0) for name in (CLEAN, JUDGED, "quarantine.clean")}
        start = self.reconciler.offsets({log: (name, 0) for name, log in self.logs.items()})
        self.at = {name: start[log] or 0 for name, log in self.logs.items()}

    def feed(self, topic: str, *records: object) -> None:
        base = self.at[topic]
        batch = [Incoming(topic, 0, base + place, getattr(each, "id", None), CODEC.encode(each), (), 0)
                 for place, each in enumerate(records)]  # fmt: skip
        step = self.reconciler.batch(self.logs[topic], base, base + len(batch), batch)
        assert step is not None
        self.reconciler.commit(step)
        self.at[topic] = base + len(batch)

    def rest(self) -> None:
        """Do what is due in the background, two seconds and more later."""
        self.clock.advance(3)
        while (step := self.reconciler.tick()) is not None:
            self.reconciler.commit(step)


@pytest.fixture
def writers(store, lease):
    made: list[Writer] = []

    def make(given: ModelFile = PRESENT) -> Writer:
        made.append(Writer(store, lease.epoch, given))
        return made[-1]

    yield make
    for each in made:
        each.reconciler.close()


def lived(writer: Writer, part: slice, seed: int = 5) -> None:
    for topic, batch in list(life(seed))[part]:
        if topic in {CLEAN, JUDGED}:
            writer.feed(topic, *batch)


def scratch(file: ModelFile, rest_after: int, seed: int = 5) -> str:
    """The digest of a life under one model, with the same rests."""
    engine, clock = BUILD(file).engine, TestClock(CLOCK.now_us())
    for number, (topic, batch) in enumerate([*life(seed), ("", [])], start=1):
        if topic in {CLEAN, JUDGED}:
            engine.commit(engine.apply(batch))
        if number == rest_after or not topic:
            clock.advance(3)
            engine.commit(engine.apply([Tick(clock.now_us())]))
            while engine.backlog():
                engine.commit(engine.apply([Tick(clock.now_us())]))
    return engine.digest()


def offer(store: str, file: ModelFile) -> None:
    with models.offers(store) as offers:
        offers.offer(file, "ani")


def test_a_switch_among_events_equals_a_life_under_the_new_model(store, writers, rows) -> None:
    writer = writers()
    lived(writer, slice(0, 30))
    offer(store, STRICT)
    writer.rest()
    lived(writer, slice(30, None))
    writer.rest()
    digest = writer.reconciler.digest()
    assert digest == scratch(STRICT, 30)
    assert writers().reconciler.digest() == digest, "a restart loads the store's model, not the one that ships"
    states = dict(rows("select version, state from link.model"))
    assert states == {PRESENT.version: "retired", "person-strict": "active"}
    told = rows("select kind from store.history where causes::text like %s", '%"model"%')
    assert told
    assert rows("select said from link.model where state = 'active'")[0][0].startswith("entities: ")
    assert rows("select count(*) from store.member m left join store.person p on p.entity_id = m.entity_id "
                "and p.status = 'active' where p.entity_id is null") == [(0,)]  # fmt: skip


def test_there_and_back_the_store_is_as_before(store, writers, rows) -> None:
    writer = writers()
    lived(writer, slice(None))
    writer.rest()
    queries = (
        "select record, entity_id from store.member order by 1",
        "select a, b, weight, levels::text from link.edge order by 1, 2",
        "select entity_id, name, nik, wins::text from store.person where status = 'active' order by 1",
    )
    before, digest = [rows(query) for query in queries], writer.reconciler.digest()
    offer(store, STRICT)
    writer.rest()
    assert [rows(query) for query in queries] != before
    offer(store, PRESENT)
    writer.rest()
    assert [rows(query) for query in queries] == before
    assert writer.reconciler.digest() == digest


def test_a_writer_that_dies_before_its_commit_has_changed_nothing(store, writers, rows) -> None:
    writer = writers()
    lived(writer, slice(0, 30))
    writer.rest()
    digest = writer.reconciler.digest()
    edges = rows("select a, b, weight from link.edge order by 1, 2")
    offer(store, STRICT)
    writer.clock.advance(3)
    step = writer.reconciler.tick()
    assert step is not None
    assert step.turned is not None
    assert writer.reconciler.digest() == digest
    again = writers()
    assert again.reconciler.digest() == digest
    assert rows("select a, b, weight from link.edge order by 1, 2") == edges
    again.rest()
    assert again.reconciler.digest() != digest
    with pytest.raises(Halt, match=r"another process wrote meanwhile|is no more"):
        writer.reconciler.commit(step)


def test_a_writer_that_dies_within_the_transaction_has_changed_nothing(store, writers, rows, lease) -> None:
    writer = writers()
    lived(writer, slice(0, 30))
    writer.rest()
    queries = (
        "select a, b, weight from link.edge order by 1, 2",
        "select record, entity_id from store.member order by 1",
        "select count(*) from store.outbox",
        "select sequence from store.clock",
    )
    before = [rows(query) for query in queries]
    offer(store, STRICT)
    writer.clock.advance(3)
    step = writer.reconciler.tick()
    assert step is not None
    with psycopg.connect(store, autocommit=True) as other:
        other.execute("alter table store.outbox rename to outbox_away")
        with pytest.raises(Halt):
            writer.reconciler.commit(step)
        other.execute("alter table store.outbox_away rename to outbox")
    assert [rows(query) for query in queries] == before
    assert rows("select state from link.model where version = 'person-strict'") == [("offered",)]
    again = writers()
    again.rest()
    assert rows("select state from link.model where version = 'person-strict'") == [("active",)]


def test_another_order_of_authorities_is_told_of_every_value_that_changes(store, writers, rows) -> None:
    writer = writers()
    lived(writer, slice(0, 30))
    writer.rest()
    members = rows("select record, entity_id from store.member order by 1")
    names = dict(rows("select entity_id, name from store.person where status = 'active'"))
    offer(store, variant("person-ranks", 3.0, '["programme", "sector", "register"]'))
    writer.rest()
    assert rows("select record, entity_id from store.member order by 1") == members
    now = dict(rows("select entity_id, name from store.person where status = 'active'"))
    told = {row[0] for row in rows("select entity_id from store.history where causes::text like %s", '%"model"%')}
    assert {entity for entity in names if names[entity] != now[entity]} <= told


def test_a_file_that_is_no_model_is_refused_and_the_river_goes_on(store, writers, rows) -> None:
    writer = writers()
    offer(store, ModelFile("person", "person-broken", "entity = 1", None))
    writer.rest()
    ((state, said),) = rows("select state, said from link.model where version = 'person-broken'")
    assert state == "refused"
    assert "person-broken" in said
    lived(writer, slice(0, 3))


def test_one_offer_at_a_time_and_a_version_never_changes(store, writers) -> None:
    writer = writers()
    offer(store, STRICT)
    with pytest.raises(RefuseToStart, match="another model"):
        offer(store, variant("person-other", 5.0))
    writer.rest()
    with pytest.raises(RefuseToStart, match="never changes"):
        offer(store, ModelFile("person", PRESENT.version, PRESENT.text + "# other\n", PRESENT.frequencies))
    with models.offers(store) as offers:
        assert not offers.withdraw(STRICT)


def test_a_shadow_tells_what_the_switch_then_does_and_writes_nothing(store, writers, rows) -> None:
    from hub.persist import load

    writer = writers()
    lived(writer, slice(0, 30))
    writer.rest()
    before, after = BUILD(PRESENT), BUILD(STRICT)
    with load.states(store) as again:
        before.engine.load(again())
        after.engine.rebuild(again())
    found = shadow.compare(before, after, flow.difference(before, after), (3_000, 24_000))
    entities = rows("select count(*) from store.person where status = 'active'")[0][0]
    assert found.entities_before == entities
    assert (found.together, found.apart > 0) == (0, True)
    offer(store, STRICT)
    writer.rest()
    assert rows("select count(*) from store.person where status = 'active'") == [(found.entities_after,)]
    assert sum(found.kinds.values()) > 0


@pytest.fixture
def command(store, tmp_path, monkeypatch):
    """Return a function that runs a command line on the store and gives its exit code."""
    monkeypatch.setenv("SATUDATA_DATABASE", store)
    monkeypatch.setenv("SATUDATA_HOME", str(tmp_path))
    return lambda *words: hub.__main__.run([str(word) for word in words])


def test_the_commands_list_show_compare_offer_and_withdraw(writers, rows, command, tmp_path, capsys) -> None:
    writer = writers()
    lived(writer, slice(0, 30))
    writer.rest()
    file = tmp_path / "person-strict.toml"
    file.write_text(STRICT.text, encoding="utf-8")
    model.frequencies_of(file).write_text(STRICT.frequencies or "", encoding="utf-8")
    assert command("model", "show", "person") == 0
    assert PRESENT.version in capsys.readouterr().out
    assert command("model", "shadow", file, "--json") == 0
    line = json.loads(capsys.readouterr().out)
    assert (line["model"], line["present"]) == ("person-strict", PRESENT.version)
    assert line["pairs_parted"] > 0
    report = (tmp_path / "person-strict.shadow.html").read_text(encoding="utf-8")
    assert "<svg" in report
    assert not [name for (name,) in rows("select name from store.person where name is not null") if name in report]
    assert command("model", "switch", file, "--wait", "0") == 0
    assert command("model", "switch", file, "--wait", "0") == 1
    assert command("model", "withdraw", file) == 0
    assert rows("select version, state from link.model") == [(PRESENT.version, "active")]
    assert command("model", "switch", file, "--wait", "0") == 0
    writer.rest()
    capsys.readouterr()
    assert command("model", "list", "--json") == 0
    listed = json.loads(capsys.readouterr().out)
    assert {each["version"]: each["state"] for each in listed["store"]} == {
        PRESENT.version: "retired", "person-strict": "active",
    }  # fmt: skip
    assert flow.model_of_store(Settings(), "person").version == "person-strict"


def test_training_on_a_store_too_small_is_refused_with_a_report(writers, command, tmp_path, capsys) -> None:
    writer = writers()
    lived(writer, slice(0, 30))
    assert command("train", "person", "--seeds", "1000") == 1
    assert "EM starved" in capsys.readouterr().err
    (report,) = (tmp_path / "models").iterdir()
    assert report.suffix == ".html"
    assert "Refused" in report.read_text(encoding="utf-8")
