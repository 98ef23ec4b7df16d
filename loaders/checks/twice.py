"""One movement recorded on the floor and again by a system: amounts would count it twice."""

from __future__ import annotations

import polars as pl

from graph_model import floor
from loaders.checks.records import WHERE, C, Records, all_of, moved, place, sheet_of
from loaders.checks.registry import rule

_DAY = 86_400_000_000
"""A system dates by the day of the document, which may be that of the next shift."""


@rule("recorded_twice", "warning")
def recorded_twice(records: Records) -> pl.DataFrame:
    """Rows of other sources like an entry of the floor: same sheet, lot, order, amount, and day.

    Each entry answers for one row. Neither is taken out by itself: two issues of one bag each look
    like one issue recorded twice.
    """
    found = []
    for _, frame in moved(records):
        order = next(C(name) for name in ("operation", "shipment") if name in frame.columns)
        sheet = sheet_of()
        # A receipt or a move is an operation of its own in each record.
        same = pl.when(sheet.is_in(["receipts", "moves"])).then(pl.lit("")).otherwise(order)
        rows = frame.filter(C("lot").is_not_null() & C("quantity").is_not_null()).with_columns(
            _sheet_of=sheet, _same=same, _own=C("source").str.starts_with(f"{floor.SOURCE}.")
        )
        like = ["_sheet_of", "_same", "lot", "quantity", "uom"]
        rows = rows.sort("earliest", "key", nulls_last=True).with_columns(
            _n=pl.int_range(pl.len()).over(*like, "_own")
        )
        entries = rows.filter("_own").select(
            *like, "_n", entry="doc_no", _from=C("earliest") - _DAY, _to=C("latest") + _DAY
        )
        both = rows.filter(~C("_own")).join(
            entries, on=[*like, "_n"], how="inner", nulls_equal=True, maintain_order="left"
        )
        near = (C("earliest") <= C("_to")) & (C("latest") >= C("_from"))
        found.append(both.filter(near.fill_null(True)).select("doc_no", "entry", *WHERE))
    return place(all_of(found), "doc_no", "doc_no", "entry")
