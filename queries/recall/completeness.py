"""The completeness line: what is missing, with every answer.

Each entry names a kind, says it in words, and lists the lots or rows it is about.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from weakref import WeakKeyDictionary

import numpy as np
import polars as pl

from graph_model.derived.pools.events import UNKNOWN_ORDER, UNLOTTED
from graph_model.i18n import text, time_text
from graph_model.interval import MAX, MIN
from graph_model.lineage import Index, Lineage
from graph_model.network import Facts
from graph_model.schema import MOVEMENTS, Component, SetAside, Shipped, Site
from queries.recall.lines import MADE


@dataclass(frozen=True)
class Missing:
    """One gap of the data behind an answer."""

    kind: str
    lots: list[str] = field(default_factory=list)
    rows: list[str] = field(default_factory=list)
    count: int = 0
    params: dict[str, object] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The entry in words, in the language in force."""
        return text(f"missing.{self.kind}", count=self.count, **self.params)

    def to_dict(self) -> dict[str, object]:
        """As JSON."""
        return {
            "kind": self.kind,
            "text": self.text,
            "lots": self.lots,
            "rows": self.rows,
            "count": self.count,
        }


def of_lots(kind: str, lineage: Lineage, lots: Iterable[int]) -> list[Missing]:
    """One entry about these lots, or none."""
    numbers = sorted({int(lot) for lot in lots})
    keys = lineage.lots["key"][numbers].to_list() if numbers else []
    return [Missing(kind, lots=keys, count=len(keys))] if keys else []


def of_rows(kind: str, rows: Iterable[str], **params: object) -> list[Missing]:
    """One entry about these rows, or none."""
    found = sorted(set(rows))
    return [Missing(kind, rows=found, count=len(found), params=params)] if found else []


def of_cone(facts: Facts, lineage: Lineage, lots: Index, operations: Index) -> list[Missing]:
    """Everything missing in a cone of lots and operations."""
    entries = _stand_ins(lineage, lots, operations)
    entries += _set_aside(facts, lineage, lots, operations)
    entries += _drafts(lineage, operations)
    entries += of_lots("retracted", lineage, _retracted(lineage, lots).tolist())
    entries += of_lots("stock_outdated", lineage, _outdated(lineage, lots).tolist())
    entries += of_rows("tank_heel", _tanks(facts, lineage, lots, operations))
    entries += of_lots("no_origin", lineage, _without_origin(lineage, lots).tolist())
    entries += _orders(facts, lineage, operations)
    entries += _sources(facts, lineage, operations)
    return entries


def _stand_ins(lineage: Lineage, lots: Index, operations: Index) -> list[Missing]:
    """Unlotted, proposed and ambiguous movements of the cone's items and steps."""
    keys = lineage.operations["key"][operations]
    items = lineage.lots["item"][lots].drop_nulls().unique()
    here = pl.col("end").is_in(keys.implode()) | pl.col("item").is_in(items.implode())
    # What left without any number can have been anything.
    anything = (pl.col("kind") == Shipped.__name__) & (pl.col("rule") == UNLOTTED)
    touching = lineage.unresolved.filter(here | (anything & pl.col("item").is_null()))
    return [
        entry
        for (rule,), rows in sorted(touching.partition_by("rule", as_dict=True).items())
        for entry in of_rows(str(rule), rows["key"].to_list())
    ]


def _set_aside(facts: Facts, lineage: Lineage, lots: Index, operations: Index) -> list[Missing]:
    """Rows set aside that touch the cone by item, order or place, or that cannot be judged."""
    aside = facts[SetAside]
    if aside.is_empty():
        return []
    codes = lineage.lots["item_code"][lots].unique().implode()
    orders = lineage.operations["work_order_no"][operations].drop_nulls().unique().implode()
    fields = ("item", "work_order_no", "customer", "site")
    nothing = pl.all_horizontal(pl.col(name).is_null() for name in fields)
    touches = pl.col("item").is_in(codes) | pl.col("work_order_no").is_in(orders)
    found = aside.filter(touches.fill_null(False) | nothing)
    places = found.select(pl.concat_str("file", "sheet", "row", separator=":"))
    return of_rows("set_aside", places.to_series().to_list())


def _drafts(lineage: Lineage, operations: Index) -> list[Missing]:
    rows = pl.concat(
        [
            lineage.consumed.select("key", "status")[lineage.inputs.at(operations)],
            lineage.produced.select("key", "status")[lineage.outputs.at(operations)],
        ]
    )
    return of_rows("draft", rows.filter(pl.col("status") == "draft")["key"].to_list())


def _retracted(lineage: Lineage, lots: Index) -> Index:
    """Numbers of the cone's items that only cancelled rows name: not held, but told of."""
    gone = lineage.retracted["lot"].to_numpy().astype(np.int64)
    items = lineage.lots["item"]
    here = items[gone].is_in(items[lots].drop_nulls().unique().implode()).fill_null(True)
    found: Index = gone[here.to_numpy()]
    return found


def _outdated(lineage: Lineage, lots: Index) -> Index:
    """Lots that moved after their last stock statement."""
    stated = lineage.stock.select("lot", "as_of")[lineage.stocked.at(lots)].drop_nulls()
    stated = stated.group_by("lot").agg(pl.col("as_of").max())
    known = stated["lot"].to_numpy().astype(np.int64)
    parts = (
        (lineage.consumed, lineage.uses),
        (lineage.produced, lineage.origins),
        (lineage.returned, lineage.given_back),
        (lineage.shipped, lineage.sent),
    )
    moved = [_recorded(frame[rows.at(known)]).select("lot", "earliest") for frame, rows in parts]
    later = pl.concat(moved).join(stated, on="lot").filter(pl.col("earliest") > pl.col("as_of"))
    return later["lot"].unique().sort().to_numpy().astype(np.int64)


