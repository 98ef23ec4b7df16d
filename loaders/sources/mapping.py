"""Records of a form -> rows of sheets, as text, with where each of them comes from."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

import polars as pl

from loaders.plant.sheets import BY_NAME, DATES
from loaders.sources.forms import Form

_UTC = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$"
_JOINT = "|"
"""Stands between an item's code and its free items, as U8 itself prints them."""

Rows = dict[str, pl.DataFrame]


def cell(value: Any) -> str:
    """A value of JSON or of a database as the text that a spreadsheet would show."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else format(value, ".15g")
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    if isinstance(value, dict):
        return _part(value)
    if isinstance(value, list | tuple):
        return ", ".join(text for each in value if (text := cell(each)))
    return str(value)


def _part(value: Mapping[str, Any]) -> str:
    """A person, department, telephone or address of a form, in one piece."""
    for name in ("Number", "username", "name", "phone", "Name"):
        if isinstance(value.get(name), str):
            return str(value[name])
    parts = (value.get(name) for name in ("province", "city", "district", "detail"))
    return "".join(part for part in parts if isinstance(part, str))


def table(form: Form, records: list[dict[str, Any]]) -> pl.DataFrame:
    """The fields that a form reads, as columns of text; empty text is null."""
    columns = {
        name: pl.Series(name, [cell(record.get(name)) for record in records], dtype=pl.String)
        for name in form.asked
    }
    return pl.DataFrame(columns).with_columns(pl.all().replace("", None))


def rows(form: Form, records: list[dict[str, Any]], source: str, timezone: str) -> Rows:
    """Rows by sheet. `_file` is source and form, `_sheet` the document, `_row` its line.

    A date that the system gives as a moment in UTC is the day of that moment at the plant.
    """
    if not records:
        return {}
    raw = table(form, records)
    sheet = BY_NAME[form.sheet]
    frame = raw.select(
        *(_value(form, name) for name in dict.fromkeys((*form.fields, *form.joined, *form.fixed))),
        *_provenance(form, source),
    )
    frame = frame.with_columns(
        _local_day(name, timezone) for name in frame.columns if name in DATES
    )
    if "source" in sheet.fields and "source" not in frame.columns:
        frame = frame.with_columns(source=pl.lit(f"{source}.{form.sheet}"))
    return _signed(form, frame, source)


def _value(form: Form, name: str) -> pl.Expr:
    if name in form.fixed and name not in form.fields:
        return pl.lit(form.fixed[name]).alias(name)
    value = pl.coalesce(form.fields[name])
    if name in form.values:
        value = value.replace(dict(form.values[name]))
    if name in form.joined:
        more = [pl.col(each).fill_null("") for each in form.joined[name]]
        value = pl.concat_str(value, *more, separator=_JOINT).str.strip_chars_end(_JOINT)
    if name in form.fixed:
        value = value.fill_null(form.fixed[name])
    return value.alias(name)


def _provenance(form: Form, source: str) -> list[pl.Expr]:
    document = pl.col(form.document) if form.document else pl.lit(form.name)
    line = pl.col(form.line).cast(pl.Int64, strict=False) if form.line else pl.lit(None, pl.Int64)
    nth = pl.int_range(1, pl.len() + 1).over(document.fill_null(form.name))
    return [
        pl.lit(f"{source}:{form.name}").alias("_file"),
        document.fill_null(form.name).alias("_sheet"),
        line.fill_null(nth).alias("_row"),
    ]


def _local_day(name: str, timezone: str) -> pl.Expr:
    text = pl.col(name)
    moment = text.str.slice(0, 19).str.to_datetime("%Y-%m-%dT%H:%M:%S", strict=False)
    day = moment.dt.replace_time_zone("UTC").dt.convert_time_zone(timezone).dt.strftime("%Y-%m-%d")
    return pl.when(text.str.contains(_UTC)).then(day).otherwise(text).alias(name)


def _signed(form: Form, frame: pl.DataFrame, source: str) -> Rows:
    """Red vouchers apart: what a negative amount takes back is a movement the other way."""
    if form.red is None or "quantity" not in frame.columns:
        return {form.sheet: frame}
    amount = pl.col("quantity").cast(pl.Float64, strict=False)
    negative = (amount < 0).fill_null(False)
    back = frame.filter(negative).with_columns(pl.col("quantity").str.strip_prefix("-"))
    fields = BY_NAME[form.red.sheet].fields
    gone = [name for name, other in form.red.rename.items() if not other]
    renamed = {name: other for name, other in form.red.rename.items() if other}
    back = back.drop(gone, strict=False).rename(renamed, strict=False)
    back = back.select(name for name in back.columns if name in fields or name.startswith("_"))
    if "source" in back.columns:
        back = back.with_columns(source=pl.lit(f"{source}.{form.red.sheet}"))
    found = {form.sheet: frame.filter(~negative), form.red.sheet: back}
    return {name: each for name, each in found.items() if len(each)}


def together(parts: list[Rows]) -> Rows:
    """Rows of several pages by sheet."""
    names = dict.fromkeys(name for part in parts for name in part)
    return {
        name: pl.concat([part[name] for part in parts if name in part], how="diagonal")
        for name in names
    }
