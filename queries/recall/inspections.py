"""What inspections say of a hazard: found it, ruled it out on every unit, or let a sample pass.

A failed result outweighs every pass; only a signed invalidation undoes it. Which record may say
what, and which needs acceptance, stands in docs/decisions/0014-which-evidence-acts.md.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import polars as pl
import scipy

from graph_model import evidence
from graph_model.interval import MAX, MIN
from graph_model.lineage import Index, Lineage, spans
from graph_model.network import Facts
from graph_model.schema import Inspection, Item
from queries.recall.cone import Cone
from queries.recall.hazard import Hazard

PREVALENCE = 0.01
"""Share of bad units for which the chance to miss them is stated, unless another one is asked."""


@dataclass(frozen=True)
class Inspected:
    """Inspections that bear on one hazard; columns of `Inspection`.

    `failed` also has `sure` (it found this very hazard). `examined` are full examinations that a
    person accepted, with `evidence`, `persons`. `passed` are samples.
    """

    failed: pl.DataFrame
    examined: pl.DataFrame
    passed: pl.DataFrame
    _failing: dict[Lineage, tuple[Index, Index]] = field(default_factory=dict, repr=False)

    @staticmethod
    def of(facts: Facts, hazard: Hazard, void: pl.DataFrame, accepted: pl.DataFrame) -> Inspected:
        """What inspections say, except those that the invalidations `void` are about.

        `accepted`: evidence about inspections that a person accepted.
        """
        stand = facts[Inspection].filter(~pl.col("key").is_in(void["subject"].implode()))
        bad = pl.col("result").is_in(evidence.FAILED).fill_null(False)
        sure, perhaps = hazard.found_by(), hazard.perhaps_found_by()
        failed = stand.filter(bad & (sure | perhaps)).with_columns(sure=sure)
        clean = stand.filter(
            (pl.col("result") == "conforming") & pl.col("lot").is_not_null() & hazard.ruled_out_by()
        )
        whole = pl.col("full_examination").fill_null(False)
        signed = accepted.select(
            key="subject", evidence="key", persons=pl.concat_list("person", "by")
        ).unique("key", keep="last", maintain_order=True)
        examined = clean.filter(whole).join(signed, on="key", maintain_order="left")
        acting = evidence.acting(facts, Inspection)["key"]
        passed = clean.filter(pl.col("key").is_in(acting.implode())).join(
            examined, on="key", how="anti", maintain_order="left"
        )
        return Inspected(failed, examined, passed)

    def failing(self, lineage: Lineage) -> tuple[Index, Index]:
        """Lots, by number in the plant, that certainly and that possibly failed, with all parts.

        Of a failed operation it is not known which of the lots it made is bad.
        """
        if lineage not in self._failing:
            self._failing[lineage] = self._found(lineage)
        return self._failing[lineage]

    def _found(self, lineage: Lineage) -> tuple[Index, Index]:
        lots = self.failed.filter(pl.col("lot").is_not_null())
        sure = _numbers(lineage, lots.filter("sure")["lot"])
        perhaps = _numbers(lineage, lots.filter(~pl.col("sure"))["lot"])
        steps = self.failed.filter(pl.col("lot").is_null())["operation"].drop_nulls()
        ops = lineage.operation_number(steps.to_list())
        made = lineage.produced["lot"][lineage.outputs.at(ops[ops >= 0])].to_numpy()
        sure = lineage.with_parts(sure)
        perhaps = lineage.with_parts(np.union1d(perhaps, made.astype(np.int64)))
        return sure, np.setdiff1d(perhaps, sure)

    def about(self, lineage: Lineage, lot: int) -> pl.DataFrame:
        """The failed inspections of a lot, of what it is part of, or of what made it."""
        keys = lineage.lots.select("key", "parent")[[lot]].row(0)
        ops = lineage.produced["op"][lineage.origins.at(np.array([lot]))]
        made = lineage.operations["key"][ops].unique()
        of_step = pl.col("lot").is_null() & pl.col("operation").is_in(made.implode())
        return self.failed.filter(pl.col("lot").is_in([key for key in keys if key]) | of_step)


def clean_lots(cone: Cone, found: Inspected) -> pl.DataFrame:
    """The examined lots of the cone that are clean: `at` (number in the cone) and the evidence.

    A lot that more can have been added to after its examination is not, nor one that ever failed.
    """
    rows = found.examined.with_columns(lot_number=pl.Series(_all(cone.lineage, found.examined)))
    rows = rows.filter(pl.col("lot_number").is_in(pl.Series(cone.lots).implode()))
    at = cone.number(rows["lot_number"].to_numpy())
    begun = rows["earliest"].fill_null(MIN).to_numpy()
    several = cone.makers[at] > 1
    failed = np.isin(cone.lots[at], np.concatenate(found.failing(cone.lineage)))
    kept = ~failed & ~(several & (last_received(cone.lineage, cone.lots[at]) > begun))
    return rows.with_columns(at=pl.Series(at)).filter(pl.Series(kept))


def last_received(lineage: Lineage, lots: Index) -> Index:
    """The latest moment at which something can have come to each lot."""
    at, owner = spans(lineage.origins.first[lots], lineage.origins.first[lots + 1])
    ends = lineage.produced["t1"][lineage.origins.rows[at]].fill_null(MAX).to_numpy()
    last = np.full(len(lots), MIN, dtype=np.int64)
    np.maximum.at(last, owner, ends)
    return last


def released(
    found: Inspected, facts: Facts, lineage: Lineage, lots: pl.DataFrame, prevalence: float
) -> pl.DataFrame:
    """Samples of listed lots (`lot`, `quantity`) that passed: what was tested, and `missed`.

    `missed` is the chance that such a sample passes although `prevalence` of the units are bad;
    null where n or c is not recorded. A lot that failed is not released by another sample.
    """
    rows = found.passed.with_columns(lot=pl.Series(_all(lineage, found.passed)))
    barred = np.concatenate(found.failing(lineage))
    rows = rows.filter(~pl.col("lot").is_in(pl.Series(barred).implode()))
    pieces = facts[Item].filter(pl.col("measure") == "pieces")["key"]
    counted = pl.Series(lineage.lots["item"].is_in(pieces.implode()).fill_null(False))
    units = lots.select("lot", units=pl.when(counted.gather(lots["lot"])).then("quantity"))
    rows = rows.join(units, on="lot", maintain_order="left")
    chances = [
        chance_missed(prevalence, n, c, composite, units)
        for n, c, composite, units in rows.select(
            "sample_size", "acceptance", "composite", "units"
        ).iter_rows()
    ]
    return rows.with_columns(missed=pl.Series(chances, dtype=pl.Float64))


def chance_missed(
    prevalence: float,
    n: float | None,
    c: float | None,
    composite: float | None = None,
    units: float | None = None,
) -> float | None:
    """The chance that at most `c` of `n` sampled units are found bad where `prevalence` of all is.

    Of `units` pieces the sample is drawn without replacement (hypergeometric), else from a bulk
    (binomial). With `composite` units in one test `c` counts tests. The method itself is taken to
    miss nothing: a limit of what sampling alone can tell.
    """
    if n is None or c is None or n < 1 or c < 0:
        return None
    together = composite if composite and composite > 1 else 1.0
    if units and units >= 1 and together == 1.0:
        bad = max(1, int(np.ceil(prevalence * units - 1e-9)))
        drawn = min(int(n), int(units))
        return float(scipy.stats.hypergeom.cdf(int(c), int(units), bad, drawn))
    # A test of mixed units finds what any of them holds.
    tests, each = int(n // together), 1 - (1 - prevalence) ** together
    return float(scipy.stats.binom.cdf(int(c), max(tests, 1), each))


def _numbers(lineage: Lineage, keys: pl.Series) -> Index:
    found = lineage.number(keys.to_list())
    return np.unique(found[found >= 0])


def _all(lineage: Lineage, rows: pl.DataFrame) -> Index:
    """The lot number of each row, -1 where no lot of the plant has the key."""
    return lineage.number(rows["lot"].to_list())
