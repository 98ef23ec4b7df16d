"""Work reports as a by-product of what was recorded: who did how much of what in which hour."""

from __future__ import annotations

from typing import Any

import polars as pl

from graph_model import floor
from graph_model.floor import FloorEntry
from graph_model.network import Facts
from queries.floor.entries import last_said, withdrawn

HOUR = 3_600_000_000


def hours(
    facts: Facts, zone: str, start: int | None = None, end: int | None = None,
    person: str | None = None,
) -> pl.DataFrame:  # fmt: skip
    """`person` (pseudonym), `hour` (its begin, us UTC, on full hours of the plant), `step`,
    `entries`, `along` (worked along with somebody else), `quantity` and `uom` of what was good,
    `scrapped`.

    An entry counts for whose account it is and for who worked along, whole for each: it says who
    was at it, not who did which part. What was withdrawn does not count, and who refused to have
    worked along did not.
    """
    rows = facts[FloorEntry]
    rows = rows.filter(~pl.col("key").is_in(withdrawn(facts).implode()))
    if start is not None:
        rows = rows.filter(pl.col("occurred_at") >= start)
    if end is not None:
        rows = rows.filter(pl.col("occurred_at") <= end)
    refused = last_said(facts).filter(pl.col("kind") == floor.REFUSE)
    refused = refused.select("person", key="entry")
    along = rows.filter(pl.col("second_person").is_not_null()).with_columns(
        person="second_person", along=pl.lit(True)
    )
    both = pl.concat([rows.with_columns(along=pl.lit(False)), along])
    both = both.join(refused, on=["key", "person"], how="anti")
    if person is not None:
        both = both.filter(pl.col("person") == person)
    scrap = (pl.col("content").str.json_path_match("$.result") == "scrap").fill_null(False)
    local = pl.from_epoch("occurred_at", time_unit="us").dt.replace_time_zone("UTC")
    hour = local.dt.convert_time_zone(zone).dt.truncate("1h").dt.timestamp("us")
    return (
        both.group_by("person", "step", "uom", hour=hour)
        .agg(
            entries=pl.len(), along=pl.col("along").sum(),
            quantity=pl.col("quantity").filter(~scrap).sum(),
            scrapped=pl.col("quantity").filter(scrap).sum(),
        )
        .sort("hour", "person", "step", "uom", nulls_last=True)
    )  # fmt: skip


def plain(rows: pl.DataFrame, names: dict[str, str]) -> list[dict[str, Any]]:
    """As JSON; people by name where `names` has one."""
    return [
        row | {"person": names.get(row["person"], row["person"])}
        for row in rows.select(
            "person", "hour", "step", "entries", "along", "quantity", "scrapped", "uom"
        ).iter_rows(named=True)
    ]
