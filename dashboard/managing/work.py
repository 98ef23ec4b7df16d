"""Who recorded how much on the floor: it follows from the entries, for who may read it."""

from __future__ import annotations

from typing import Any

import polars as pl
from dash import html

from dashboard import words
from dashboard.components import parts
from dashboard.components.parts import empty, panel
from dashboard.visit import Visit
from graph_model.i18n import text
from queries.floor import work

DAYS = 7


def listing(visit: Visit) -> html.Section:
    """Hours and entries of each person in the last days; names only for who may see them."""
    title = text("screen.floor.work")
    start = words.now() - DAYS * words.DAY
    rows = visit.desk.on(
        None, ("work", start // words.HOUR), lambda facts, _: work.hours(facts, visit.zone, start)
    )
    if rows.is_empty():
        return panel(title, empty(text("screen.floor.work_none")))
    named = visit.can("person.see")
    pseudonyms = rows["person"].unique().to_list()
    people = visit.desk.ledger.records.names(pseudonyms) if named else {}
    told = rows.group_by("person").agg(
        hours=pl.col("hour").n_unique(), entries=pl.col("entries").sum()
    )
    lines: list[list[Any]] = [
        [people.get(row["person"], row["person"]) if named else words.unknown(),
         words.number(row["hours"], 0), words.number(row["entries"], 0)]
        for row in told.sort("entries", "person", descending=[True, False]).iter_rows(named=True)
    ]  # fmt: skip
    heads = [text("screen.floor.person"), f">{text('screen.floor.days')}",
             f">{text('screen.floor.count_entries')}"]  # fmt: skip
    hint = html.Div(html.P(text("screen.floor.work_hint"), className="meta"),
                    className="panel-body")  # fmt: skip
    return panel(title, parts.table(heads, lines, label=title), hint)
