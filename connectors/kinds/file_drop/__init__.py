"""Deliveries of files: CSV, TSV, XLSX, XLS, ODS, JSON Lines and Parquet in a folder that office and hub share.

__init__ ── source ──┬── arrival      which file is next
                     ├── delivery ────┬── inspection   is it sound: books, header, rows, watch
                     │                ├── shipment     its rows as messages
                     │                └── report       what its office gets: words
                     ├── archive      accepted ones sent again
                     └── session      one connection: place (sftp), memory, drift
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from connectors.kinds.file_drop import words
from connectors.kinds.file_drop.faults import Fault, Refused, needed
from connectors.kinds.file_drop.inspection import Inspection, Inspector
from connectors.kinds.file_drop.options import Options, options, table_of
from connectors.kinds.file_drop.place import Place, open_place
from connectors.kinds.file_drop.source import FileDrop
from connectors.protocol import Connector, Finding, Surroundings
from hub.wire import identity
from hub.wire.clock import Clock
from hub.wire.contract import Contract
from hub.wire.errors import RefuseToStart, TryAgain

_SHOWN = 20
_CODES = "docs/sources/file_drop.md explains the code"


def connector(contract: Contract, surroundings: Surroundings) -> Connector:
    """Return a connector of this source, not yet connected."""
    return FileDrop(contract, surroundings)


def preflight(contract: Contract, clock: Clock) -> Sequence[Finding]:  # noqa: ARG001 - the kinds' common signature
    """Look at the folder and at what waits in it, without moving anything."""
    chosen = options(contract)
    for module in ("fsspec", "python_calamine", "openpyxl"):
        needed(module, "files")
    try:
        place = open_place(contract, chosen)
        try:
            found = list(_waiting(contract, chosen, place))
        finally:
            place.close()
    except (RefuseToStart, TryAgain) as error:
        return [Finding("error", "reach", str(error),
                        f"Periksa alamat folder, nama pengguna, dan kata sandi pada {contract.source.dsn}.",
                        f"check the folder, user and password in {contract.source.dsn}")]  # fmt: skip
    found.insert(0, Finding("ok", "reach", f"the folder of {contract.source.name} can be read"))
    return found


def _waiting(contract: Contract, chosen: Options, place: Place) -> Iterator[Finding]:
    """Yield how each waiting file is understood, and what would keep it from being accepted."""
    if not place.is_folder():
        raise RefuseToStart("the folder of deliveries does not exist; create it")
    with tempfile.TemporaryDirectory(prefix="satudata-files-") as folder:
        copy = Path(folder) / "delivery"
        for entry in place.entries()[:_SHOWN]:
            if chosen.marker is not None and entry.name.endswith(chosen.marker):
                continue
            table = table_of(contract, chosen, entry.name)
            if table is None:
                yield _fault(entry.name, Fault("name_unknown", {"patterns": "options.table.*.files"}))
                continue
            copy.unlink(missing_ok=True)
            with suppress(FileNotFoundError):  # a running connector may take it meanwhile
                place.fetch(copy, chosen.max_bytes, entry.name)
            if not copy.exists():
                continue
            # the key of ids stays with the connector; here ids only tell keys apart
            inspector = Inspector(table, chosen, identity.record_ids(bytes(32), table.name))
            try:
                inspection = _run(inspector, copy, entry.name)
            except Refused as refused:
                yield _fault(entry.name, refused.fault)
                continue
            yield _understood(entry.name, inspection)
            for fault in (*inspection.faults, *inspection.doubts):
                yield _fault(entry.name, fault)


def _run(inspector: Inspector, copy: Path, name: str) -> Inspection:
    steps = inspector.inspect(copy, name, None)
    while True:
        try:
            next(steps)
        except StopIteration as done:
            found: Inspection = done.value
            return found


def _understood(name: str, found: Inspection) -> Finding:
    what = ", ".join(f"{part} {value}" for part, value in found.shown().items())
    columns = ", ".join(f"{column.shown} = {column.name}" for column in found.layout.columns)
    rows = "".join(f"; {code}: {count} rows" for code, count in sorted(found.counted.items()))
    return Finding("warning" if rows else "ok", "delivery", f"{name}: {what}; {columns}{rows}")


def _fault(name: str, fault: Fault) -> Finding:
    return Finding("error", fault.code, f"{name} would be refused",
                   f"{words.found(fault)} {words.remedy(fault)}", _CODES)  # fmt: skip
