"""From complaints over what they have in common to what else is out there, in one step.

Each case is an effect: a complaint, a shipment, a customer, a lot. What many of them can be made
of is suspected first; among those that explain as many, the one that least else was made of.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from graph_model.errors import BadInput
from graph_model.lineage import Index, Lineage
from graph_model.network import Facts
from queries.recall import completeness, report, roots
from queries.recall.completeness import Missing
from queries.recall.exposure import supplied_lots
from queries.recall.parties import customers
from queries.recall.roots import Suspects
from queries.recall.scope import Scope
from queries.recall.sweeps import Net
from queries.recall.totals import incomplete, open_gaps


@dataclass(frozen=True)
class Case:
    """One effect: what was asked, as written, and its lots by number in the plant."""

    name: str
    lots: Index


@dataclass(frozen=True)
class Pivot:
    """Cases and what they can have in common, the most suspect first.

    `inputs`: lot (number in the plant), supplied (as a supplier delivered it), explains (cases),
    reaches (recorded lots made of it, itself counted), distance (least steps to a case).
    """

    facts: Facts
    lineage: Lineage
    cases: list[Case]
    inputs: pl.DataFrame

    @property
    def complained(self) -> Index:
        """Lots of all cases."""
        return np.unique(np.concatenate([case.lots for case in self.cases]))


def effects(
    complaint: Sequence[str] = (),
    shipment: Sequence[str] = (),
    customer: Sequence[str] = (),
    lot: Sequence[str] = (),
) -> list[tuple[str, Suspects]]:
    """The cases by what names them. Raises BadInput where there are none."""
    asked = [(name, Suspects(complaint=name)) for name in complaint]
    asked += [(name, Suspects(shipment=name)) for name in shipment]
    asked += [(name, Suspects(customer=name)) for name in customer]
    asked += [(name, Suspects(lots=(name,))) for name in lot]
    if not asked:
        raise BadInput("no_effects")
    return asked


def pivot(facts: Facts, lineage: Lineage, asked: Sequence[tuple[str, Suspects]]) -> Pivot:
    """Inputs of the cases, named as `(words, what is asked)`. Raises NotFound as `roots.answer`."""
    cases = [Case(name, roots.answer(facts, lineage, one).match) for name, one in asked]
    explains = np.zeros(len(lineage.lots), dtype=np.int64)
    distance = np.full(len(lineage.lots), np.iinfo(np.int64).max)
    for case in cases:
        reach = lineage.backward(case.lots)
        explains[reach.lots] += 1
        distance[reach.lots] = np.minimum(distance[reach.lots], reach.distance)
    found = np.flatnonzero((explains > 0) & lineage.recorded)
    rows = pl.DataFrame(
        {
            "lot": found,
            "supplied": np.isin(found, supplied_lots(lineage)["lot"].to_numpy()),
            "explains": explains[found],
            "reaches": _reaches(lineage, found),
            "distance": distance[found],
        }
    )
    order = [-pl.col("explains"), pl.col("reaches"), -pl.col("distance"), pl.col("lot")]
    return Pivot(facts, lineage, cases, rows.sort(order))


def _reaches(lineage: Lineage, lots: Index) -> Index:
    """How many recorded lots each of these can be in, itself counted."""
    base = len(lineage.lots)
    net = Net.of(
        base + len(lineage.operations),
        np.concatenate([lineage.consumed_lot, base + lineage.produced_op.astype(np.int64)]),
        np.concatenate([base + lineage.consumed_op.astype(np.int64), lineage.produced_lot]),
        lots,
    )
    recorded = np.flatnonzero(lineage.recorded)
    weight = net.weights(recorded, np.ones(len(recorded)))
    sums, _ = net.sums(net.starts(np.arange(len(lots)), lots, len(lots)), weight[:, None])
    return np.rint(sums[:, 0]).astype(np.int64)


def elsewhere(found: Pivot, scope: Scope) -> list[dict[str, Any]]:
    """Customers of a scope with what they have besides the lots complained about."""
    keys = set(found.lineage.lots["key"][found.complained])
    rows = [
        # Who got goods without a number is named without lots.
        (not row["lots"], {**row, "lots": [lot for lot in row["lots"] if lot not in keys]})
        for row in customers(scope)
    ]
    return [row for unnumbered, row in rows if unnumbered or row["lots"]]


def to_dict(found: Pivot, scope: Scope | None = None) -> dict[str, Any]:
    """As JSON; with the scope of a chosen input also what else is out there."""
    lineage = found.lineage
    keys = lineage.lots.select("key", "item_code", "lot_no", "owner", "sublot")[found.inputs["lot"]]
    own = _missing(found)
    missing = own + ([] if scope is None else scope.missing)
    told: dict[str, Any] = {
        "as_of": lineage.batch,
        "head": f"{lineage.batch}:{lineage.head}",
        "complete": not open_gaps(own) and (scope is None or not incomplete(scope)),
        "missing": [entry.to_dict() for entry in missing],
        "cases": [
            {"case": case.name, "lots": lineage.lots["key"][case.lots].to_list()}
            for case in found.cases
        ],
        "inputs": pl.concat(
            [keys.rename({"item_code": "item"}), found.inputs.drop("lot")], how="horizontal"
        ).to_dicts(),
    }
    if scope is not None:
        told |= {"scope": report.to_dict(scope), "elsewhere": elsewhere(found, scope)}
    return told


def _missing(found: Pivot) -> list[Missing]:
    """What the ways back from the cases do not tell."""
    reach = found.lineage.backward(found.complained)
    return completeness.of_cone(found.facts, found.lineage, reach.lots, reach.operations)
