"""Deviations in when it is written down: times and dates that are not those of the event."""

from __future__ import annotations

import polars as pl

from loaders.demo_plant.book import ZONE, Book
from loaders.demo_plant.picking import chosen, day, enough
from loaders.demo_plant.simulate import DAY, HOUR

C = pl.col
_WEEK = 7 * DAY
_MONDAY = 4 * DAY
"""The first Monday of the epoch, 1970-01-05."""


def _local(frame: pl.DataFrame) -> pl.Expr:
    return (C("_t") + ZONE).cast(pl.Datetime("us"))


def _posted(
    book: Book, sheet: str, likely: pl.Expr, rate: float, values: dict[str, pl.Expr]
) -> None:
    """Other times in a share of the likely rows, or of all where none is likely."""
    rows = book.sheets[sheet]
    free = rows["posting_method"] == "scanner_clock"
    fits = rows.select(likely).to_series() & free
    mask = chosen(book, fits if fits.any() else free, rate)
    book.sheets[sheet] = rows.with_columns(
        pl.when(mask).then(value).otherwise(C(name)).alias(name) for name, value in values.items()
    )


def _by_hand(event: pl.Expr) -> dict[str, pl.Expr]:
    return {"event_time": event, "entered_at": event, "posting_method": pl.lit("manual")}


def issue_after_weekend(book: Book, rate: float) -> None:
    """What was issued at the weekend is posted on Monday at nine."""
    local = C("_t") + ZONE - _MONDAY
    monday = (local // _WEEK + 1) * _WEEK + _MONDAY - ZONE + 9 * HOUR
    weekend = local % _WEEK >= 5 * DAY
    _posted(book, "issues", weekend, rate, _by_hand(monday))


def scan_upload_time(book: Book, rate: float) -> None:
    """The handheld is read out every four hours, and its rows bear that time."""
    upload = enough(C("_t"), 4 * HOUR)
    values = _by_hand(upload) | {
        "posting_method": pl.lit("scan_upload"),
        "source": pl.lit("handheld"),
    }
    _posted(book, "issues", pl.lit(True), rate, values)


def _dated(date: pl.Expr) -> dict[str, pl.Expr]:
    return {
        "event_time": pl.lit(None, pl.Int64),
        "business_date": date,
        "posting_method": pl.lit("manual"),
    }


def month_end_date(book: Book, rate: float) -> None:
    """Around the turn of the month all bears the last day of the month."""
    local = _local(book.sheets["issues"])
    early = local.dt.day() <= 3
    before, end = local.dt.month_start().dt.offset_by("-1d"), local.dt.month_end()
    dated = pl.when(early).then(before).otherwise(end)
    last = dated.dt.truncate("1d").cast(pl.Int64) - ZONE
    turn = early | (local.dt.day() >= 29)
    _posted(book, "issues", turn, rate, _dated(last))


def night_shift_date(book: Book, rate: float) -> None:
    """The night shift writes the day on which it began."""
    local = _local(book.sheets["outputs"])
    _posted(book, "outputs", local.dt.hour() < 6, rate, _dated(day(C("_t") - 6 * HOUR)))
