"""Numbers, dates and names as people read them, in the language in force."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from typing import Any

from babel.dates import format_datetime

from graph_model import keys
from graph_model.i18n import catalogue, language, text
from graph_model.interval import MAX, MIN

_PATTERN = {"en": "d MMM y, HH:mm", "zh_CN": "y-MM-dd HH:mm"}
_DAY = {"en": "d MMM y", "zh_CN": "y-MM-dd"}
_LETTER = {"en": "d MMMM y", "zh_CN": "y年M月d日"}
_MINUS = "\u2212"


def stamp(moment: datetime, zone: tzinfo) -> str:
    """A moment with its time of day."""
    return format_datetime(moment.astimezone(zone), _PATTERN[language()], locale=language())


def letter_date(moment: datetime, zone: tzinfo) -> str:
    """A day as letters are dated."""
    return format_datetime(moment.astimezone(zone), _LETTER[language()], locale=language())


def _moment(us: int) -> datetime:
    return datetime.fromtimestamp(us / 1e6, UTC)


def is_bounded(us: int | None) -> bool:
    """Whether there is such a moment."""
    return us is not None and MIN < us < MAX


def time(us: int | None, zone: tzinfo) -> str:
    """Microseconds UTC as a moment; unknown where there is none."""
    return stamp(_moment(us), zone) if us is not None and is_bounded(us) else text("report.unknown")


def sortable(us: int, zone: tzinfo) -> str:
    """Microseconds UTC as a local moment that sorts as text, to the minute."""
    return _moment(us).astimezone(zone).strftime("%Y-%m-%d %H:%M")


def day(us: int | None, zone: tzinfo) -> str:
    """Microseconds UTC as a day; unknown where there is none."""
    if us is None or not is_bounded(us):
        return text("report.unknown")
    return day_of(_moment(us), zone)


def day_of(moment: datetime, zone: tzinfo) -> str:
    """A moment as the day it was."""
    return format_datetime(moment.astimezone(zone), _DAY[language()], locale=language())


def period(earliest: int | None, latest: int | None, zone: tzinfo) -> str:
    """An interval: one moment where both ends are the same minute, else both ends."""
    if not is_bounded(earliest) and not is_bounded(latest):
        return text("report.unknown")
    begin, end = time(earliest, zone), time(latest, zone)
    return begin if begin == end else text("report.period", begin=begin, end=end)


def number(value: float | None) -> str:
    """A plain number with thousands; unknown is said."""
    if value is None:
        return text("report.unknown")
    shown = f"{round(value, 6):,.6f}".rstrip("0").rstrip(".") if value % 1 else f"{value:,.0f}"
    return shown.replace("-", _MINUS)


def amount(value: float | None, unit: str | None) -> str:
    """A quantity with its unit."""
    return number(value) if value is None or not unit else f"{number(value)} {unit}"


def amounts(sums: dict[str, float]) -> str:
    """Quantities by unit; different units are never added. A dash where there are none."""
    shown = (amount(value, unit) for unit, value in sums.items() if value)
    return text("report.comma").join(shown) or "–"


def plain_money(value: float | None) -> str:
    """Money in a column whose head names the currency."""
    return text("report.unknown") if value is None else f"{value:,.2f}".replace("-", _MINUS)


def money(value: float | None, currency: str) -> str:
    """Money; the currency comes from the data."""
    return f"{currency} {plain_money(value)}".strip()


def share(value: float | None) -> str:
    """A share as per cent."""
    if value is None:
        return text("report.unknown")
    return f"{value * 100:,.1f} %".replace("-", _MINUS)


def word(area: str, value: str | None) -> str:
    """The word for a value of an enumeration; one that the catalogue lacks stands as it is."""
    if not value:
        return text("report.unknown")
    return catalogue(language()).get(f"{area}.{value}", value)


def code(key: str | None) -> str:
    """The last part of a key: what people call the thing."""
    return keys.parts(key)[-1] if key else text("report.unknown")


def mixed_stock(key: str) -> str | None:
    """Mixed stock, which has no number, by item and place; None for a recorded lot."""
    if key.startswith("~"):  # a lot that a rule derived for one order: ~RULE|ORDER|ITEM
        return code(key.rpartition("|")[2])
    _, item, lot_no, sublot = keys.lot_parts(key)
    if lot_no != keys.MIXED:
        return None
    place = sublot.split("@")[0].rpartition("/")[2]
    return text("cli.mixed_stock_at", item=item, place=place) if place else item


def lot(key: str) -> str:
    """A lot as people know it: item / number, with its sublot; mixed stock by item and place."""
    mixed = mixed_stock(key)
    if mixed is not None:
        return mixed
    _, item, lot_no, sublot = keys.lot_parts(key)
    return f"{item} / {lot_no or text('report.no_number')}" + (f" # {sublot}" if sublot else "")


def hours(us: int) -> str:
    """A duration of microseconds in hours and minutes."""
    minutes = round(us / 60_000_000)
    return text("report.hours", hours=minutes // 60, minutes=minutes % 60)


def span(seconds: float | None) -> str:
    """How long something took; not yet where it is not done."""
    if seconds is None:
        return text("report.bill.not_yet")
    if seconds < 60:
        return text("report.seconds", n=f"{seconds:.1f}")
    return hours(round(seconds * 1e6))


def places(located: Mapping[str, Any]) -> str:
    """Where a lot is, with amounts: the `places` of a scope's lot."""
    parts = []
    for place, amount in located.items():
        here = word("place", place)
        if not isinstance(amount, Mapping):
            parts.append(here if amount == 0 else f"{here} {number(amount)}")
            continue
        for at, value in amount.items():
            named = (here, code(at) if at else "", number(value))
            parts.append(" ".join(part for part in named if part))
    return text("report.comma").join(parts)


def reasons(cuts: Sequence[Mapping[str, Any]]) -> str:
    """Why a lot is left out: each reason of its `cuts` once."""
    return text("report.semicolon").join(dict.fromkeys(cut["reason"] for cut in cuts))
