"""Times as people type them -> intervals in µs UTC, column by column.

A stamp to the second is an instant, to the minute that minute; a date is the production day of its
place; a month or a year is all of it. Forms that whole columns have are read at once; only what
has another form is taken apart, each distinct text once.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache

import polars as pl

from loaders.cleaning import clean_text

_DAY = 86_400_000_000
_MINUTE = 60_000_000
_EXCEL_EPOCH_DAYS = 25_569  # 1970-01-01 as a spreadsheet serial
_STAMP = (
    r"^(?P<y>\d{4})(?:\s*[-/.年]\s*(?P<m>\d{1,2}))?(?:\s*[-/.月]\s*(?P<d>\d{1,2}))?[日月年]?"
    r"(?:[T\s]*(?P<h>\d{1,2})[:时点](?P<i>\d{1,2})[分]?(?::?(?P<s>\d{1,2})(?P<f>\.\d+)?秒?)?)?"
    r"\s*(?P<z>Z|z|UTC|[+-]\d{2}:?\d{2})?$"
)


@dataclass(frozen=True)
class _Form:
    looks: str
    pattern: str
    unit: str


_FORMS = (
    _Form(r"^\d{4}-\d\d?-\d\d? \d\d?:\d\d:\d\d$", "%Y-%m-%d %H:%M:%S", "instant"),
    _Form(r"^\d{4}-\d\d?-\d\d? \d\d?:\d\d$", "%Y-%m-%d %H:%M", "minute"),
    _Form(r"^\d{4}-\d\d?-\d\d?$", "%Y-%m-%d", "day"),
    _Form(r"^\d{4}/\d\d?/\d\d? \d\d?:\d\d:\d\d$", "%Y/%m/%d %H:%M:%S", "instant"),
    _Form(r"^\d{4}/\d\d?/\d\d? \d\d?:\d\d$", "%Y/%m/%d %H:%M", "minute"),
    _Form(r"^\d{4}/\d\d?/\d\d?$", "%Y/%m/%d", "day"),
)
_LENGTH = {"instant": 0, "minute": _MINUTE, "day": _DAY}
_YEARS = (1900, 2200)
_MOST_DAYS = 200 * 366


@dataclass(frozen=True)
class Zone:
    """Where a row's local times are: time zone and start of the production day per row.

    `start` holds minutes after midnight.
    """

    names: pl.Series
    start: pl.Series

    @cached_property
    def only(self) -> tuple[str, int] | None:
        """Zone and start where all rows have the same."""
        if not len(self.names) or self.names.n_unique() > 1 or self.start.n_unique() > 1:
            return None
        return self.names[0], self.start[0]

    def of(self, rows: pl.Series) -> Zone:
        """Of some of the rows."""
        return Zone(self.names.filter(rows), self.start.filter(rows))


def read_times(
    column: pl.Series, zone: Zone, forms: tuple[_Form, ...] = _FORMS
) -> tuple[pl.Series, pl.Series]:
    """(earliest, latest) in µs UTC, both null where nothing or nothing readable is written.

    `forms` are tried on whole columns, each once.
    """
    form = _form_of(column, forms)
    if form is None:
        return _apart(column, zone)
    local = column.str.to_datetime(form.pattern, strict=False, time_unit="us")
    bounds = _spans(local, form.unit, zone)
    if local.null_count() == column.null_count():
        return bounds
    odd = local.is_null() & column.is_not_null()
    left = tuple(other for other in forms if other is not form)
    others = read_times(column.filter(odd), zone.of(odd), left)
    at = odd.arg_true()
    earliest, latest = (each.scatter(at, other) for each, other in zip(bounds, others, strict=True))
    return earliest, latest


def _form_of(column: pl.Series, forms: tuple[_Form, ...]) -> _Form | None:
    """The form of the first cell."""
    first = column.drop_nulls().head(1)
    fits = (form for form in forms if len(first) and first.str.contains(form.looks).item())
    return next(fits, None)


def _spans(local: pl.Series, unit: str, zone: Zone) -> tuple[pl.Series, pl.Series]:
    """Bounds of local times that are all given to the same unit. Years far off are unreadable."""
    year = local.dt.year()
    local = local.set(~year.is_between(*_YEARS), None)
    begin = local.dt.timestamp("us")
    if unit == "day":
        begin = begin + zone.start * _MINUTE
    earliest = _utc(begin, zone, late=False)
    length = _LENGTH[unit]
    latest = _utc(begin + length, zone, late=True)
    return earliest, latest - 1 if length else latest


def _apart(column: pl.Series, zone: Zone) -> tuple[pl.Series, pl.Series]:
    """Bounds of texts of any form."""
    pairs = pl.DataFrame({"t": column, "z": zone.names, "s": zone.start})
    distinct = pairs.unique(maintain_order=True)
    there = Zone(distinct["z"], distinct["s"])
    earliest, latest = _bounds(_parse(clean_text(distinct["t"])), there)
    joined = pairs.join(
        distinct.with_columns(earliest=earliest, latest=latest),
        on=["t", "z", "s"],
        how="left",
        nulls_equal=True,
        maintain_order="left",
    )
    return joined["earliest"], joined["latest"]


@lru_cache(maxsize=256)
def _shift(name: str, first: int, last: int) -> int | None:
    """How far a zone is east of UTC, µs, where no clock change falls on these days since 1970."""
    if last - first > _MOST_DAYS:
        return None
    midnights = pl.Series(range(first - 1, last + 3), dtype=pl.Int64) * _DAY
    local = midnights.cast(pl.Datetime("us"))
    there = local.dt.replace_time_zone(name, ambiguous="earliest", non_existent="null")
    shifts = (midnights - there.dt.timestamp("us")).unique()
    shift: int | None = shifts.item() if len(shifts) == 1 else None
    return shift


def _utc(local: pl.Series, zone: Zone, *, late: bool) -> pl.Series:
    """Local µs as µs UTC. An hour that occurs twice counts from its first to its last."""
    first, last = local.min(), local.max()
    if zone.only is not None and isinstance(first, int) and isinstance(last, int):
        shift = _shift(zone.only[0], first // _DAY, last // _DAY)
        if shift is not None:
            return local - shift
    result = pl.Series(local.name, [None], dtype=pl.Int64).new_from_index(0, len(local))
    for name in zone.names.unique():
        there = zone.names == name
        result = result.scatter(there.arg_true(), _in_zone(local.filter(there), name, late=late))
    return result


def _in_zone(local: pl.Series, name: str, *, late: bool) -> pl.Series:
    times = local.cast(pl.Datetime("us"))
    there = times.dt.replace_time_zone(
        name, ambiguous="latest" if late else "earliest", non_existent="null"
    )
    if there.null_count() > local.null_count():
        # The hour that the clock leaves out in spring: it was typed an hour off.
        shifted = times.dt.offset_by("1h")
        there = there.zip_with(
            there.is_not_null(),
            shifted.dt.replace_time_zone(name, ambiguous="latest", non_existent="null"),
        )
    return there.dt.timestamp("us")


def _parts(text: pl.Series) -> pl.DataFrame:
    """Year to second, fraction and offset of each text; null parts where not written."""
    compact = text.str.replace(
        r"^(\d{4})(\d{2})(\d{2})(?:[ T]?(\d{2})(\d{2})(\d{2})?)?$", "$1-$2-$3 $4:$5:$6"
    ).str.replace(r"[ :]+$", "")
    european = compact.str.replace(r"^(1[3-9]|2\d|3[01])[/.](\d{1,2})[/.](\d{4})", "$3-$2-$1")
    return european.str.extract_groups(_STAMP).struct.unnest()


def _serials(text: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Spreadsheet serials: (local time or null, whole day)."""
    serial = text.set(~text.str.contains(r"^[2-7]\d{4}(\.\d+)?$"), None)
    days = serial.cast(pl.Float64, strict=False)
    micros = ((days - _EXCEL_EPOCH_DAYS) * 86_400).round(0).cast(pl.Int64) * 1_000_000
    return micros.cast(pl.Datetime("us")), days == days.floor()


