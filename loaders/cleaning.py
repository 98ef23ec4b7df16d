"""Cells as people type them -> values, column by column.

Numbers on labels stay text: leading zeros, `1e5` and full-width forms are read as printed.
Local times become intervals in µs UTC; what cannot be read becomes null and is reported.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import polars as pl

# Zero-width and direction marks, soft hyphen, byte order marks, control characters.
_INVISIBLE = (
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u00ad"
    r"\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufffe]"
)
_DAY = 86_400_000_000
_MINUTE = 60_000_000
_EXCEL_EPOCH_DAYS = 25_569  # 1970-01-01 as a spreadsheet serial
_STAMP = (
    r"^(?P<y>\d{4})(?:\s*[-/.年]\s*(?P<m>\d{1,2}))?(?:\s*[-/.月]\s*(?P<d>\d{1,2}))?[日月年]?"
    r"(?:[T\s]*(?P<h>\d{1,2})[:时点](?P<i>\d{1,2})[分]?(?::?(?P<s>\d{1,2})(?P<f>\.\d+)?秒?)?)?"
    r"\s*(?P<z>Z|z|UTC|[+-]\d{2}:?\d{2})?$"
)


def clean_text(column: pl.Series) -> pl.Series:
    """Text without invisible characters and outer blanks, in NFKC; null where nothing is left."""
    written = _written(column)
    if not (written.isascii() and written.isprintable()):
        column = column.str.normalize("NFKC").str.replace_all(_INVISIBLE, "")
        column = column.str.replace_all(r"\s+", " ")
    column = column.str.strip_chars()
    empty = column == ""
    return column.set(empty, None) if empty.any() else column


def _written(column: pl.Series) -> str:
    """All cells together: one look tells whether a rule can concern any of them."""
    return str(column.str.join("").item() or "") if len(column) else ""


def clean_code(column: pl.Series) -> pl.Series:
    """Numbers of lots, items, documents as printed.

    Spreadsheets hand `240101` over as `240101.0`, and `="00123"` guards leading zeros.
    """
    column = clean_text(column)
    written = _written(column)
    if any(mark in written for mark in ('="', "'", ".0")):
        column = column.str.replace(r'^="(.*)"$', "$1").str.replace(r"^'", "")
        column = column.str.replace(r"^(\d+)\.0+$", "$1")
        column = column.set(column == "", None)
    return column


def clean_number(column: pl.Series) -> pl.Series:
    """Amounts, rounded to 6 places; thousands separators, decimal commas and % understood."""
    plain = column.str.strip_chars().cast(pl.Float64, strict=False)
    if plain.null_count() > column.null_count():
        text = clean_text(column).str.replace_all(r"[\s'’_¥$€£]", "")
        percent = text.str.ends_with("%")
        text = text.str.strip_suffix("%")
        grouped = text.str.contains(r"^[+-]?\d{1,3}(,\d{3})+(\.\d*)?$")
        european = text.str.contains(r"^[+-]?(\d{1,3}(\.\d{3})+|\d+),\d+$") & ~grouped
        frame = pl.DataFrame({"t": text, "g": grouped, "e": european, "p": percent})
        plain = frame.select(
            pl.when("g")
            .then(pl.col("t").str.replace_all(",", ""))
            .when("e")
            .then(pl.col("t").str.replace_all(r"\.", "").str.replace(",", "."))
            .otherwise("t")
            .cast(pl.Float64, strict=False)
            / pl.when("p").then(100.0).otherwise(1.0)
        ).to_series()
    return plain.set(~plain.is_finite(), None).round(6).alias(column.name)


@dataclass(frozen=True)
class Zone:
    """Where a row's local times are: time zone and start of the production day per row.

    `start` holds minutes after midnight.
    """

    names: pl.Series
    start: pl.Series


def _utc(local: pl.Series, zone: Zone, *, late: bool) -> pl.Series:
    """Local datetimes as µs UTC. An hour that occurs twice counts from its first to its last."""
    distinct = zone.names.unique().to_list()
    result = pl.Series(local.name, [None], dtype=pl.Int64).extend_constant(None, len(local) - 1)
    for name in distinct:
        there = local.dt.replace_time_zone(
            name, ambiguous="latest" if late else "earliest", non_existent="null"
        )
        if there.null_count() > local.null_count():
            # The hour that the clock leaves out in spring: it was typed an hour off.
            shifted = local.dt.offset_by("1h")
            there = there.zip_with(
                there.is_not_null(),
                shifted.dt.replace_time_zone(name, ambiguous="latest", non_existent="null"),
            )
        values = there.dt.convert_time_zone("UTC").dt.timestamp("us")
        if len(distinct) == 1:
            return values
        result = result.zip_with(zone.names != name, values)
    return result


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
    begin = parsed["start"]
    unit = parsed["unit"]
    shift = zone.start * (unit.is_in(["day", "month", "year"])).cast(pl.Int64)
    frame = pl.DataFrame({"b": begin, "u": unit, "s": shift})
    ends = frame.select(
        pl.when(pl.col("u") == "instant")
        .then("b")
        .when(pl.col("u") == "minute")
        .then(pl.col("b").dt.offset_by("1m"))
        .when(pl.col("u") == "day")
        .then(pl.col("b").dt.offset_by("1d"))
        .when(pl.col("u") == "month")
        .then(pl.col("b").dt.offset_by("1mo"))
        .otherwise(pl.col("b").dt.offset_by("1y"))
        .dt.offset_by(pl.format("{}m", "s"))
        .alias("e"),
        pl.col("b").dt.offset_by(pl.format("{}m", "s")),
    )
    earliest = _utc(ends["b"], zone, late=False)
    latest = _utc(ends["e"], zone, late=True) - (unit != "instant").cast(pl.Int64)
    if parsed["z"].null_count() < len(parsed):
        offset = _offset(parsed["z"]) * _MINUTE
        known = parsed["z"].is_not_null()
        earliest = earliest.zip_with(~known, ends["b"].dt.timestamp("us") - offset)
        instant = ends["e"].dt.timestamp("us") - offset - (unit != "instant").cast(pl.Int64)
        latest = latest.zip_with(~known, instant)
    return earliest, latest


def read_times(column: pl.Series, zone: Zone) -> tuple[pl.Series, pl.Series]:
    """(earliest, latest) in µs UTC, both null where nothing or nothing readable is written.

    A stamp to the second is an instant, to the minute that minute; a date is the production day
    of its place; a month or a year is all of it.
    """
    text = column.str.strip_chars()
    fast = text.str.to_datetime("%Y-%m-%d %H:%M:%S", strict=False, time_unit="us")
    if fast.null_count() == column.null_count():
        return _utc(fast, zone, late=False), _utc(fast, zone, late=True)
    pairs = pl.DataFrame({"t": text, "z": zone.names, "s": zone.start}).with_row_index("i")
    distinct = pairs.select("t", "z", "s").unique(maintain_order=True)
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


def cell_text(value: object) -> str:
    """A spreadsheet cell as text: whole numbers without `.0`, dates in ISO form."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, datetime):
        # Spreadsheets keep times as fractions of a day, off by microseconds.
        return value.isoformat(sep=" ", timespec="seconds")
    return str(value)
