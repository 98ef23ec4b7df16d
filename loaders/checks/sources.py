"""What sources are worth: how late they post, and where two of them disagree."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from graph_model import interval
from graph_model.schema import MOVEMENTS, Decision
from loaders.checks.records import WHERE, C, Records, all_of, moved, place
from loaders.checks.registry import rule

_HOUR = 3_600 * 1_000_000
_FIELD = {
    "lot": "lot_no",
    "earliest": "event_time",
    "latest": "event_time",
    "status": "doc_status",
}


def _posted(records: Records) -> pl.DataFrame:
    return _stamped([frame for _, frame in moved(records)], *WHERE)


def _stamped(movements: Iterable[pl.DataFrame], *more: str) -> pl.DataFrame:
    """Movements whose entry time is known, from sources that are not exact by themselves."""
    names = ["source", "earliest", "latest", "entered_at", "posting_method", *more]
    rows = pl.concat([frame.select(names) for frame in movements])
    exact = C("posting_method").is_in(["network", "scanner_clock"]).fill_null(False)
    timed = C("earliest").is_not_null() & C("latest").is_not_null()
    return rows.filter(~exact & timed & C("entered_at").is_not_null() & C("source").is_not_null())


def proposed_delay(movements: Iterable[pl.DataFrame], source: str) -> tuple[int, int] | None:
    """Largest delay seen of a source, late and early in microseconds, up to tenths of an hour.

    None where it cannot be measured: no row has both times, or all entry times are event times.
    """
    rows = _stamped(movements).filter(C("source") == source)
    tenth = _HOUR // 10
    for late, early in interval.measured_delays(rows).select("late", "early").iter_rows():
        if late or early:
            return -(-late // tenth) * tenth, -(-early // tenth) * tenth
    return None


def _hours(name: str) -> pl.Expr:
    """Microseconds as hours, rounded up to a tenth."""
    return (C(name) / _HOUR * 10).ceil() / 10


@rule("posting_delay", "info")
def posting_delay(records: Records) -> pl.DataFrame:
    """The largest delays seen of each source that nobody has confirmed figures for."""
    return _measured(records).filter((C("late") > 0) | (C("early") > 0))


@rule("posting_delay_hidden", "info")
def posting_delay_hidden(records: Records) -> pl.DataFrame:
    """Sources whose event times are their entry times: how late they post cannot be seen."""
    return _measured(records).filter((C("late") == 0) & (C("early") == 0)).drop("late", "early")


def _measured(records: Records) -> pl.DataFrame:
    confirmed = list(interval.confirmed_bounds(records.facts[Decision]))
    posted = _posted(records).filter(~C("source").is_in(confirmed))
    seen = interval.measured_delays(posted).sort("source")
    counted = posted.group_by("source").agg(rows=pl.len())
    seen = seen.join(counted, on="source", maintain_order="left")
    return seen.select(
        "source",
        "rows",
        _file=pl.lit(None, pl.String),
        _sheet="source",
        _row=pl.lit(0, pl.Int64),
        column=pl.lit("entered_at"),
        value=pl.lit(""),
        late=_hours("late"),
        early=_hours("early"),
    )


@rule("posting_delay_beyond", "warning")
def posting_delay_beyond(records: Records) -> pl.DataFrame:
    """Rows entered later, or dated further ahead, than a named person confirmed of their source."""
    bounds = interval.confirmed_bounds(records.facts[Decision])
    figures = pl.DataFrame(
        [(bound.source, bound.late, bound.early) for bound in bounds.values()],
        schema={"source": pl.String, "late": pl.Int64, "early": pl.Int64},
        orient="row",
    )
    rows = _posted(records).join(figures, on="source", how="inner", maintain_order="left")
    rows = rows.with_columns(
        seen_late=C("entered_at") - C("latest"), seen_early=C("earliest") - C("entered_at")
    )
    rows = rows.filter((C("seen_late") > C("late")) | (C("seen_early") > C("early")))
    return place(
        rows,
        "entered_at",
        records.shown("entered_at"),
        "source",
        late=_hours("late"),
        early=_hours("early"),
    )


@rule("conflict", "warning")
def conflict(records: Records) -> pl.DataFrame:
    """Movements on which two sources disagree; scopes use what covers both."""
    conflicts = records.facts.conflicts
    found = []
    for kind in MOVEMENTS:
        rows = records.facts[kind].select("key", *WHERE)
        told = conflicts.filter(C("kind") == kind.__name__).join(rows, on="key", how="left")
        told = told.with_columns(
            field=C("column").replace(_FIELD),
            values=pl.when(C("column").is_in(["earliest", "latest"]))
            .then(_times(records))
            .otherwise("values"),
        )
        found.append(place(told, C("field"), C("values"), "key"))
    return all_of(found)


def _times(records: Records) -> pl.Expr:
    """Times listed in µs UTC as people of the plant read them."""
    moment = pl.element().cast(pl.Int64, strict=False).cast(pl.Datetime("us", "UTC"))
    local = moment.dt.convert_time_zone(records.timezone).dt.strftime("%Y-%m-%d %H:%M")
    return C("values").str.split(" | ").list.eval(local).list.join(" | ", ignore_nulls=True)