def _parse(text: pl.Series) -> pl.DataFrame:
    """One row a text: start, end (local, end exclusive but for stamps), precision, offset."""
    parts = _parts(text)
    number = {name: pl.col(name).cast(pl.Int32, strict=False) for name in "ymdhis"}
    serial, whole = _serials(text)
    unit = (
        pl.when(pl.col("f").is_not_null() | pl.col("s").is_not_null())
        .then(pl.lit("instant"))
        .when(pl.col("h").is_not_null())
        .then(pl.lit("minute"))
        .when(pl.col("d").is_not_null())
        .then(pl.lit("day"))
        .when(pl.col("m").is_not_null())
        .then(pl.lit("month"))
        .otherwise(pl.lit("year"))
    )
    valid = (
        number["m"].fill_null(1).is_between(1, 12)
        & number["d"].fill_null(1).is_between(1, 31)
        & number["h"].fill_null(0).is_between(0, 23)
        & number["i"].fill_null(0).is_between(0, 59)
        & number["s"].fill_null(0).is_between(0, 59)
        & number["y"].is_between(1900, 2200)
    )
    # A day that the month does not have (2023-02-30) is unreadable, so text is parsed, not built.
    digits = pl.format(
        "{}-{}-{} {}:{}:{}",
        "y",
        pl.col("m").fill_null("1").str.zfill(2),
        pl.col("d").fill_null("1").str.zfill(2),
        pl.col("h").fill_null("0").str.zfill(2),
        pl.col("i").fill_null("0").str.zfill(2),
        pl.col("s").fill_null("0").str.zfill(2),
    )
    fraction = (pl.col("f").cast(pl.Float64, strict=False).fill_null(0) * 1e6).cast(pl.Int64)
    frame = parts.with_columns(unit=unit, valid=valid, digits=digits, fraction=fraction).select(
        pl.when("valid")
        .then(pl.col("digits").str.to_datetime("%Y-%m-%d %H:%M:%S", strict=False, time_unit="us"))
        .dt.offset_by(pl.format("{}us", "fraction"))
        .alias("start"),
        pl.col("unit"),
        pl.col("z"),
    )
    return frame.with_columns(
        start=pl.coalesce("start", serial),
        unit=pl.when(serial.is_not_null())
        .then(pl.when(whole).then(pl.lit("day")).otherwise(pl.lit("instant")))
        .otherwise("unit"),
    )


