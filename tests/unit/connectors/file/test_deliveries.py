"""What becomes of a delivery: where its file ends, what its office gets, what the hub is told, and what reaches raw."""

import io
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from connectors.kinds.file_drop.source import FileDrop
from connectors.protocol import Fingerprint
from hub.wire.avro import Codec
from hub.wire.contract import Contract
from hub.wire.envelope import Envelopes
from hub.wire.identity import digest_key, row_digest
from hub.wire.topics import HEADER_KIND
from hub.wire.version import stamp
from tests.suites.connector import (
    MASTER,
    TABLE,
    Doomed,
    Killed,
    at_rest,
    build,
    changes,
    floor,
    header,
    living,
    notices,
    position,
    raw,
    running,
    until,
    version,
)  # fmt: skip
from tests.suites.files import FilesStage, csv_bytes, put, xlsx_bytes

HEADER = ["id", "nama"]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Callable[..., FilesStage]]:
    made: list[FilesStage] = []

    def stage(**options: Any) -> FilesStage:
        folder = tmp_path / f"stage{len(made)}"
        folder.mkdir()
        made.append(FilesStage(folder, **options))
        return made[-1]

    yield stage
    for one in made:
        one.close()


def rows(*names: str, start: int = 1) -> list[list[str]]:
    return [HEADER, *([str(number), name] for number, name in enumerate(names, start))]


def give(stage: FilesStage, name: str, *names: str, start: int = 1) -> Path:
    return put(stage.folder, name, csv_bytes(rows(*names, start=start)))


def told(stage: FilesStage, code: str) -> list[dict[str, str]]:
    return [dict(notice.detail) for notice in notices(stage, code)]


def files(stage: FilesStage, *folder: str) -> list[str]:
    """Return what stands in a folder, without the time that our names begin with."""
    found = sorted(path.name for path in stage.folder.joinpath(*folder).iterdir() if path.is_file())
    return [name[16:] if folder[:1] != ("arsip",) else name for name in found]


def dealt_with(stage: FilesStage) -> bool:
    waiting = [path for path in stage.folder.iterdir() if path.is_file() and not path.name.startswith((".", "~"))]
    return (stage.folder / "proses").exists() and not waiting and not any((stage.folder / "proses").iterdir())


def run_until_dealt_with(stage: FilesStage) -> None:
    with running(build(stage)):
        until(lambda: dealt_with(stage))


def texts(path: Path) -> list[list[Any]]:
    book = openpyxl.load_workbook(io.BytesIO(path.read_bytes()))
    return [[cell for cell in row if cell is not None] for sheet in book for row in sheet.values]


def error_file(stage: FilesStage, folder: str = "ditolak") -> list[list[Any]]:
    (path,) = (stage.folder / folder).glob("*.kesalahan.xlsx")
    return texts(path)


def test_an_accepted_delivery_is_archived_by_its_hash_and_receipted(make: Callable[..., FilesStage]) -> None:
    stage = make()
    path = give(stage, "Warga.CSV", "SATU", "DUA")
    content = path.read_bytes()
    run_until_dealt_with(stage)
    (archived,) = (stage.folder / "arsip" / TABLE).iterdir()
    assert archived.read_bytes() == content
    assert archived.suffix == ".csv"
    assert files(stage, "diterima") == ["Warga.CSV.tanda-terima.txt"]
    receipt = next((stage.folder / "diterima").iterdir()).read_text()
    assert "Jumlah baris data: 2" in receipt
    assert archived.name.split("_")[2].removesuffix(".csv") in receipt
    (accepted,) = told(stage, "delivery_accepted")
    assert accepted == {
        "delivery": archived.name.split("_")[2][:12], "format": "csv", "encoding": "utf-8", "delimiter": ";",
        "header_row": "1", "rows": "2",
    }  # fmt: skip
    assert living(stage) == {1: "SATU", 2: "DUA"}


