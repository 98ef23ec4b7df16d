"""Who did it: missing, or more than one person under one name."""

from __future__ import annotations

import polars as pl

from graph_model.schema import Operation, Site
from loaders.checks.records import WHERE, C, Records, all_of, moved, place, sheet_of
from loaders.checks.registry import rule
from loaders.plant.sheets import SHEETS

HOURS = 16
"""More distinct hours a day than one person works, day after day."""
DAYS = 3
PLACES = 3
"""More places than one person can be at within one minute."""
_MINUTE = 60 * 1_000_000
_HOUR = 60 * _MINUTE


@rule("missing_operator", "info")
def missing_operator(records: Records) -> pl.DataFrame:
    """Movements without a person, on sheets that can name one, where anybody is named at all."""
    sheets = [sheet.name for sheet in SHEETS if "operator" in sheet.fields]
    nameable = sheet_of().is_in(sheets)
    bare, anybody = [], False
    for _, frame in moved(records):
        rows = frame.select("key", "person", *WHERE)
        bare.append(rows.filter(C("person").is_null()).filter(nameable))
        anybody = anybody or rows.filter(C("person").is_not_null()).select(nameable.any()).item()
    rows = pl.concat(bare)
    return place(rows if anybody else rows.clear(), "operator", pl.lit(""))


@rule("shared_account", "warning")
def shared_account(records: Records) -> pl.DataFrame:
    """Accounts at work around the clock, or at more places at once than one person can be."""
    work = _work(records)
    local = pl.from_epoch("moment", time_unit="us").dt.replace_time_zone("UTC")
    local = local.dt.convert_time_zone(records.timezone)
    days = work.group_by("person", day=local.dt.date()).agg(hours=local.dt.hour().n_unique())
    hours = days.group_by("person").agg(days=pl.len(), hours=C("hours").mean().round(1))
    minutes = work.group_by("person", minute=C("moment") // _MINUTE).agg(n=C("place").n_unique())
    places = minutes.group_by("person").agg(places=C("n").max())
    clock = (C("days") >= DAYS) & (C("hours") > HOURS)
    shared = hours.join(places, on="person").filter(clock | (C("places") > PLACES))
    first = work.sort("moment", *WHERE).unique("person", keep="first", maintain_order=True)
    rows = first.join(shared, on="person", how="inner", maintain_order="left")
    return place(rows, "operator", "person", "hours", "places")


def _work(records: Records) -> pl.DataFrame:
    """`person`, `moment`, `place` of each movement: its own stamp, else when it was entered.

    A bin counts as the place it is part of. Without a stamp of the event itself nobody was
    there at that moment, and `place` is null.
    """
    bins = records.facts[Site].filter((C("kind") == "bin") & C("parent").is_not_null())
    bins = bins.select(place="key", parent="parent")
    sites = records.facts[Operation].select(operation="key", site="site")
    found = []
    for _, frame in moved(records):
        rows = frame.filter(C("person").is_not_null())
        site = pl.lit(None, pl.String)
        if "operation" in rows.columns:
            rows = rows.join(sites, on="operation", how="left", maintain_order="left")
            site = C("site")
        stamped = (C("latest") - C("earliest")) < _HOUR
        rows = rows.select(
            "person",
            *WHERE,
            moment=pl.when(stamped).then("earliest").otherwise("entered_at"),
            place=pl.when(stamped).then(pl.coalesce("from_place", "to_place", site)),
        )
        found.append(rows.filter(C("moment").is_not_null()))
    work = all_of(found).join(bins, on="place", how="left", maintain_order="left")
    return work.with_columns(place=pl.coalesce("parent", "place"))