def _offset(z: pl.Series) -> pl.Series:
    """Minutes east of UTC of a written offset."""
    plain = z.str.replace("(?i)^(z|utc)$", "+00:00").str.replace(":", "")
    minutes = plain.str.slice(1, 2).cast(pl.Int64, strict=False) * 60 + plain.str.slice(3, 2).cast(
        pl.Int64, strict=False
    )
    return minutes.set(plain.str.starts_with("-"), None).fill_null(-minutes)


def _bounds(parsed: pl.DataFrame, zone: Zone) -> tuple[pl.Series, pl.Series]:
    """Earliest and latest µs UTC."""
    unit = parsed["unit"]
    shift = zone.start * (unit.is_in(["day", "month", "year"])).cast(pl.Int64) * _MINUTE
    frame = pl.DataFrame({"b": parsed["start"], "u": unit, "s": shift})
    ends = frame.select(
        pl.col("b").dt.timestamp("us") + pl.col("s"),
        pl.when(pl.col("u") == "instant")
        .then("b")
        .when(pl.col("u") == "minute")
        .then(pl.col("b").dt.offset_by("1m"))
        .when(pl.col("u") == "day")
        .then(pl.col("b").dt.offset_by("1d"))
        .when(pl.col("u") == "month")
        .then(pl.col("b").dt.offset_by("1mo"))
        .otherwise(pl.col("b").dt.offset_by("1y"))
        .dt.timestamp("us")
        .alias("e")
        + pl.col("s"),
    )
    earliest = _utc(ends["b"], zone, late=False)
    latest = _utc(ends["e"], zone, late=True) - (unit != "instant").cast(pl.Int64)
    if parsed["z"].null_count() < len(parsed):
        offset = _offset(parsed["z"]) * _MINUTE
        known = parsed["z"].is_not_null()
        earliest = earliest.zip_with(~known, ends["b"] - offset)
        instant = ends["e"] - offset - (unit != "instant").cast(pl.Int64)
        latest = latest.zip_with(~known, instant)
    return earliest, latest
