"""How much of each lot is affected, in proportion.

The share blends by mass: what an operation took in of affected material over all it took in. A loop
of rework is solved as one linear system. Where amounts or units are missing the share is unknown,
never guessed, and so is that of everything made from it. For hazards that grow or act in traces,
and for an unknown one, the whole lot is affected; shares never rank, cut or price.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy import sparse
from scipy.sparse.linalg import spsolve

from graph_model import quantity
from graph_model.lineage import Index, Lineage, spans
from queries.recall.cone import Cone, Flags
from queries.recall.contact import CONTACT

Numbers = npt.NDArray[np.float64]
_CLOSED_LOOP = 1 - 1e-12
"""Keeps a loop that nothing flows into solvable; its share is zero."""


def shares(cone: Cone, grade: Index, roots: Index, unsure: Index) -> Numbers:
    """Affected share, 0 to 1, of every lot of the cone; NaN where it cannot be known.

    `roots` are wholly affected; whether `unsure` ones are is not known.
    """
    count = len(cone.lots)
    free = np.concatenate([grade > 0, np.ones(len(cone.steps), dtype=bool)])
    free[roots] = False
    blend, unknown = _blend(cone)
    unknown[unsure] = True
    unknown = _spread(blend, unknown & free, free)
    share = np.zeros(len(free))
    share[roots] = 1.0
    solved = np.flatnonzero(free & ~unknown)
    if solved.size:
        rows = blend[solved]
        inner = sparse.eye_array(len(solved)) - _CLOSED_LOOP * rows[:, solved]
        share[solved] = spsolve(inner.tocsc(), rows @ share)
    share[unknown] = np.nan
    return np.clip(share[:count], 0.0, 1.0)


def _blend(cone: Cone) -> tuple[sparse.csr_array, Flags]:
    """What each lot and step (in this order) consists of, as shares, and where that is unknown.

    A step consists of the lots it took in, a lot of the steps that made it. Steps outside the cone
    bring nothing affected and count in the total only.
    """
    lineage, lots = cone.lineage, len(cone.lots)
    into = _masses(
        lineage.consumed, lineage.inputs.at(cone.steps[~cone.contact]), "op", lineage.units
    )
    made = _masses(lineage.produced, _made(lineage, cone.lots), "lot", lineage.units)
    taken = _Part.of(
        lots + np.searchsorted(cone.steps, into["op"].to_numpy()),
        np.searchsorted(cone.lots, into["lot"].to_numpy()),
        into["mass"].to_numpy(),
    )
    step = np.minimum(np.searchsorted(cone.steps, made["op"].to_numpy()), len(cone.steps) - 1)
    inside = cone.steps[step] == made["op"].to_numpy() if len(cone.steps) else step > 0
    given = _Part.of(
        np.searchsorted(cone.lots, made["lot"].to_numpy()),
        np.where(inside, lots + step, -1),
        made["mass"].to_numpy(),
    )
    return _assembled(lots + len(cone.steps), taken, given)


def _made(lineage: Lineage, lots: Index) -> Index:
    """Rows of what made these lots; contact brings traces, no share."""
    rows = lineage.origins.at(lots)
    kinds = lineage.operations["kind"][lineage.produced_op[rows]]
    made: Index = rows[kinds.ne_missing(CONTACT).to_numpy()]
    return made


@dataclass(frozen=True)
class _Part:
    """Shares by what they are of and what they come from, and whose shares are unknown."""

    of_: Index
    source: Index
    share: Numbers

    @staticmethod
    def of(of_: Index, source: Index, mass: Numbers) -> _Part:
        """A single source is all of it, whatever the amount."""
        if not len(of_):
            return _Part(of_, source, mass)
        count = np.bincount(of_)
        mass = np.where(count[of_] == 1, 1.0, mass)
        total = np.bincount(of_, weights=mass)
        share = mass / np.where(total > 0, total, np.nan)[of_]
        return _Part(of_, source, share)


def _assembled(size: int, *parts: _Part) -> tuple[sparse.csr_array, Flags]:
    of_ = np.concatenate([part.of_ for part in parts])
    source = np.concatenate([part.source for part in parts])
    share = np.concatenate([part.share for part in parts])
    unknown = np.zeros(size, dtype=bool)
    unknown[of_[np.isnan(share)]] = True
    kept = (source >= 0) & ~unknown[of_]
    matrix = sparse.csr_array((share[kept], (of_[kept], source[kept])), shape=(size, size))
    return matrix, unknown


def _spread(blend: sparse.csr_array, unknown: Flags, free: Flags) -> Flags:
    """Everything whose share depends on an unknown one, over any number of steps."""
    depends = blend.tocsc()
    first = depends.indptr.astype(np.int64)
    frontier = np.flatnonzero(unknown)
    while frontier.size:
        at, _ = spans(first[frontier], first[frontier + 1])
        hit = np.unique(depends.indices[at]).astype(np.int64)
        frontier = hit[free[hit] & ~unknown[hit]]
        unknown[frontier] = True
    return unknown


def _masses(flows: pl.DataFrame, rows: Index, whole: str, units: pl.DataFrame) -> pl.DataFrame:
    """op, lot, mass in kilograms, or in the one unit that all rows of each `whole` share.

    Packs count as what is in them: ten bags of one item are not ten bags of another.
    """
    found = flows.select("op", "lot", "item", "quantity", "uom")[rows]
    base = units.select(item="key", base="uom").unique("item")
    found = quantity.to_item_unit(found, units)
    found = found.join(base, on="item", how="left", maintain_order="left")
    inside = pl.col("amount").is_not_null()
    found = found.select(
        "op", "lot",
        quantity=pl.coalesce("amount", "quantity"),
        uom=pl.when(inside).then("base").otherwise("uom"),
    )  # fmt: skip
    names = found["uom"].unique().drop_nulls()
    factors = pl.DataFrame(
        {"uom": names, "factor": [quantity.factor(uom, "KGM") for uom in names]},
        schema={"uom": pl.String, "factor": pl.Float64},
    )
    single = (pl.col("uom").min() == pl.col("uom").max()).over(whole)
    single &= pl.col("uom").is_not_null().all().over(whole)
    mass = pl.col("quantity") * pl.when(single).then(1.0).otherwise(pl.col("factor"))
    known = found.join(factors, on="uom", how="left", maintain_order="left").with_columns(mass=mass)
    return known.group_by("op", "lot", maintain_order=True).agg(
        mass=pl.when(pl.col("mass").is_null().any())
        .then(float("nan"))
        .otherwise(pl.col("mass").sum())
    )