def test_a_refused_delivery_sends_nothing_and_its_office_is_told_by_row(make: Callable[..., FilesStage]) -> None:
    stage = make()
    put(stage.folder, "warga.csv", csv_bytes([HEADER, ["1", "RAHASIA"], ["", "NAMA PRIBADI"], ["1", "LAGI"]]))
    run_until_dealt_with(stage)
    assert raw(stage) == []
    assert files(stage, "ditolak") == ["warga.csv", "warga.csv.kesalahan.xlsx"]
    said = error_file(stage)
    assert ["KIRIMAN DITOLAK: tidak ada satu baris pun yang diambil"] in said
    assert [row[:2] for row in said if row and isinstance(row[0], int)] == [[3, "Kunci kosong"], [4, "Kunci kembar"]]
    assert not [row for row in said if any("RAHASIA" in str(c) or "PRIBADI" in str(c) for c in row)]
    assert [notice["reasons"] for notice in told(stage, "delivery_refused")] == ["rows_refused"]
    assert not list((stage.folder / "arsip").rglob("*.csv"))


def test_headers_cannot_bring_formulas_into_the_error_file(make: Callable[..., FilesStage]) -> None:
    evil = '=HYPERLINK("http://x","NIK")'
    options = {"table": {TABLE: {"width": {"nama": 3}, "aliases": {"nama": [evil]}}}}
    stage = make(**options)
    put(stage.folder, "=cmd.csv", csv_bytes([["id", evil], ["1", "12"]]))
    run_until_dealt_with(stage)
    (path,) = (stage.folder / "ditolak").glob("*.kesalahan.xlsx")
    cells = [cell for sheet in openpyxl.load_workbook(path) for row in sheet.iter_rows() for cell in row]
    assert any("HYPERLINK" in str(cell.value) for cell in cells)
    assert not [cell for cell in cells if cell.data_type == "f" or str(cell.value).startswith(("=", "+", "-", "@"))]


def test_rows_to_mend_do_not_stop_a_delivery_and_are_listed(make: Callable[..., FilesStage]) -> None:
    stage = make()
    table = stage.contract.table[0]
    required = table.map["name"].model_copy(update={"required": True})
    stage.contract = stage.contract.model_copy(
        update={"table": (table.model_copy(update={"map": {"name": required}}),)}
    )
    put(stage.folder, "warga.csv", csv_bytes([HEADER, ["1", ""], ["2", "DUA"]]))
    run_until_dealt_with(stage)
    assert files(stage, "diterima") == ["warga.csv.kesalahan.xlsx", "warga.csv.tanda-terima.txt"]
    assert [2, "B (nama)", "Wajib diisi", "Isi kolom ini."] in error_file(stage, "diterima")
    assert [(n["taken"], n["required_empty"]) for n in told(stage, "rows_refused")] == [("yes", "1")]
    assert len(changes(stage)) == 2


def test_an_older_day_than_the_last_accepted_is_set_aside(make: Callable[..., FilesStage]) -> None:
    stage = make(table={TABLE: {"date": {"file": r"(?P<year>\d{4})-(?P<month>\d\d)"}}})
    give(stage, "warga 2026-10.csv", "OKTOBER")
    run_until_dealt_with(stage)
    give(stage, "warga 2026-09.csv", "SEPTEMBER")
    give(stage, "warga 2026-11.csv", "NOVEMBER")
    run_until_dealt_with(stage)
    assert files(stage, "dikesampingkan") == ["warga 2026-09.csv", "warga 2026-09.csv.sebab.txt"]
    note = next((stage.folder / "dikesampingkan").glob("*.txt")).read_text()
    assert "01-09-2026 lebih lama dari kiriman terakhir (01-10-2026)" in note
    assert [n["reasons"] for n in told(stage, "delivery_set_aside")] == ["older"]
    assert living(stage) == {1: "NOVEMBER"}


def test_a_correction_of_the_same_day_is_taken_and_the_same_file_again_is_not(make: Callable[..., FilesStage]) -> None:
    stage = make(table={TABLE: {"date": {"file": r"(?P<year>\d{4})-(?P<month>\d\d)"}}})
    for name in ("SALAH", "BENAR", "BENAR"):
        give(stage, "warga 2026-10.csv", name)
        run_until_dealt_with(stage)
    assert living(stage) == {1: "BENAR"}
    assert [n["reasons"] for n in told(stage, "delivery_set_aside")] == ["same"]
    assert len(told(stage, "delivery_accepted")) == 2


