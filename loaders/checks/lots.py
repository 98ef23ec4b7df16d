"""Lot numbers that may stand for more than one lot."""

from __future__ import annotations

import polars as pl

from graph_model.schema import Consumed, Lot, Operation
from loaders.checks.records import ORIGINS, WHERE, C, Records, place
from loaders.checks.registry import rule

AGAIN = 300 * 24 * 3_600 * 1_000_000
"""So long after its last production a number is taken for a new lot's."""


def _made(records: Records) -> pl.DataFrame:
    """What gave a lot its being, with the kind of the operation."""
    kinds = records.facts[Operation].select(operation="key", kind="kind")
    made = records.origins.join(kinds, on="operation", how="inner", maintain_order="left")
    return made.filter(C("kind").is_in(list(ORIGINS)))


@rule("duplicate_lot_number", "warning")
def duplicate_lot_number(records: Records) -> pl.DataFrame:
    """One number of ours for one item received from several suppliers: allowed, but ambiguous."""
    received = _made(records).filter(C("kind") == "receive")
    received = received.filter(C("lot").is_duplicated())
    suppliers = records.moves[Consumed].select("operation", supplier="owner")
    rows = received.join(suppliers.drop_nulls(), on="operation", how="inner").sort(*WHERE)
    several = rows.group_by("lot").agg(
        n=C("supplier").n_unique(), suppliers=C("supplier").unique().sort().str.join(", ")
    )
    rows = rows.join(several.filter(C("n") > 1), on="lot", how="inner", maintain_order="left")
    return place(rows, "lot_no", "lot_no", "item", "suppliers")


@rule("number_used_again", "warning")
def number_used_again(records: Records) -> pl.DataFrame:
    """A lot number that comes back long after its lot was made."""
    made = _made(records).filter(C("earliest").is_not_null() & C("latest").is_not_null())
    made = made.filter(C("lot").is_duplicated()).sort("lot", "earliest", *WHERE)
    made = made.with_columns(before=C("latest").shift(1).over("lot"))
    rows = made.filter(C("earliest") - C("before") > AGAIN)
    return place(
        rows,
        "lot_no",
        "lot_no",
        "item",
        time=records.shown("earliest"),
        before=records.shown("before"),
    )


@rule("two_owners_without_transfer", "warning")
def two_owners_without_transfer(records: Records) -> pl.DataFrame:
    """One number of one item under two owners that no receipt, transfer or rename connects."""
    lots = records.facts[Lot].filter((C("lot_no") != "") & C("item").is_not_null())
    lots = lots.join(_received(records), left_on="key", right_on="lot", how="anti")
    number = ["item", "lot_no"]
    several = lots.group_by(number).agg(
        differ=C("owner").min() != C("owner").max(), ours=C("owner").is_in(records.own).any()
    )
    several = several.filter(C("differ") & C("ours")).select(number)
    group = lots.join(several, on=number, how="semi")
    owners = group.group_by(number).agg(owners=C("owner").unique().sort().str.join(", "))
    ends = _joined(records, group.select("item", "lot_no", "owner", lot="key"))
    alone = group.join(owners, on=number).join(ends, left_on="key", right_on="lot", how="anti")
    # The plant's own lot is where the other stands out from, unless it too stands alone.
    other = alone.filter(~C("owner").is_in(records.own) | _second(alone, records))
    return place(other.sort("key"), "lot_no", "lot_no", "item", "owners")


def _second(alone: pl.DataFrame, records: Records) -> pl.Expr:
    """All but the first of the plant's own companies that hold the number."""
    ours = C("owner").is_in(records.own)
    first = C("owner").filter(ours).min().over("item", "lot_no")
    return ours & (C("owner") != first)


def _joined(records: Records, group: pl.DataFrame) -> pl.DataFrame:
    """Lots of the group that an operation turns into the same number of another owner, or back."""
    taken = records.moves[Consumed].select("operation", "lot").join(group, on="lot")
    given = records.origins.select("operation", "lot").join(group, on="lot")
    pairs = taken.join(given, on=["operation", "item", "lot_no"], suffix="_to")
    pairs = pairs.filter(C("owner") != C("owner_to"))
    return pl.concat([pairs.select("lot"), pairs.select(lot="lot_to")]).unique()


def _received(records: Records) -> pl.DataFrame:
    """Suppliers' lots that were received: their own number is theirs."""
    receipts = records.facts[Operation].filter(C("kind") == "receive").select(operation="key")
    taken = records.moves[Consumed].join(receipts, on="operation", how="semi")
    return taken.select("lot").drop_nulls().unique()
