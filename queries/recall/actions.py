"""What to do with a scope: per lot, place and amount, the act that stops or brings back the goods.

Urgent first: what is picked, then open orders, stock, what is on the way, what customers have. What
happens to goods at home afterwards, scrap or rework, is proposed for certain lots only: possible
ones may yet be released.
"""

from __future__ import annotations

from typing import Any

import polars as pl

from graph_model.lineage import Index, Lineage
from queries.recall import places, slices
from queries.recall.parties import all_lines, held_elsewhere
from queries.recall.scope import CERTAIN, POSSIBLE, Scope
from queries.recall.words import moment
from queries.recall.worlds import MIXED

PULL, STOP_ORDER, BLOCK, CALL_BACK, NOTIFY, SEARCH, SCRAP, REWORK = ACTIONS = (
    "pull", "stop_order", "block", "call_back", "notify", "search", "scrap", "rework",
)  # fmt: skip
REWORKABLE = ("dimension", "label")
"""Hazards that work on the goods can take away: a wrong measure or a wrong label."""
_COLUMNS = {
    "lot": pl.Int64, "action": pl.String, "place": pl.String, "quantity": pl.Float64,
    "document": pl.String, "at": pl.Int64,
}  # fmt: skip
C = pl.col


def actions(scope: Scope) -> list[dict[str, Any]]:
    """lot, slice, place, action, quantity, unit, document, when, tier, grade.

    `place` is a site, an operation or a party; null where it is unknown. `quantity` is the whole of
    what cannot be told apart there, null where no record states it. `slice` names a recorded part
    of a lot. Sorted by urgency, then time, tier and lot.
    """
    parts = [_deliveries(scope), _orders(scope), _here(scope), _there(scope)]
    rows = pl.concat([part.select(_schema()) for part in parts])
    order = {name: at for at, name in enumerate(ACTIONS)}
    about = scope.lots.select("lot", "tier", "grade", unit="uom")
    rows = rows.join(about, on="lot", how="left", maintain_order="left")
    # Only mixed stock is in no tier of its own.
    rows = rows.with_columns(C("grade").fill_null(pl.when(C("tier").is_null()).then(pl.lit(MIXED))))
    rows = rows.with_columns(C("tier").fill_null(POSSIBLE)).sort(
        C("action").replace_strict(order, return_dtype=pl.Int64),
        C("at"), C("tier") != CERTAIN, "lot", "document", "place",
        nulls_last=True,
    )  # fmt: skip
    keys, parts_of = scope.lineage.lots["key"], scope.lineage.lots["sublot"]
    marked = slices.shown(scope.facts)
    return [
        {
            "lot": keys[row["lot"]],
            # Only a part that the goods show can be acted on apart.
            "slice": parts_of[row["lot"]] if keys[row["lot"]] in marked else None,
            "place": row["place"] or None,
            "action": row["action"],
            "quantity": row["quantity"],
            "unit": row["unit"],
            "document": row["document"],
            "when": None if row["at"] is None else moment(row["at"]),
            "tier": row["tier"],
            "grade": row["grade"],
        }
        for row in rows.iter_rows(named=True)
    ]


def _schema() -> list[pl.Expr]:
    return [C(name).cast(dtype) for name, dtype in _COLUMNS.items()]


def _sum() -> pl.Expr:
    """The sum of amounts, unknown where one of them is."""
    return pl.when(C("quantity").is_not_null().all()).then(C("quantity").sum()).alias("quantity")


def _deliveries(scope: Scope) -> pl.DataFrame:
    """Lines that are planned or picked; lines that are on the way or arrived, and who has them."""
    lines = all_lines(scope).rename(
        {"customer": "place", "delivery_no": "document", "ship_earliest": "at"}
    )
    # A lot's parts have lines of their own; of mixed stock there is no other record.
    kinds = scope.lineage.lots.select("rule", "kind")[lines["lot"]]
    named = kinds["rule"].is_null() | kinds["kind"].eq_missing("pool")
    lines = lines.filter(named)
    waiting = C("status").is_in(["planned", "picked"]).fill_null(False)
    ended = C("kind").is_in(["scrap", "sample"]).fill_null(False)
    gone = lines.filter(~waiting & ~ended)
    told = lines.filter(~waiting & C("place").is_not_null()).group_by("lot", "place").agg(
        _sum(), C("at").min(), document=pl.lit(None, pl.String)
    )  # fmt: skip
    return pl.concat(
        frame.with_columns(action=pl.lit(action)).select(_schema())
        for frame, action in (
            (lines.filter(waiting), PULL), (gone, CALL_BACK), (told, NOTIFY),
        )
    )  # fmt: skip


def _orders(scope: Scope) -> pl.DataFrame:
    """Open orders that a lot was issued to, by order."""
    return open_orders(scope.lineage, scope.held).with_columns(
        action=pl.lit(STOP_ORDER), at=pl.lit(None, pl.Int64)
    )


def open_orders(lineage: Lineage, lots: Index) -> pl.DataFrame:
    """lot, place (key of the operation), document, quantity of what open orders took of lots."""
    rows = lineage.consumed.select("lot", "op", "quantity", "rule")[lineage.uses.at(lots)]
    heads = lineage.operations.select(
        "kind", "status", document=pl.coalesce("work_order_no", "doc_no"), place="key"
    )
    rows = pl.concat([rows, heads[rows["op"]]], how="horizontal").filter(
        C("rule").is_null()
        & C("kind").is_in(["produce", "rework"])
        & C("status").ne_missing("closed")
    )
    return rows.group_by("lot", "place", "document").agg(_sum())


def _here(scope: Scope) -> pl.DataFrame:
    """Stock and returned goods to block and, if surely suspect, to scrap or rework; to search."""
    held = pl.Series(scope.held).implode()
    rows = scope.places.filter(C("lot").is_in(held)).with_columns(
        # Of an amount that some record does not state, the known part says too little.
        quantity=pl.when(C("unknown") == 0).then("quantity"),
        place_kind="place", place="at", document=pl.lit(None, pl.String), at=pl.lit(None, pl.Int64),
    )  # fmt: skip
    stock = rows.filter(C("place_kind").is_in([places.ON_HAND, places.RETURNED]))
    sure = pl.Series(scope.tier(CERTAIN), dtype=pl.Int64).implode()
    after = REWORK if scope.case.hazard.kind in REWORKABLE else SCRAP
    return pl.concat(
        frame.with_columns(action=pl.lit(action)).select(_schema())
        for frame, action in (
            (stock, BLOCK),
            (stock.filter(C("lot").is_in(sure)), after),
            (rows.filter(C("place_kind") == places.SEARCH), SEARCH),
        )
    )


def _there(scope: Scope) -> pl.DataFrame:
    """Parties that hold goods of ours: consignment, subcontractors, carriers."""
    rows = held_elsewhere(scope).group_by("lot", "customer").agg(_sum())
    return rows.rename({"customer": "place"}).with_columns(
        action=pl.lit(NOTIFY), document=pl.lit(None, pl.String), at=pl.lit(None, pl.Int64)
    )
