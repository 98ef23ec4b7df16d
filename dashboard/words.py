"""Numbers, amounts, money and times as people read them, in the language in force.

Unknown is always written out, never blank or 0; a dash means that there is none.
"""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from babel.numbers import get_currency_symbol

from graph_model.i18n import catalogue, text
from graph_model.i18n import language as language
from graph_model.interval import MAX, MIN

NONE = "–"
MINUTE, HOUR, DAY = 60_000_000, 3_600_000_000, 86_400_000_000
_UNITS = {"KGM": "kg", "GRM": "g", "TNE": "t", "LTR": "L", "C62": "pcs", "H87": "pcs"}


def chinese() -> bool:
    """Whether texts are Chinese."""
    return language() == "zh_CN"


def unknown() -> str:
    """The word for what nothing records."""
    return text("screen.unknown")


def number(value: float | None, digits: int = 3) -> str:
    """A number with thousands apart and a true minus."""
    if value is None:
        return unknown()
    shown = f"{round(value, digits):,.{digits}f}".rstrip("0").rstrip(".") if digits else ""
    shown = shown or f"{round(value):,}"
    return shown.replace("-", "−")


def percent(share: float | None) -> str:
    """A share as percent with one digit, rounded down: what is not whole is never 100 %."""
    return unknown() if share is None else f"{number(int(share * 1000 + 1e-9) / 10, 1)}%"


def unit(code: str | None) -> str:
    """A unit as printed; the code itself where it has no short form."""
    return _UNITS.get(code or "", code or "")


def amounts(by_unit: dict[str, float]) -> str:
    """Amounts of several units in one line."""
    parts = [f"{number(value)} {unit(code)}".strip() for code, value in by_unit.items() if value]
    return " · ".join(parts) or NONE


def symbol(currency: str | None) -> str:
    """The sign of a currency, as its own country prints it."""
    if not currency:
        return ""
    return get_currency_symbol(currency, locale="zh_CN" if currency == "CNY" else "en")


def money(value: float | None, currency: str | None) -> str:
    """Money in a table: whole units."""
    return unknown() if value is None else f"{symbol(currency)} {number(value, 0)}".strip()


def money_headline(value: float | None, currency: str | None) -> str:
    """Money as a headline: thousands, or ten thousands in Chinese."""
    if value is None:
        return unknown()
    if chinese():
        shown = f"{value / 10_000:,.2f} 万" if abs(value) >= 10_000 else number(value, 0)
    elif abs(value) >= 1_000_000:
        shown = f"{value / 1_000_000:,.2f}M"
    else:
        shown = f"{value / 1000:,.1f}k" if abs(value) >= 1000 else number(value, 0)
    return f"{symbol(currency)} {shown}".replace("-", "−").strip()


def local(stamp: int | None, zone: str) -> datetime | None:
    """The moment at the plant; None when unbounded."""
    if stamp is None or stamp <= MIN or stamp >= MAX:
        return None
    return datetime.fromtimestamp(stamp / 1e6, UTC).astimezone(ZoneInfo(zone))


def moment(stamp: int | None, zone: str) -> str:
    """Date and time at the plant."""
    at = local(stamp, zone)
    return f"{_date(at)}{' ' if chinese() else ', '}{at:%H:%M}" if at else unknown()


def brief(stamp: int | None, zone: str) -> str:
    """Day of the month and time at the plant, for a list where the year is plain."""
    at = local(stamp, zone)
    if at is None:
        return unknown()
    return f"{at:%m-%d %H:%M}" if chinese() else f"{at.day} {at:%b, %H:%M}"


def day(stamp: int | None, zone: str) -> str:
    """Date at the plant."""
    at = local(stamp, zone)
    return _date(at) if at else unknown()


def _date(at: datetime) -> str:
    return f"{at:%Y-%m-%d}" if chinese() else f"{at.day} {at:%b %Y}"


def duration(span: int) -> str:
    """A length of time in its two largest units."""
    span = abs(span)
    days, hours, minutes = span // DAY, span % DAY // HOUR, span % HOUR // MINUTE
    if days >= 10:
        return text("screen.time.days", days=days)
    if days:
        return text("screen.time.days_hours", days=days, hours=hours)
    if hours:
        return text("screen.time.hours_minutes", hours=hours, minutes=minutes)
    return text("screen.time.minutes", minutes=minutes)


def ago(stamp: int, now: int) -> str:
    """How long before now; in how long where it lies ahead."""
    key = "screen.time.ago" if stamp <= now else "screen.time.ahead"
    return text(key, span=duration(now - stamp))


def labelled(prefix: str, name: str | None) -> str:
    """The text `prefix.name` where there is one, else the name as recorded."""
    return catalogue(language()).get(f"{prefix}.{name}", name or unknown())


def note(content: str | None) -> str:
    """What a batch is about: a deed in words, else as it was written."""
    known = catalogue(language())
    names = (f"screen.note.{content}", f"incident.deed.{content}")
    return next((known[name] for name in names if name in known), content or NONE)


def counted(key: str, count: int, **params: object) -> str:
    """A text about a count; `<key>_one` is the text about one, where there is one."""
    one = f"{key}_one"
    key = one if count == 1 and one in catalogue(language()) else key
    return text(key, count=number(count, 0), **params)


def stamp(iso: str) -> int:
    """Microseconds UTC of an ISO time."""
    return round(datetime.fromisoformat(iso).timestamp() * 1e6)


def now() -> int:
    """This moment in microseconds UTC."""
    return round(datetime.now(UTC).timestamp() * 1e6)
