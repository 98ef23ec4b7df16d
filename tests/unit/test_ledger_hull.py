"""Movements that several sources state, against the rules of docs/decisions in plain Python."""

from __future__ import annotations

from typing import Any

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from graph_model.ledger.fold import fold_kind
from graph_model.quantity import factor
from graph_model.schema import Consumed, conform, frame_schema

DISPUTED = ("earliest", "from_place", "latest", "lot", "quantity", "status", "to_place")
IDENTITY = ("owner", "item", "lot_no")
Row = dict[str, Any]


def one_of(*values: Any) -> st.SearchStrategy[Any]:
    return st.sampled_from([None, *values])


ROW = st.fixed_dictionaries(
    {
        "key": st.sampled_from(["K", "K/1", "L", "K~2x"]),
        "lot": one_of("P/F/1", "P/F/2", "P/F/3"),
        "owner": one_of("P", "Q"),
        "item": one_of("F", "G"),
        "lot_no": one_of("1", "2"),
        "quantity": one_of(1.0, 2.0, 1000.0, -1.0),
        "uom": one_of("kg", "g", "pcs", "?"),
        "earliest": one_of(1, 5, 10),
        "latest": one_of(7, 9, 10),
        "from_place": one_of("A", "B"),
        "to_place": one_of("A", "C"),
        "status": one_of("posted", "draft", "cancelled"),
        "person": one_of("p", "q"),
    }
)
BATCHES = st.lists(
    st.tuples(st.sampled_from(["erp", "mes", "wms"]), st.lists(ROW, max_size=6)), max_size=5
)


def stated_last(rows: list[Row], names: list[str]) -> Row:
    found: Row = dict.fromkeys(names)
    for row in rows:
        found |= {name: row[name] for name in names if row.get(name) is not None}
    return found


def said(rows: list[Row], name: str) -> list[Any]:
    return [row[name] for row in rows if row[name] is not None]


def amounts(rows: list[Row]) -> list[tuple[float, str, float]]:
    """The stated amounts in one unit, each with unit and quantity as stated."""
    base = min(said(rows, "uom"), default=None)
    return [
        (
            round(row["quantity"] * ((row["uom"] and factor(row["uom"], base)) or 1.0), 6),
            row["uom"] or "",
            row["quantity"],
        )
        for row in rows
        if row["quantity"] is not None
    ]


def hull(key: str, rows: list[Row], latest: Row) -> list[Row]:
    """The rows of one movement, from what each source says."""
    row = {**latest, "key": key}
    for name, best in [("earliest", min), ("from_place", min), ("to_place", min), ("latest", max),
                       ("status", max)]:  # fmt: skip
        row[name] = best(said(rows, name), default=None)
    largest = max(amounts(rows), default=None)
    row["quantity"] = largest[2] if largest else None
    row["uom"] = (largest[1] or None) if largest else latest["uom"]
    lots = sorted(set(said(rows, "lot")))
    if not lots:
        return [row]
    found = []
    for nth, lot in enumerate(lots, 1):
        of_lot = stated_last([r for r in rows if r["lot"] == lot], list(IDENTITY))
        if len(lots) == 1:
            of_lot = {name: row[name] if v is None else v for name, v in of_lot.items()}
        found.append({**row, **of_lot, "lot": lot, "key": key if nth == 1 else f"{key}~{nth}"})
    return found


def conflicts(key: str, rows: list[Row]) -> list[Row]:
    found = []
    for name in DISPUTED:
        values = [a[0] for a in amounts(rows)] if name == "quantity" else said(rows, name)
        if len(set(values)) > 1:
            texts = {
                f"{r[name]} {r['uom']}" if name == "quantity" and r["uom"] else str(r[name])
                for r in rows
                if r[name] is not None
            }
            told = " | ".join(sorted(texts))
            found.append({"key": key, "kind": "Consumed", "column": name, "values": told})
    return found


@settings(max_examples=250, deadline=None)
@given(BATCHES)
def test_what_several_sources_state_is_their_hull_with_every_conflict(
    batches: list[tuple[str, list[Row]]],
) -> None:
    schema = frame_schema(Consumed, provenance=True)
    frames = [
        conform(
            Consumed, pl.DataFrame(rows, schema={n: schema[n] for n in rows[0]}), provenance=True
        ).with_columns(_source=pl.lit(source))
        for source, rows in batches
        if rows
    ]
    table, found = fold_kind(Consumed, frames)

    stated = [{**row, "source_": source} for source, rows in batches for row in rows]
    names = [name for name in schema if name != "key"]
    rows: list[Row] = []
    differ: list[Row] = []
    for key in sorted({row["key"] for row in stated}):
        own = [row for row in stated if row["key"] == key]
        latest = stated_last(own, names)
        sources = sorted({row["source_"] for row in own})
        if len(sources) == 1:
            rows.append({**latest, "key": key})
            continue
        each = [stated_last([r for r in own if r["source_"] == s], names) for s in sources]
        rows += hull(key, each, latest)
        differ += conflicts(key, each)
    assert table.to_dicts() == [
        {name: row[name] for name in schema} for row in sorted(rows, key=lambda row: row["key"])
    ]
    assert found.to_dicts() == differ
    assert table.schema == schema
