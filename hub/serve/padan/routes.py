"""The list over HTTP: counts, pages with filters, and the workbook.

Values travel in bodies alone; addresses hold a source's name, a category and record ids, which are keyed hashes.
"""

from __future__ import annotations

import os
import tempfile
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

from fastapi import FastAPI, Query
from fastapi.responses import FileResponse
from starlette.background import BackgroundTask

from hub.serve.padan import book, shapes
from hub.serve.padan.desk import Desk
from hub.serve.padan.findings import Category
from hub.serve.padan.survey import Survey, Twin
from hub.serve.problems import Refused
from hub.serve.read import moment
from hub.serve.shapes import RecordId
from hub.wire.contract import Identifier

MEDIA = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MOST = 500


def install(app: FastAPI, desk: Callable[[], Desk], answers: dict[int | str, dict[str, Any]]) -> None:
    """Add the list's addresses to an application."""
    _counts(app, desk, answers)
    _pages(app, desk, answers)
    _workbook(app, desk, answers)


def _counts(app: FastAPI, desk: Callable[[], Desk], answers: dict[int | str, dict[str, Any]]) -> None:
    @app.get("/v1/sources/{source}/padan/summary", tags=["padan"], responses=answers)
    def padan_summary(source: Identifier) -> shapes.PadanSummary:
        """Return how many of a source's records match the civil register, and how many do not and why.

        A large source takes some seconds the first time; the counts are kept for a quarter of an hour.
        """
        made = desk().survey(source)
        return shapes.summary(made, desk().contract(source).source.owner)


def _pages(app: FastAPI, desk: Callable[[], Desk], answers: dict[int | str, dict[str, Any]]) -> None:
    @app.get("/v1/sources/{source}/padan", tags=["padan"], responses=answers)
    def padan(
        source: Identifier,
        category: Annotated[Category | None, Query(description="only this category")] = None,
        duplicate: Annotated[
            bool, Query(description="only records that have a duplicate in the office's list")
        ] = False,
        after: Annotated[RecordId | None, Query(description="`next` of the page before")] = None,
        limit: Annotated[int, Query(ge=1, le=MOST)] = 100,
    ) -> shapes.PadanPage:
        """Return a source's records beside the civil register's, what matters most first.

        Values are read as the store has them now; the order and the category filter are the survey's.
        """
        made = desk().survey(source)
        survey = made.survey
        place = None if after is None else survey.place(bytes.fromhex(after))
        if after is not None and place is None:
            raise Refused("the record of `after` is no longer in this list; begin without it")
        rows = survey.page(place, limit + 1, category, twins=duplicate)
        records = [row[3] for row in rows[:limit]]
        with desk().snapshot() as snapshot:
            found = list(survey.read(survey.collector(snapshot), records))
        more = records[-1].hex() if len(rows) > limit else None
        return shapes.PadanPage(source=source, as_of=moment(made.at_us),
                                rows=shapes.rows(found, _twins(survey, records)), next=more)  # fmt: skip


def _workbook(app: FastAPI, desk: Callable[[], Desk], answers: dict[int | str, dict[str, Any]]) -> None:
    @app.get("/v1/sources/{source}/padan.xlsx", tags=["padan"], response_class=FileResponse,
             responses={200: {"content": {MEDIA: {}}, "description": "the workbook"}, **answers})  # fmt: skip
    def padan_workbook(source: Identifier) -> FileResponse:
        """Return the list as a workbook for the office's clerks, a sheet a category."""
        made = desk().survey(source)
        owner = desk().contract(source).source.owner
        handle, name = tempfile.mkstemp(prefix="padan-", suffix=".xlsx")
        os.close(handle)
        try:
            with desk().snapshot() as snapshot:
                book.write(Path(name), made, owner, snapshot)
        except BaseException:
            Path(name).unlink()
            raise
        return FileResponse(name, media_type=MEDIA, filename=book.file_name(made),
                            background=BackgroundTask(Path(name).unlink))  # fmt: skip


def _twins(survey: Survey, records: list[bytes]) -> dict[bytes, list[Twin]]:
    """Return the other rows of each record's groups."""
    groups: dict[tuple[str, str], list[Twin]] = defaultdict(list)
    for twin in survey.groups_of(records):
        groups[twin.kind, twin.knot].append(twin)
    found: dict[bytes, list[Twin]] = defaultdict(list)
    for group in groups.values():
        for one in group:
            found[one.record] += [other for other in group if other.record != one.record]
    return found
