"""Cases of an outbreak: what is weighted, how much, and where it stands in the network."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
import polars as pl

from graph_model.errors import BadInput
from graph_model.i18n import text
from graph_model.lineage import Index
from queries.recall.inference_network import NONE, Linked, Web
from queries.recall.rulebook import Rulebook

KINDS = ("site", "customer", "delivery", "shipment", "lot")
_LONGEST = 100


@dataclass(frozen=True)
class Case:
    """One row: `row` counts as a spreadsheet does. A healthy customer may weigh less than 0."""

    kind: str
    id: str
    weight: Fraction
    row: int = 0


@dataclass(frozen=True)
class Thing:
    """What carries weight: a station, or the nodes of a delivery or lot."""

    kind: str
    id: str
    weight: Fraction
    station: int
    nodes: Index


def load(path: Path) -> list[Case]:
    """The rows of a CSV file: kind, id, weight (a number or fraction; empty means 1)."""
    try:
        lines = path.read_text(encoding="utf-8-sig")
        rows = list(csv.reader(io.StringIO(lines, newline=""), strict=True))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise BadInput("cases_unreadable", path=str(path), problem=str(error)) from error
    heads = [name.strip().lower() for name in rows[0]] if rows else []
    if not {"kind", "id"} <= set(heads) <= {"kind", "id", "weight"} or len(set(heads)) < len(heads):
        problem = ", ".join(heads) or "-"
        raise BadInput("cases_unreadable", path=str(path), problem=problem)
    found = []
    for number, row in enumerate(rows[1:], 2):
        cells = [cell.strip() for cell in row]
        if any(cells):
            found.append(_case(path.name, number, heads, cells))
    if not found:
        raise BadInput("cases_unreadable", path=str(path), problem="-")
    return found


def read(rows: Sequence[Mapping[str, str]], file: str = "") -> list[Case]:
    """Cases that were not in a file: kind, id, weight. Raises BadInput as `load`."""
    heads = ["kind", "id", "weight"]
    return [
        _case(file, number, heads, [str(row.get(name, "")).strip() for name in heads])
        for number, row in enumerate(rows, 1)
    ]


def _case(file: str, number: int, heads: list[str], cells: list[str]) -> Case:
    if len(cells) != len(heads):
        raise _refused(file, number, ", ".join(cells), "cells")
    values = dict(zip(heads, cells, strict=True))
    kind = values["kind"].lower()
    if kind not in KINDS:
        raise _refused(file, number, values["kind"], "kind")
    if not values["id"]:
        raise _refused(file, number, "", "id")
    return Case(kind, values["id"], _weight(file, number, values.get("weight", "")), number)


def _weight(file: str, number: int, written: str) -> Fraction:
    try:
        # An exponent of millions would be a number of millions of digits.
        if len(written) > _LONGEST or "e" in written.lower():
            raise ValueError
        return Fraction(written or "1")
    except (ValueError, ZeroDivisionError) as error:
        raise _refused(file, number, written, "weight") from error


def _refused(file: str, row: int, value: str, reason: str) -> BadInput:
    return BadInput(
        "case_refused", path=file, row=row, value=value,
        reason=text(f"cases.reason.{reason}"), repair=text(f"cases.repair.{reason}"),
    )  # fmt: skip


def find(web: Web, cases: Sequence[Case], rules: Rulebook, file: str) -> list[Thing]:
    """What the cases name, each thing once with the sum of its weights; zero weights drop out.

    A case at a member of a group is a case of the group. Raises BadInput where nothing carries the
    id.
    """
    things: dict[tuple[str, str], Thing] = {}
    for case in cases:
        thing = _thing(web, case, rules, file)
        key = (thing.kind, thing.id)
        if key in things:
            weight = things[key].weight + thing.weight
            thing = Thing(*key, weight, thing.station, thing.nodes)
        things[key] = thing
    return [thing for thing in things.values() if thing.weight]


def _thing(web: Web, case: Case, rules: Rulebook, file: str) -> Thing:
    if case.kind in ("site", "customer"):
        name = rules.site_groups.get(case.id, case.id)
        station = web.station_number.get(name, NONE)
        if station == NONE:
            raise _refused(file, case.row, case.id, "not_in_data")
        return Thing("station", name, case.weight, station, np.empty(0, dtype=np.int64))
    kind, name = "delivery", case.id
    if case.kind == "lot":
        kind, name = "lot", rules.lot_groups.get(case.id, case.id)
        nodes = lot_nodes(web, name)
    else:
        listed = web.deliveries
        rows = listed.filter((pl.col("id") == name) | (pl.col("key") == name))
        if len(rows) > 1:
            raise _refused(file, case.row, name, "ambiguous")
        nodes = rows["node"].to_numpy()
    if not len(nodes):
        raise _refused(file, case.row, name, "not_in_data")
    return Thing(kind, name, case.weight, NONE, nodes)


def lot_nodes(web: Web, name: str) -> Index:
    """Nodes of the lot with this id: the source's own lot id goes before a delivery's."""
    rows = web.lots.filter(pl.col("id") == name)
    stated = rows.filter("stated")
    found: Index = (stated if len(stated) else rows)["node"].to_numpy()
    return found


def where(linked: Linked, thing: Thing) -> Index:
    """Where goods meet the thing: the deliveries to the station, or its own nodes."""
    if thing.station == NONE:
        return thing.nodes
    nodes, to = linked.brought
    first, last = np.searchsorted(to, [thing.station, thing.station + 1])
    nodes = nodes[first:last]
    killed = linked.recipient[nodes] == NONE
    # What leads to a killed delivery still has its recipient forward, the delivery has not.
    leading = linked.source[linked.before.at(nodes[killed])]
    return np.union1d(nodes[~killed], leading)
