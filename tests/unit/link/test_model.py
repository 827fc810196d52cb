"""The model file is checked whole, and features and keys are what the research asks for."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from hub.link import forms, kinds
from hub.link.evidence import Block
from hub.link.features import Layout, claim_of, identifier_of, unpack
from hub.link.journal import Journal
from hub.link.model import DEFAULT, SHIPPED, of, read
from hub.wire.errors import RefuseToStart
from hub.wire.records import CleanPerson
from tests.unit.link.builders import BUDI, MODEL, day, person

LAYOUT = Layout(MODEL)


def pack(record: CleanPerson) -> bytes:
    return LAYOUT.pack(LAYOUT.read(record))


def keys(record: CleanPerson) -> list[int]:
    return LAYOUT.keys(unpack(pack(record)))


def value(record: CleanPerson, comparison: str) -> object:
    place = [each.name for each in MODEL.comparisons].index(comparison)
    return unpack(pack(record))[LAYOUT.places[place]]


def test_the_shipped_model_is_whole() -> None:
    assert MODEL.prior < MODEL.floor < 0 < MODEL.threshold
    assert MODEL.comparison("nik").weights[0].milli == 0
    assert MODEL.attested == "nik"
    assert MODEL.anchor[0] == "register"


BLOCK_FOR_TRAINING = '[[training_block]]\nname = "card"\nparts = ["kk:exact", "sex"]\n'
ADJUSTED = '[compare.frequency]\ntable = "n"\nlevel = "exact"\n[compare.levels]\n'


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("serial_next =", "serial_near =", r"\[\[compare\]\] nik, levels: missing \['serial_next'\]"),
        ("kind = \"kk\"", "kind = \"blood\"", "kind 'blood' is none of"),
        ('fields = ["kk"]', 'fields = ["npwp"]', "a person record has no field 'npwp'"),
        ('fields = ["kk"]', 'fields = ["kk", "nik"]', "reads 1 to 1 fields"),
        ('name = "kk"', 'name = "nik"', "each needs a name of its own"),
        ('name = "kk"', 'namee = "kk"', "namee"),
        ('entity = "person"', 'entity = "animal"', "'animal' is none of"),
        ('origin = "hand"', 'origin = "guess"', "hand, trained"),
        ('version = "person-', '# version = "person-', "version"),
        ("prior = -18.0", 'prior = "low"', "prior.*numbers"),
        ("prior = -18.0", "prior = nan", "prior.*numbers"),
        ("prior = -18.0", "prior = ", "cannot be read"),
        ("max_cluster = 200", "max_cluster = 0", "max_cluster.*1 or more"),
        ("serial_next = -4.0", "serial_next = {m = 0.1}", "serial_next: needs bits, or both m and u"),
        ("serial_next = -4.0", "serial_next = {m = 0.1, u = 0.0}", "shares above 0"),
        ("serial_next = -4.0", "serial_next = {bits = 1, fixed = 1}", "true or false"),
        ('parts = ["nik"]', 'parts = ["nik", "sex"]', "must hold nik alone"),
        ('"nik:5-12"', '"nik:12-5"', "transform '12-5' is none of"),
        ('"nik:5-12"', '"nick:5-12"', "no field 'nick'"),
        ("[[rule]]", "[[training_block]]\nname = \"kk\"\n[[rule]]", r"\[\[training_block\]\]: missing \['parts'\]"),
        ("[[rule]]", f"{BLOCK_FOR_TRAINING}{BLOCK_FOR_TRAINING}[[rule]]", r"training_block.*a name of its own"),
        ("[[rule]]", f"{BLOCK_FOR_TRAINING.replace('kk:exact', 'kk:half')}[[rule]]", "'half' is none of"),
        ('entity = "person"', 'entity = "person"\ntraining_block = []', r"training_block.*0 blocks"),
        ('kind = "attested"', 'kind = "never"', "'never' is none of attested, listed, first"),
        ("[[rule]]", '[[rule]]\nkind = "attested"\nfield = "nik"\n[[rule]]', "attested may stand once"),
        ("[[rule]]", '[[rule]]\nkind = "listed"\n[[rule]]', "listed: missing"),
        ("[[rule]]", '[[rule]]\nkind = "listed"\nwhen = {}\n[[rule]]', "table of comparison"),
        ("[[rule]]", '[[rule]]\nkind = "first"\nwhen = {nick = ["exact"]}\n[[rule]]', "first, when nick"),
        ("[[rule]]", '[[rule]]\nkind = "listed"\nwhen = {name = ["alike"]}\n[[rule]]', "no level alike"),
        ('borne_out_by = ["birth_date", "sex"]', 'own = "yes"', "own.*true or false"),
        ('borne_out_by = ["birth_date", "sex"]', 'own = true\nborne_out_by = ["birth_date", "sex"]', "false beside"),
        ('borne_out_by = ["birth_date", "sex"]', 'borne_out_by = ["sex"]', "only a nik can be borne out"),
        ("[compare.levels]\nexact = 11.5", f"{ADJUSTED}exact = 1", "level exact must give its u"),
        ("[compare.levels]\nexact = 11.5", f"{ADJUSTED}exact = {{bits = 1, u = 0.1}}", "not in person-7.frequencies"),
        ("[[rule]]", '[[together]]\nnames = ["kk", "street"]\ncap = 1.0\n[[rule]]', "comparisons of the file"),
    ],
)  # fmt: skip
def test_a_model_file_with_a_fault_is_refused_by_name(tmp_path: Path, old: str, new: str, named: str) -> None:
    path = tmp_path / "person-7.toml"
    text = SHIPPED.joinpath("person-1.toml").read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(RefuseToStart, match=named) as caught:
        read(path)
    assert "person-7.toml" in str(caught.value)


def test_training_has_the_models_blocks_unless_the_file_names_others(tmp_path: Path) -> None:
    text = SHIPPED.joinpath("person-1.toml").read_text(encoding="utf-8")
    path = tmp_path / "person-7.toml"
    path.write_text(text, encoding="utf-8")
    plain = read(path)
    assert plain.training_blocks == plain.blocks
    path.write_text(text + BLOCK_FOR_TRAINING, encoding="utf-8")
    named = read(path)
    assert named.training_blocks == (Block("card", (("kk", "exact"), ("sex", "exact"))),)
    assert named.blocks == plain.blocks


def test_what_is_kept_of_a_record_does_not_hang_on_the_blocks_of_training() -> None:
    known, blocks = person("s1", 1), (Block("card", (("kk", "exact"),)),)
    others = Layout(replace(MODEL, training_blocks=blocks))
    assert others.pack(others.read(known)) == pack(known)
    assert others.keys(others.read(known)) == keys(known)
    one = Layout(MODEL, blocks)
    assert len(one.keys(one.read(known))) == 1


def test_a_missing_model_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RefuseToStart, match="cannot be read"):
        read(tmp_path / "none.toml")


def test_a_frequency_file_with_a_fault_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "person-7.toml"
    path.write_text(DEFAULT.read_text(encoding="utf-8"), encoding="utf-8")
    path.with_name("person-7.frequencies.json").write_text('{"names": {"shares": {"BUDI": 0}}}')
    with pytest.raises(RefuseToStart, match=r"person-7.frequencies.json.*0 is no share"):
        read(path)


def test_the_newest_file_of_a_folder_is_the_model_and_else_the_one_that_ships(tmp_path: Path) -> None:
    assert of("person", tmp_path).version == of("person").version == MODEL.version
    text = SHIPPED.joinpath("person-1.toml").read_text(encoding="utf-8")
    for number in (2, 10):
        changed = text.replace('version = "person-1"', f'version = "local-{number}"')
        (tmp_path / f"person-{number}.toml").write_text(changed, encoding="utf-8")
    assert of("person", tmp_path).version == "local-10"
    with pytest.raises(RefuseToStart, match="SATUDATA_MODELS"):
        of("animal", tmp_path)


@pytest.mark.parametrize("kind", kinds.names())
def test_every_kind_keeps_the_contract(kind: str) -> None:
    found = kinds.find(kind)
    assert found.LEVELS[0] == kinds.MISSING
    assert len(set(found.LEVELS)) == len(found.LEVELS) <= 16
    assert set(found.TEXTS) == set(found.LEVELS[1:])
    assert all(indonesian and english for indonesian, english in found.TEXTS.values())
    assert 1 <= found.FIELDS[0] <= found.FIELDS[1]


def test_features_come_back_as_they_went_in_and_stay_small() -> None:
    known = person("s1", 1, name_variants=("BOEDI SANTOSO", "BUDHI SANTOSO"))
    assert value(known, "nik") == 1508021203900001
    assert value(known, "kk") == 1508020101100001
    assert value(known, "sex") == 1
    assert value(known, "birth") == (1990 << 9 | 3 << 5 | 12) << 2
    assert value(known, "name") == "BUDI SANTOSO\nBUDHI SANTOSO"
    assert value(known, "mother") == "SITI AMINAH"
    assert len(pack(known)) < 160
    assert not any(unpack(pack(person("s1", 1, {}))))


def test_dates_outside_the_calendar_are_no_feature() -> None:
    assert value(person("s1", 1, birth_date=10**8), "birth") == 0


def test_a_name_as_long_as_a_column_is_marked_and_compared_without_the_mark() -> None:
    written = "SITI NURHALIZAH RAHMAWATI PUTR"
    kept = forms.names(person("s1", 1, {}, name=written), ("name",))
    assert kept == written + forms.CUT
    assert forms.first(kept) == written
    assert forms.words(kept)[-1] == "PUTR"


def test_the_identifier_stands_beside_the_values_as_its_key() -> None:
    packed = pack(person("s1", 1))
    assert identifier_of(packed) == claim_of(packed) == int(str(BUDI["nik"]))
    assert LAYOUT.identifies(identifier_of(packed))
    assert [key for key in keys(person("s1", 1)) if LAYOUT.identifies(key)] == [identifier_of(packed)]
    assert identifier_of(pack(person("s1", 1, nik=None))) == 0


def shared(**changes: object) -> int:
    left = keys(person("s1", 1, BUDI))
    right = keys(person("s1", 1, BUDI, **changes))
    assert len(left) == len(set(left))
    assert all(0 < key < 1 << 60 for key in left)
    return len(set(left) & set(right))


def test_keys_survive_the_errors_that_registers_make() -> None:
    assert shared(nik="1508021203900007", kk=None) >= 4
    assert shared(nik=None, kk=None, birth_date=day("1990-12-03")) >= 2
    assert shared(nik=None, kk=None, name="BOEDI S") >= 2
    assert shared(nik=None, kk=None, birth_date=day("1990-07-01"), region=None) == 1
    assert shared(nik=None, birth_date=None, mother=None) == 1
    assert shared(nik=None, name="DUBI SANTOSA", birth_date=day("1990-07-01")) >= 2
    assert shared(name="BUDI", nik=None, kk=None, mother=None, birth_date=day("1990-12-03")) == 2
    assert shared(name="DEWI", nik=None, kk=None) == 1
    assert shared(name="DEWI", nik=None, kk=None, mother=None) == 0


def test_what_gathers_strangers_as_the_register_grows_is_no_key() -> None:
    apart = {"nik": None, "kk": None, "region": None}
    assert shared(**apart, name="EKO SANTOSO", mother=None) == 0
    assert shared(**apart, name="EKO SANTOSO", birth_date=day("1990-07-01")) == 0
    assert shared(nik=None, kk=None, name="BUDI HARTONO", mother=None, birth_date=day("1990-07-01")) == 0
    assert shared(nik=None, kk=None, name="BUDI HARTONO", mother=None, sex=None, region="1507012001") == 0


def test_a_record_without_sex_is_found_by_its_name() -> None:
    apart = {"nik": None, "kk": None, "sex": None}
    assert shared(**apart, mother=None, region=None) == 1
    assert shared(**apart, birth_date=day("1990-07-01")) == 2


def test_the_journal_undoes_every_kind_of_change_in_reverse() -> None:
    class Thing:
        value = 1

    journal, mapping, members, items, thing = Journal(), {"a": 1}, {1}, [1], Thing()
    journal.put(mapping, "a", 2)
    journal.put(mapping, "b", 3)
    journal.put_new(mapping, ("c", "d"), 4)
    journal.drop(mapping, "a")
    journal.drop(mapping, "zz")
    journal.add(members, 2)
    journal.add(members, 1)
    journal.discard(members, 1)
    journal.append(items, 2)
    journal.assign(thing, "value", 5)
    journal.rollback()
    assert (mapping, members, items, thing.value) == ({"a": 1}, {1}, [1], 1)
    journal.put(mapping, "a", 9)
    journal.commit()
    journal.rollback()
    assert mapping == {"a": 9}
