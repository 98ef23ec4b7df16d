"""What of a plant's sheets the forms of a system carry."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import polars as pl

from loaders.plant.sheets import BY_NAME
from loaders.sources.forms import Form

AUDITED = "2026-11-20 13:00:00"

Sheets = dict[str, pl.DataFrame]


def carried(
    sheets: Mapping[str, pl.DataFrame],
    forms: Iterable[Form],
    today: str,
    changes: Mapping[str, Mapping[str, pl.Expr]],
) -> Sheets:
    """The sheets with the fields that the forms carry: days instead of moments, audited at once.

    `changes`: columns of sheets that the system writes in its own way.
    """
    found = {}
    for form in forms:
        for sheet, names in _sheets(form).items():
            if sheet in sheets and sheet not in found:
                frame = _written(form, sheets[sheet], today)
                frame = frame.with_columns(**changes.get(sheet, {}))
                found[sheet] = frame.select(name for name in frame.columns if name in names)
    return found


def _sheets(form: Form) -> dict[str, set[str]]:
    """The fields that a form carries by sheet, of red vouchers too."""
    names = {*form.fields, *form.fixed}
    found = {form.sheet: names}
    if form.red is not None:
        renamed = {form.red.rename.get(name, name) for name in names}
        found[form.red.sheet] = renamed & set(BY_NAME[form.red.sheet].fields)
    return found


def _written(form: Form, frame: pl.DataFrame, today: str) -> pl.DataFrame:
    if "event_time" in frame.columns and "business_date" in form.fields:
        day = pl.col("event_time").str.slice(0, 10)
        have = ["business_date"] if "business_date" in frame.columns else []
        frame = frame.with_columns(business_date=pl.coalesce(*have, day))
    frame = frame.with_columns(pl.lit(word).alias(name) for name, word in form.fixed.items())
    if form.snapshot:
        frame = frame.with_columns(as_of=pl.lit(today))
    if "audited_at" in form.fields:
        frame = frame.with_columns(audited_at=pl.lit(AUDITED))
    return frame
