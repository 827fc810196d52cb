"""Another reader of the same log: mysql-replication, where it is right (not in negative fractions, SET, zero dates)."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

from pymysql.protocol import MysqlPacket
from pymysqlreplication import event as events
from pymysqlreplication import row_event
from pymysqlreplication.packet import BinLogPacketWrapper

from connectors.kinds.mysql_binlog.events import Rows
from hub.wire.avro import MemoryRegistry
from tests.unit.connectors.mysql.recorded import catalogue, changes, decoded, images, raw_events

SERVER = SimpleNamespace(charset="utf8mb4", _get_dbms=lambda: "mariadb")
EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - has no zone


def as_the_library_reads(name: str) -> list[dict[str, Any]]:
    tables: dict[int, Any] = {}
    found = []
    for raw in raw_events(name):
        wrapper = BinLogPacketWrapper(
            MysqlPacket(b"\0" + raw, "utf8mb4"), tables, SERVER, (11, 4, 5), True,
            [row_event.TableMapEvent, row_event.WriteRowsEvent, events.MariadbGtidEvent],
            None, None, None, None, False, False, False, True, True, False,
        )  # fmt: skip
        if isinstance(wrapper.event, row_event.TableMapEvent):
            tables[wrapper.event.table_id] = wrapper.event.get_table()
        if isinstance(wrapper.event, row_event.WriteRowsEvent):
            found += [row["values"] for row in wrapper.event.rows]
    return found


def comparable(name: str, value: Any) -> Any:
    """Bring a value of the library to ours."""
    if isinstance(value, datetime):
        unit = timedelta(microseconds=1) if name == "dtm6" else timedelta(milliseconds=1)
        return (value - EPOCH) // unit
    if isinstance(value, date):
        return (value - EPOCH.date()).days
    if isinstance(value, timedelta):
        return value // timedelta(microseconds=1)
    return Decimal(value) if isinstance(value, Decimal) else value


def test_the_library_reads_the_same_values() -> None:
    registry = MemoryRegistry()
    made = changes(
        [event for event in decoded(raw_events("umum")) if isinstance(event, Rows)], catalogue("umum"), registry
    )
    ours = [images(registry, change.beginning)[1] for change in made]
    theirs = as_the_library_reads("umum")
    assert len(ours) == len(theirs) == 7
    for mine, other in zip(ours, theirs, strict=True):
        for name in mine:
            assert mine[name] == comparable(name, other[name]), name