def _recorded(flows: pl.DataFrame) -> pl.DataFrame:
    return flows.filter(pl.col("rule").is_null()) if "rule" in flows.columns else flows


def _tanks(facts: Facts, lineage: Lineage, lots: Index, operations: Index) -> list[str]:
    """Tanks that several orders filled, one of the cone: each can have left a heel for the next.

    A filling that is recorded as one has its heel as an input; an order's output has none.
    """
    tanks = facts[Site].filter(pl.col("kind") == "tank")["key"].implode()
    kinds, sites = lineage.operations["kind"], lineage.operations["site"]
    made = lineage.produced.select("lot", "op", "from_place", "to_place")
    made = made.filter(kinds[made["op"]].is_in(MADE))
    made = made.with_columns(site=sites[made["op"]])
    names = ("site", "from_place", "to_place")
    held = pl.concat([made.select("lot", "op", tank=name) for name in names])
    held = held.filter(pl.col("tank").is_in(tanks)).unique()
    ours = pl.col("lot").is_in(lots) & pl.col("op").is_in(operations)
    several = held.group_by("tank").agg(ours=ours.any(), orders=pl.col("op").n_unique())
    return several.filter(pl.col("ours") & (pl.col("orders") > 1))["tank"].to_list()


def _without_origin(lineage: Lineage, lots: Index) -> Index:
    """Recorded lots that were never received, made or opened, and are no supplier's."""
    bare = lots[lineage.origins.first[lots + 1] == lineage.origins.first[lots]]
    # A lot whose parts came in, or were made, came with them.
    bare = bare[~lineage.births.select(pl.any_horizontal("made", "received"))[bare, 0].to_numpy()]
    about = lineage.lots.select("rule", "source_lot_id")[bare]
    bare = bare[(about["rule"].is_null() & about["source_lot_id"].is_null()).to_numpy()]
    uses = lineage.consumed.select("lot", "op")[lineage.uses.at(bare)]
    received = uses.filter(lineage.operations["kind"][uses["op"]] == "receive")["lot"].unique()
    return np.setdiff1d(bare, received.to_numpy())


def _orders(facts: Facts, lineage: Lineage, operations: Index) -> list[Missing]:
    """Orders that are open, have no recipe, or whose amounts cannot be judged."""
    about = lineage.operations[operations].filter(pl.col("kind").is_in(["produce", "rework"]))
    # An exactly paired part of an order has the status of its order.
    orders = about.select(key=pl.coalesce("order", "key")).unique()
    orders = orders.join(lineage.operations, on="key").filter(pl.col("status").is_null())
    recipes = facts[Component]["parent"].unique().implode()
    bare = about.filter(~pl.col("item").is_in(recipes).fill_null(False))
    unjudged = about.join(lineage.gap_unknown, left_on="key", right_on="operation", how="semi")
    sourceless = about.join(lineage.sourceless, left_on="key", right_on="operation", how="semi")
    return [
        *of_rows("order_status", orders["key"].to_list()),
        *of_rows("unknown_order", _orderless(lineage, about)),
        *of_rows("no_recipe", bare["key"].to_list()),
        *of_rows("amount_unknown", unjudged["key"].to_list()),
        *of_rows("source_unknown", sourceless["key"].to_list()),
    ]


def _orderless(lineage: Lineage, about: pl.DataFrame) -> list[str]:
    """Issues and outputs without an order: they may be of any."""
    rows = [
        frame.filter(pl.col("rule") == UNKNOWN_ORDER)["op"].to_numpy()
        for frame in (lineage.consumed, lineage.produced)
    ]
    keys = lineage.operations["key"][np.unique(np.concatenate(rows))]
    nameless = about.filter(pl.col("work_order_no").is_null())["key"]
    return nameless.filter(nameless.is_in(keys.implode())).to_list()


def _sources(facts: Facts, lineage: Lineage, operations: Index) -> list[Missing]:
    """Sources of the cone without confirmed posting delay, and how far each reaches."""
    rows = pl.concat(
        [
            lineage.consumed.select("source", "t0", "t1", "rule")[lineage.inputs.at(operations)],
            lineage.produced.select("source", "t0", "t1", "rule")[lineage.outputs.at(operations)],
        ]
    ).filter(pl.col("rule").is_null() & pl.col("source").is_not_null())
    unbounded = rows.filter((pl.col("t0") <= MIN) | (pl.col("t1") >= MAX))["source"].unique()
    entries = of_rows(
        "delay_unconfirmed", unbounded.to_list(), sources=", ".join(sorted(unbounded))
    )
    until = data_until(facts, lineage)
    ends = [
        f"{source}: {datetime.fromtimestamp(end / 1e6, UTC).isoformat()}" for source, end in until
    ]
    told = "; ".join(f"{source}: {time_text(end)}" for source, end in until)
    return entries + of_rows("data_until", ends, sources=told)


_kept: WeakKeyDictionary[Lineage, list[tuple[str, int]]] = WeakKeyDictionary()


def data_until(facts: Facts, lineage: Lineage) -> list[tuple[str, int]]:
    """Each source with the latest moment it tells of; kept with the arrays of the same batch."""
    if lineage not in _kept:
        ends = [
            facts[kind].group_by("source").agg(pl.col("latest").max()).drop_nulls()
            for kind in MOVEMENTS
        ]
        latest = pl.concat(ends).group_by("source").agg(pl.col("latest").max()).sort("source")
        _kept[lineage] = latest.rows()
    return _kept[lineage]