def test_deliveries_that_wait_together_are_taken_in_the_order_of_their_days(make: Callable[..., FilesStage]) -> None:
    stage = make(table={TABLE: {"date": {"file": r"(?P<year>\d{4})-(?P<month>\d\d)"}}})
    for month in ("11", "09", "10"):
        give(stage, f"warga 2026-{month}.csv", month)
    run_until_dealt_with(stage)
    names = [Codec(stage.registry).decode(m.value or b"")[1]["after"]["nama"] for m in changes(stage)]
    assert names == ["09", "10", "11"]


def test_a_loss_is_refused_until_the_contract_names_the_very_file(make: Callable[..., FilesStage]) -> None:
    stage = make(max_loss=0.1)
    give(stage, "warga.csv", *[f"ORANG {n}" for n in range(20)])
    run_until_dealt_with(stage)
    half = give(stage, "warga.csv", *[f"ORANG {n}" for n in range(10)]).read_bytes()
    run_until_dealt_with(stage)
    assert [n["reasons"] for n in told(stage, "delivery_refused")] == ["loss"]
    assert len(living(stage)) == 20
    sha256 = next(str(r[0]) for r in error_file(stage) if str(r[0]).startswith("SHA-256")).split()[1]
    options = {**stage.contract.options, "accept": [sha256[:16]]}
    stage.contract = stage.contract.model_copy(update={"options": options})
    put(stage.folder, "warga.csv", half)
    run_until_dealt_with(stage)
    assert len(living(stage)) == 10


def test_a_partial_delivery_adds_and_changes_and_takes_nothing_away(make: Callable[..., FilesStage]) -> None:
    stage = make(delivery="partial")
    give(stage, "satu.csv", "A", "B")
    run_until_dealt_with(stage)
    give(stage, "dua.csv", "BARU", "C", start=2)
    run_until_dealt_with(stage)
    assert living(stage) == {1: "A", 2: "BARU", 3: "C"}
    assert not [m for m in raw(stage) if header(m, HEADER_KIND) == b"sweep"]
    assert {Codec(stage.registry).decode(m.value or b"")[1]["op"] for m in changes(stage)} == {"u"}


def test_a_new_epoch_sends_the_archive_again(make: Callable[..., FilesStage]) -> None:
    for delivery, expected in (("whole", {1: "C"}), ("partial", {1: "C", 2: "B"})):
        stage = make(delivery=delivery)
        give(stage, "satu.csv", "A", "B")
        run_until_dealt_with(stage)
        give(stage, "dua.csv", "C")
        run_until_dealt_with(stage)
        stage.wipe(f"raw.{stage.contract.source.name}.{TABLE}")
        stage.wipe(f"position.{stage.contract.source.name}")
        with running(build(stage)):
            until(lambda stage=stage, expected=expected: living(stage) == expected)
        assert [n.get("archive") for n in told(stage, "delivery_accepted")][2:] == ["yes"] * (1 + (delivery != "whole"))


def test_an_archived_delivery_that_was_changed_is_not_sent(make: Callable[..., FilesStage]) -> None:
    stage = make()
    give(stage, "satu.csv", "A")
    run_until_dealt_with(stage)
    next((stage.folder / "arsip" / TABLE).iterdir()).write_bytes(csv_bytes(rows("PALSU")))
    stage.wipe(f"raw.{stage.contract.source.name}.{TABLE}")
    stage.wipe(f"position.{stage.contract.source.name}")
    with running(build(stage)):
        until(lambda: bool(told(stage, "delivery_refused")))
    assert told(stage, "delivery_refused")[0]["reasons"] == "archive_changed"
    assert raw(stage) == []


