"""Which recorded residue is under the carry-over limit that was validated for a line.

What went over is not taken to be mixed: it may be wholly suspect, and all of it may have gone into
the smallest lot that the later order made. So the share is at most all suspect mass which that
order took in, fresh or carried over, over the least of what went in and of each lot made. Where
anything that went in, or a lot made, has no mass, nothing is told.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from graph_model import quantity
from graph_model.derived.carried import RULE as CARRIED
from graph_model.derived.carried import stated
from graph_model.lineage import Index, Lineage
from graph_model.network import Facts
from graph_model.schema import Consumed, Site
from queries.recall.cone import Cone
from queries.recall.contact import tanks
from queries.recall.hazard import Hazard
from queries.recall.roots import within
from queries.recall.rulebook import CarryOverLimit, Rulebook

_GOODS = ("product", "co_product", "by_product")
_ROUNDING = 1 + 1e-9
"""A share that only rounding brings under the limit is not under it."""


def limits(facts: Facts, hazard: Hazard, rulebook: Rulebook) -> dict[str, CarryOverLimit]:
    """The limits for this hazard of places that are no tank, by key."""
    vessels = set(facts[Site].filter(pl.col("kind") == "tank")["key"])
    named = tanks.named(facts, hazard, rulebook)
    return {key: limit for key, limit in named.items() if key not in vessels}


def under(facts: Facts, cone: Cone, key: str, limit: CarryOverLimit) -> Index:
    """Input rows of residue, into orders of a place, that brings less than the limit lets pass."""
    lineage = cone.lineage
    carried = cone.inputs.rule.eq_missing(CARRIED).to_numpy()
    here = lineage.operations["site"][cone.steps].is_in(within(facts, key)).fill_null(False)
    steps = np.unique(cone.inputs.step[carried & here.to_numpy()[cone.inputs.step]])
    ops = np.setdiff1d(cone.steps[steps], _untold(lineage))
    into = _masses(lineage.consumed.select("op", "lot", "rule", "quantity", "uom"),
                   lineage.inputs.at(ops))  # fmt: skip
    made = _masses(lineage.produced.select("op", "lot", "rule", "quantity", "uom", "output_kind"),
                   lineage.outputs.at(ops))  # fmt: skip
    reached = pl.Series(cone.lots[cone.depth >= 0]).implode()
    known = (pl.col("mass") > 0).fill_null(False).all()
    fresh = pl.col("rule").is_null()
    told = stated().all() & pl.col("apart").all()
    into = into.with_columns(apart=fresh.n_unique().over("op", "lot") == 1)
    taken = into.group_by("op").agg(
        pl.col("mass").sum(),
        suspect=pl.col("mass").filter(pl.col("lot").is_in(reached)).sum(),
        known=known & told,
    )
    goods = fresh & pl.col("output_kind").fill_null(_GOODS[0]).is_in(_GOODS)
    lots = made.filter(goods).group_by("op", "lot").agg(pl.col("mass").sum(), known=known)
    given = lots.group_by("op").agg(least=pl.col("mass").min(), told=pl.col("known").all())
    both = taken.filter("known").join(given.filter("told"), on="op")
    least = pl.min_horizontal("mass", "least")
    low = both.filter(pl.col("suspect") * _ROUNDING < limit.share * least)["op"]
    found: Index = np.flatnonzero(carried & np.isin(cone.steps[cone.inputs.step], low.to_numpy()))
    return found


def _untold(lineage: Lineage) -> Index:
    """Operations that a movement without a lot, or a return, leaves something open of."""
    stands = lineage.unresolved.filter(pl.col("kind") == Consumed.__name__)["end"]
    bare = lineage.operations["key"].is_in(stands.drop_nulls().implode()).arg_true()
    back = [lineage.returned["op"], lineage.maybe_returned["op"]]
    return np.unique(np.concatenate([part.to_numpy().astype(np.int64) for part in (bare, *back)]))


def _masses(flows: pl.DataFrame, rows: Index) -> pl.DataFrame:
    """The rows with their mass in kilograms, null where it is unknown."""
    found = flows[rows]
    units = found["uom"].unique().drop_nulls()
    factors = pl.DataFrame(
        {"uom": units, "_factor": [quantity.factor(unit, "KGM") for unit in units]},
        schema={"uom": pl.String, "_factor": pl.Float64},
    )
    found = found.join(factors, on="uom", how="left", maintain_order="left")
    return found.with_columns(mass=pl.col("quantity") * pl.col("_factor"))
