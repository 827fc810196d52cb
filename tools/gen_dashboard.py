"""Write monitoring/dashboards/river.json: one row a stage, in the order of the flow; titles in Indonesian.

Built with grafana-foundation-sdk, so the JSON follows Grafana's own schema.  A panel may name only metrics of
`hub.wire.metrics`; `tests/unit/test_monitoring.py` holds it to that.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from grafana_foundation_sdk.builders import dashboard, prometheus, stat, timeseries
from grafana_foundation_sdk.builders.common import ReduceDataOptions
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import DataSourceRef

TARGET = Path(__file__).resolve().parents[1] / "monitoring" / "dashboards" / "river.json"
SOURCE = DataSourceRef(type_val="prometheus", uid="${datasource}")


@dataclass(frozen=True, slots=True)
class Chart:
    """One panel: what it shows, its unit, and (query, legend) pairs."""

    title: str
    unit: str
    queries: tuple[tuple[str, str], ...]
    single: bool = False


def p(series: str, quantile: float, by: str = "le") -> str:
    """Return the query of a quantile of a histogram over the last minute."""
    return f"histogram_quantile({quantile}, sum by ({by}) (rate({series}_bucket[1m])))"


ROWS: tuple[tuple[str, tuple[Chart, ...]], ...] = (
    ("Sungai data: ringkasan", (
        Chart("Data golden (orang)", "short", (("max(satudata_golden_records)", "orang"),), True),
        Chart("Rekaman sumber yang hidup", "short", (("max(satudata_member_records)", "rekaman"),), True),
        Chart("Baris di karantina", "short", (("sum(satudata_quarantine_open) or vector(0)", "baris"),), True),
        Chart("Sumber ke golden, p99", "s", ((p("satudata_source_to_golden_seconds", 0.99), "p99"),), True),
    )),
    ("1 Penangkapan (connectors)", (
        Chart("Perubahan ditangkap", "ops", (
            ("sum by (source, op) (rate(satudata_captured_changes_total[1m]))", "{{source}} {{op}}"),)),
        Chart("Log sumber belum terkonfirmasi", "bytes", (("satudata_source_lag_bytes", "{{source}}"),)),
        Chart("Keterlambatan penangkapan", "s", (("satudata_source_lag_seconds", "{{source}}"),)),
    )),
    ("1b Sumber instansi", (
        Chart("Kemajuan snapshot", "percentunit", (
            ("satudata_snapshot_progress_ratio < 1", "{{source}} {{table}}"),)),
        Chart("Log yang ditahan sumber", "bytes", (
            ("satudata_source_log_held_bytes", "{{source}}"),
            ("satudata_source_log_budget_bytes", "{{source}} batas"))),
        Chart("Sejak perubahan terakhir", "s", (
            ("time() - satudata_source_last_change_timestamp_seconds", "{{source}} {{table}}"),)),
        Chart("Pemberitahuan", "short", (
            ("sum by (source, code) (increase(satudata_source_notices_total[5m])) > 0", "{{source}} {{code}}"),)),
    )),
    ("1c Kesesuaian sumber dengan kontrak dan hub", (
        Chart("Tabel dihentikan atau sumber dijeda", "short", (
            ("satudata_source_table_stopped > 0", "{{source}} {{table}} berhenti"),
            ("satudata_source_paused > 0", "{{source}} dijeda"))),
        Chart("Kolom yang menyimpang dari kontrak", "short", (
            ("satudata_source_drifted_columns > 0", "{{source}} {{table}}"),)),
        Chart("Verifikasi: kelompok berbeda dari 256", "short", (
            ("satudata_verification_differing_buckets", "{{source}} {{table}}"),)),
        Chart("Galat dan sambungan ulang", "ops", (
            ("sum by (source, code) (rate(satudata_source_errors_total[5m]))", "{{source}} {{code}}"),)),
    )),
    ("2 Pembersihan (clean)", (
        Chart("Rekaman dibersihkan", "ops", (
            ("sum by (source) (rate(satudata_cleaned_records_total[1m]))", "{{source}}"),)),
        Chart("Ditolak ke karantina", "short", (
            ("sum by (source, code) (increase(satudata_quarantined_total[5m]))", "{{source}} {{code}}"),)),
        Chart("Catatan mutu", "ops", (
            ("topk(8, sum by (field, code) (rate(satudata_flags_total[1m])))", "{{field}} {{code}}"),)),
    )),
    ("3 Rekonsiliasi (link, merge, persist)", (
        Chart("Perubahan entitas", "ops", (("sum by (kind) (rate(satudata_entity_changes_total[1m]))", "{{kind}}"),)),
        Chart("Waktu commit", "s", (
            (p("satudata_commit_seconds", 0.5), "p50"), (p("satudata_commit_seconds", 0.99), "p99"))),
        Chart("Pasangan terskor", "short", (("max by (entity) (satudata_link_edges)", "{{entity}}"),)),
    )),
    ("3b Tinjauan petugas", (
        Chart("Menunggu ditinjau", "short", (
            ("max by (entity, kind) (satudata_reviews_open)", "{{entity}} {{kind}}"),)),
        Chart("Umur tinjauan tertua", "s", (
            ("time() - min by (entity, kind) (satudata_review_oldest_timestamp_seconds)", "{{entity}} {{kind}}"),)),
        Chart("Keputusan petugas", "short", (
            ("sum by (verdict, state) (increase(satudata_decisions_total[1h]))", "{{verdict}} {{state}}"),)),
        Chart("Ditahan dari aliran peka", "short", (
            ("max by (entity, kind) (satudata_holds_open)", "{{entity}} {{kind}}"),)),
    )),
    ("4 Penerbitan (publish) dan antrean", (
        Chart("Pesan diterbitkan", "ops", (
            ("sum by (topic) (rate(satudata_published_messages_total[1m]))", "{{topic}}"),)),
        Chart("Menunggu di outbox", "short", (("max(satudata_outbox_waiting)", "baris"),)),
        Chart("Menunggu per tahap", "short", (
            ("max by (stage, topic) (satudata_stage_lag_records)", "{{stage}} {{topic}}"),)),
    )),
    ("Latensi dan proses", (
        Chart("Sumber ke golden", "s", (
            (p("satudata_source_to_golden_seconds", 0.5), "p50"),
            (p("satudata_source_to_golden_seconds", 0.99), "p99"))),
        Chart("Waktu batch per tahap, p99", "s", ((p("satudata_batch_seconds", 0.99, "le, stage"), "{{stage}}"),)),
        Chart("Proses siap", "short", (("sum(satudata_process_ready)", "siap"), ("count(up)", "dikenal"))),
    )),
)  # fmt: skip


def panel(chart: Chart, width: int) -> stat.Panel | timeseries.Panel:
    """Return the panel of a chart."""
    built: stat.Panel | timeseries.Panel
    if chart.single:
        built = stat.Panel().reduce_options(ReduceDataOptions().calcs(["lastNotNull"])).height(4)
    else:
        built = timeseries.Panel().fill_opacity(8).line_width(2).height(8)
    built.title(chart.title).unit(chart.unit).span(width).datasource(SOURCE)
    for letter, (query, legend) in zip("ABCDEF", chart.queries, strict=False):
        built.with_target(prometheus.Dataquery().expr(query).legend_format(legend).ref_id(letter))
    return built


def build() -> str:
    """Return the dashboard's JSON text."""
    board = (
        dashboard.Dashboard("Satu Data Bungo: sungai data")
        .uid("satudata-river")
        .tags(["satudata"])
        .refresh("5s")
        .time("now-15m", "now")
        .timezone("browser")
        .editable()
        .with_variable(dashboard.DatasourceVariable("datasource").type("prometheus").label("Sumber data"))
    )
    for title, charts in ROWS:
        board.with_row(dashboard.Row(title))
        for chart in charts:
            board.with_panel(panel(chart, 24 // len(charts)))
    return JSONEncoder(sort_keys=True, indent=2).encode(board.build()) + "\n"


def main() -> int:
    """Write the file, or with --check say whether it is up to date."""
    text = build()
    if "--check" in sys.argv:
        return 0 if TARGET.exists() and TARGET.read_text(encoding="utf-8") == text else 1
    TARGET.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