@pytest.mark.parametrize("at", range(1, 8, 2))
@pytest.mark.parametrize("after", [False, True], ids=["before it is sent", "after it is sent"])
def test_after_a_kill_the_delivery_is_sent_again_with_the_same_versions(
    make: Callable[..., FilesStage], at: int, after: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connectors.kinds.file_drop.shipment.BATCH", 2)
    stage = make()
    give(stage, "warga.csv", *"ABCDEFGH")
    doomed = build(stage, Doomed)
    assert isinstance(doomed, Doomed)
    doomed.at, doomed.after = at, after
    with pytest.raises(Killed):
        doomed.run()
    half = {m.key: version(m) for m in changes(stage)}
    with running(build(stage)):
        until(lambda: dealt_with(stage))
    again = {m.key: {version(n) for n in changes(stage) if n.key == m.key} for m in changes(stage)}
    assert len(again) == 8
    if half:
        assert all(versions == {half.get(key, next(iter(versions)))} for key, versions in again.items())
    assert len(living(stage)) == 8
    assert len(list((stage.folder / "arsip" / TABLE).iterdir())) == 1
    assert len(files(stage, "diterima")) == 1


def test_a_delivery_that_vanished_while_it_was_sent_is_told(make: Callable[..., FilesStage]) -> None:
    stage = make()
    give(stage, "warga.csv", "A")
    doomed = build(stage, Doomed)
    assert isinstance(doomed, Doomed)
    doomed.at, doomed.after = 2, True
    with pytest.raises(Killed):
        doomed.run()
    (stage.folder / "proses" / "warga.csv").unlink()
    with running(build(stage)):
        until(lambda: bool(told(stage, "delivery_refused")))
    assert told(stage, "delivery_refused")[0]["reasons"] == "vanished"


def test_what_is_no_delivery_is_left_alone(make: Callable[..., FilesStage], tmp_path: Path) -> None:
    stage = make()
    secret = tmp_path / "rahasia.csv"
    secret.write_bytes(csv_bytes(rows("RAHASIA")))
    (stage.folder / "tautan.csv").symlink_to(secret)
    for name in ("~$warga.xlsx", ".tersembunyi.csv", "warga.csv.part", "warga.tmp"):
        (stage.folder / name).write_bytes(csv_bytes(rows("X")))
    (stage.folder / "folder").mkdir()
    give(stage, "warga.csv", "A")
    with running(build(stage)):
        until(lambda: living(stage) == {1: "A"} and not any((stage.folder / "proses").iterdir()))
    left = {path.name for path in stage.folder.iterdir() if not path.is_dir()}
    assert left == {"tautan.csv", "~$warga.xlsx", ".tersembunyi.csv", "warga.csv.part", "warga.tmp"}
    assert secret.exists()


def test_a_file_that_still_grows_is_not_taken(make: Callable[..., FilesStage]) -> None:
    stage = make(settle="1s")
    path = stage.folder / "warga.csv"
    with running(build(stage)) as made, path.open("wb") as file:
        until(lambda: made.reading)
        for piece in (b"id;nama\r\n", *(b"%d;ORANG\r\n" % n for n in range(1, 12))):
            file.write(piece)
            file.flush()
            time.sleep(0.2)
            assert path.exists()
        until(lambda: dealt_with(stage))
    assert len(living(stage)) == 11


def test_a_marker_says_that_a_file_is_finished(make: Callable[..., FilesStage]) -> None:
    stage = make(marker=".siap")
    path = give(stage, "warga.csv", "A")
    with running(build(stage)) as made:
        until(lambda: made.reading)
        time.sleep(0.5)
        assert path.exists()
        put(stage.folder, "warga.csv.siap", b"")
        until(lambda: dealt_with(stage))
    assert not (stage.folder / "warga.csv.siap").exists()
    assert living(stage) == {1: "A"}


def test_what_is_written_to_a_file_that_was_taken_is_another_delivery(
    make: Callable[..., FilesStage], monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = make()
    put(stage.folder, "warga.csv", csv_bytes(rows("A")))
    from connectors.kinds.file_drop import delivery, shipment

    ship = shipment.ship

    def written_meanwhile(*arguments: Any) -> Any:
        claimed = stage.folder / "proses" / "warga.csv"
        if claimed.read_bytes() == csv_bytes(rows("A")):
            claimed.write_bytes(csv_bytes(rows("A", "TERLAMBAT")))
        return ship(*arguments)

    monkeypatch.setattr(delivery, "ship", written_meanwhile)
    run_until_dealt_with(stage)
    assert living(stage) == {1: "A", 2: "TERLAMBAT"}
    assert sorted(path.read_bytes() for path in (stage.folder / "arsip" / TABLE).iterdir()) == sorted(
        [csv_bytes(rows("A")), csv_bytes(rows("A", "TERLAMBAT"))]
    )


def test_a_name_that_fits_no_table_is_refused_with_the_patterns(make: Callable[..., FilesStage]) -> None:
    stage = make(table={TABLE: {"files": "warga*.csv"}})
    give(stage, "surat.csv", "A")
    run_until_dealt_with(stage)
    assert any("warga*.csv" in str(cell) for row in error_file(stage) for cell in row)


def with_drift(contract: Contract, drift: str) -> Contract:
    table = contract.table[0].model_copy(update={"drift": drift})
    return contract.model_copy(update={"table": (table,)})


@pytest.mark.parametrize(("drift", "taken"), [("keep", True), ("stop", False)])
def test_an_unknown_column_is_told_and_obeys_the_contract(
    make: Callable[..., FilesStage], drift: str, taken: bool
) -> None:
    stage = make()
    stage.contract = with_drift(stage.contract, drift)
    put(stage.folder, "warga.csv", csv_bytes([[*HEADER, "Catatan"], ["1", "A", "x"]]))
    run_until_dealt_with(stage)
    assert [n["column"] for n in told(stage, "column_added")] == ["catatan"]
    assert bool(changes(stage)) == taken
    assert [n["reasons"] for n in told(stage, "delivery_refused")] == ([] if taken else ["drift_stop"])


def test_rows_have_the_same_bytes_in_any_format_and_order(make: Callable[..., FilesStage]) -> None:
    stage = make()
    put(stage.folder, "a.csv", csv_bytes([HEADER, ["7", "TUJUH"]]))
    run_until_dealt_with(stage)
    put(stage.folder, "b.xlsx", xlsx_bytes([["Nama", "ID"], ["TUJUH", 7]]))
    run_until_dealt_with(stage)
    envelopes = Envelopes(Codec(stage.registry))
    first, second = (envelopes.read(m.value or b"") for m in changes(stage))
    assert (first.row, first.layout.shape) == (second.row, second.layout.shape)


def test_the_fingerprint_is_of_the_rows_as_they_were_sent(make: Callable[..., FilesStage]) -> None:
    stage = make()
    give(stage, "warga.csv", *"ABCDE")
    found: list[Fingerprint] = []
    with running(build(stage)) as made:
        until(lambda: dealt_with(stage))
        connector = made._connector
        assert isinstance(connector, FileDrop)
        found.append(connector.fingerprint(TABLE))
        known = position(stage)
        assert known is not None
        assert connector.passed(found[0].version, known.state)
        assert not connector.passed(stamp(known.epoch, 6, 0), known.state)
    key, envelopes = digest_key(MASTER, stage.contract.source.name), Envelopes(Codec(stage.registry))
    count, digest = [0] * 256, [0] * 256
    for message in changes(stage):
        change = envelopes.read(message.value or b"")
        count[(message.key or b"")[0]] += 1
        digest[(message.key or b"")[0]] ^= row_digest(key, change.row, change.layout.shape)
    assert (list(found[0].count), list(found[0].digest)) == (count, digest)
    assert found[0].version == max(version(m) for m in changes(stage))[:20]


def test_a_whole_delivery_sweeps_below_its_first_counter(make: Callable[..., FilesStage]) -> None:
    stage = make()
    give(stage, "satu.csv", "A", "B", "C")
    run_until_dealt_with(stage)
    give(stage, "dua.csv", "A")
    run_until_dealt_with(stage)
    assert floor(stage)[:20] == max(version(m) for m in changes(stage))[:20]
    stage.table = {1: "A"}
    assert at_rest(stage)


def test_no_log_line_and_no_position_names_a_file_or_a_person(
    make: Callable[..., FilesStage], capfd: pytest.CaptureFixture[str]
) -> None:
    stage = make()
    give(stage, "data BUDI SANTOSO 1508010101900001.csv", "BUDI SANTOSO")
    put(stage.folder, "rusak BUDI SANTOSO.csv", b"x")
    run_until_dealt_with(stage)
    spoken = "".join(capfd.readouterr()) + str(position(stage)) + str(notices(stage))
    assert "delivery_refused" in spoken
    assert "BUDI" not in spoken
    assert "1508010101900001" not in spoken
    assert os.environ[f"{stage.contract.source.name.upper()}_DSN"] not in str(position(stage))
