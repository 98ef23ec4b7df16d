"""Amounts that cannot be."""

from __future__ import annotations

import polars as pl

from loaders.checks.records import WHERE, C, Records, place
from loaders.checks.registry import rule

ROUNDING = 1e-6


def balances(records: Records) -> pl.DataFrame:
    """`lot`, `come`, `gone` in the item's unit, for lots that came from somewhere.

    Lots with an amount that is missing or cannot be converted are left out.
    """
    per_lot = records.flows.group_by("lot").agg(
        come=C("amount").filter(C("side") == 1).sum(),
        gone=C("amount").filter((C("side") == -1) & C("sure")).sum(),
        known=C("amount").filter((C("side") == 1) | C("sure")).is_not_null().all(),
        origins=(C("side") == 1).sum(),
    )
    return per_lot.filter("known", C("origins") > 0).select("lot", "come", "gone")


@rule("consumed_more_than_exists", "warning")
def consumed_more_than_exists(records: Records) -> pl.DataFrame:
    """Lots of which more was used and shipped than was received and made."""
    over = balances(records).filter(C("gone") > C("come") * (1 + ROUNDING) + ROUNDING)
    last = records.flows.filter((C("side") == -1) & C("sure")).sort("t1", *WHERE)
    last = last.unique("lot", keep="last", maintain_order=True)
    rows = last.join(over, on="lot", how="inner", maintain_order="left")
    return place(
        rows, "quantity", "amount", "lot", come=C("come").round(6), gone=C("gone").round(6)
    )
