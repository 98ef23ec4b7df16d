"""Events that contradict each other, and what no event tells of."""

from __future__ import annotations

import polars as pl

from graph_model.events import retracted
from graph_model.schema import Consumed, Event, Lot, Mentioned, Operation, Produced
from loaders.checks.records import WHERE, C, Records, number_of, place
from loaders.checks.registry import rule

ROUNDING = 1e-6
SOURCE = "epcis"


@rule("event_conflict", "error")
def event_conflict(records: Records) -> pl.DataFrame:
    """One id for events that do not say the same; none of them was declared an error."""
    events = records.facts[Event].filter(C("event_id") != "")
    events = events.join(retracted(events).to_frame("key"), on="key", how="anti")
    events = events.with_columns(count=pl.len().over("event_id")).filter(C("count") > 1)
    return place(events.sort(*WHERE), "event_id", "event_id", "count")


@rule("event_correction_missing", "warning")
def event_correction_missing(records: Records) -> pl.DataFrame:
    """Errors of which the correction that they name is not there."""
    events = records.facts[Event]
    named = events.filter(C("retracted").fill_null(False)).drop_nulls("corrected_by")
    named = named.with_columns(C("corrected_by").str.split(" ")).explode("corrected_by")
    lost = named.join(events, left_on="corrected_by", right_on="event_id", how="anti")
    return place(lost.sort(*WHERE), "correctiveEventIDs", "corrected_by")


@rule("event_consumed_more", "warning")
def event_consumed_more(records: Records) -> pl.DataFrame:
    """Lots of which transformations took more than events created, all in one unit."""
    used, made = (_moved(records, kind) for kind in (Consumed, Produced))
    sums = [
        frame.group_by("lot").agg(
            C("quantity").sum().alias(name),
            C("quantity").is_not_null().all().alias(f"all_{name}"),
            C("uom").unique().sort().alias(f"uom_{name}"),
        )
        for frame, name in ((used, "gone"), (made, "come"))
    ]
    both = sums[0].join(sums[1], on="lot")
    both = both.filter("all_gone", "all_come", C("uom_gone") == C("uom_come"))
    both = both.filter(
        C("uom_gone").list.len() == 1, C("gone") > C("come") * (1 + ROUNDING) + ROUNDING
    )
    rows = used.sort("t1", *WHERE).unique("lot", keep="last", maintain_order=True)
    rows = rows.drop("uom").join(both, on="lot").sort(*WHERE)
    amounts = {name: C(name).round(6) for name in ("gone", "come")}
    return place(
        rows, "quantity", "quantity", lot=number_of("lot", 2), uom=C("uom_gone").list.first(),
        **amounts,
    )  # fmt: skip


def _moved(records: Records, kind: type) -> pl.DataFrame:
    """What transformations took, and what they and creations gave."""
    rows = records.moves[kind].filter(C("source") == SOURCE).drop_nulls("lot")
    if kind is Produced:
        return rows
    made = records.facts[Operation].filter(C("kind") == "produce").select(operation="key")
    return rows.join(made, on="operation", how="semi", maintain_order="left")


@rule("event_no_origin", "warning")
def event_no_origin(records: Records) -> pl.DataFrame:
    """Lots that events name and none creates; what a piece's lot is known for counts for it."""
    kinds = C("kind").fill_null("material") != "container"
    lots = records.facts[Lot].filter(kinds).select("parent", lot="key")
    made = records.origins.select("lot").unique()
    named = records.facts[Mentioned].join(lots, on="lot", how="inner")
    bare = named.join(made, on="lot", how="anti").join(
        made, left_on="parent", right_on="lot", how="anti"
    )
    first = bare.sort(*WHERE).unique("lot", keep="first", maintain_order=True)
    return place(first, "epcList", "lot", lot=number_of("lot", 2))
