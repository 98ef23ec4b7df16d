"""Kill step: a validated step removes the agent from what entered before it.

It acts on the measured values of that very lot, worst case, never on set ones: every limit of the
rule needs a value, and no value may lie outside or be unreadable. It cuts from each input of which
all of the issue lines are known to have entered at that step or before it, in a closed order, so
that none can have come later; an unknown step is one after it. Outputs that may have been drawn
before the step, such as samples, are not protected. Only for microbes, and only for that agent:
never for allergens, chemicals, toxins or dimensions.
"""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np
import polars as pl

from graph_model import evidence
from graph_model.schema import Consumed, ProcessValue, Produced
from queries.recall.cone import Cone, Flags, Inputs, Outputs
from queries.recall.parting import Parting
from queries.recall.rulebook import KillStep
from queries.recall.rules import Case, Cut, Piece, Rule

_VALUE = ("process_param", "measured_value", "uom")
_UNITS = {
    "c": ("c", "°c", "℃", "cel", "celsius", "摄氏度"),
    "f": ("f", "°f", "fah", "fahrenheit"),
    "seconds": ("s", "sec", "second", "seconds", "秒"),
    "minutes": ("min", "minute", "minutes", "分", "分钟"),
    "bar": ("bar",),
    "mpa": ("mpa", "兆帕"),
}
"""What a recorded unit may be where the name of a limit ends with one."""


def cut(cone: Cone, case: Case) -> Cut:
    """Input and output rows between which a kill step stands."""
    before = np.zeros(len(cone.inputs.lot), dtype=bool)
    after = np.ones(len(cone.outputs.lot), dtype=bool)
    used = []
    for rule in case.rulebook.kill_steps:
        key = f"kill_step/{rule.step}/{rule.agent}"
        acts = case.hazard.kind == "microbial" and case.hazard.same_agent(rule.agent)
        if not acts or key in case.without:
            continue
        proven = _proven(cone, case, rule)
        entered = _entered(cone, case, rule, proven["operation"])
        treated = np.isin(cone.outputs.step, cone.inputs.step[entered])
        before |= entered
        # Several steps of one order protect what was drawn after all of them.
        after &= _protected(cone, case, rule, proven) | ~treated
        used.append(Piece(key, "process_value", RULE.name, records=_records(proven)))
    after &= np.isin(cone.outputs.step, cone.inputs.step[before])
    return Cut(parted=Parting.between(before, after), used=tuple(used)) if before.any() else Cut()


RULE = Rule("kill_step", "records", cut)


# ---------------------------------------------------------------------------- steps of a route


def plain(name: str | None) -> str:
    """A name of a step or parameter without case, blanks and marks."""
    return re.sub(r"[\s_\-./]+", "_", (name or "").strip().casefold())


def is_before(rule: KillStep, step: str | None) -> bool:
    """Whether a recorded step is surely the kill step or one before it; unknown: no."""
    if plain(step) in {plain(rule.step), *map(plain, rule.before)}:
        return True
    own, other = _number(rule.step), _number(step)
    return own is not None and other is not None and other < own


def is_after(rule: KillStep, step: str | None) -> bool:
    """Whether a recorded step is surely the kill step or one after it; unknown: no."""
    own, other = _number(rule.step), _number(step)
    return plain(step) == plain(rule.step) or (
        own is not None and other is not None and other > own
    )


def _number(step: str | None) -> int | None:
    """The number that a step begins with, as routes count them: `20 pasteurise`, `OP20`."""
    found = re.match(r"\s*(?:op|step|工序)?\s*(\d+)", (step or "").casefold())
    return int(found[1]) if found else None


# ---------------------------------------------------------------------------- values


def within(limits: dict[str, float], values: pl.DataFrame) -> bool:
    """Whether the worst of these values (process_param, measured_value, uom) keeps every limit."""
    rows = [(plain(name), measured, uom) for name, measured, uom in values.iter_rows()]
    for limit, bound in limits.items():
        side, name = limit[:3], plain(limit[4:])
        found = [(measured, uom) for own, measured, uom in rows if own == name]
        if not found or not all(_keeps(side, bound, name, *value) for value in found):
            return False
    return True


def _keeps(side: str, bound: float, name: str, measured: str, uom: str | None) -> bool:
    units = _UNITS.get(name.rsplit("_", 1)[-1])
    if units and uom and uom.strip().casefold() not in units:
        return False
    try:
        value = float(measured)
    except ValueError:
        return False
    return math.isfinite(value) and (value >= bound if side == "min" else value <= bound)


def _whole(cone: Cone) -> pl.Series:
    """Key of the whole order of each step."""
    return cone.about.select(pl.coalesce("order", "key"))["order"]


def _closed(cone: Cone) -> Flags:
    """Recorded steps that nothing more can enter."""
    closed: Flags = cone.closed & ~cone.derived
    return closed


def _proven(cone: Cone, case: Case, rule: KillStep) -> pl.DataFrame:
    """operation (whole order), lot, records: lots of which the values are within the limits."""
    orders = _whole(cone).filter(pl.Series(_closed(cone))).unique()
    values = evidence.acting(case.facts, ProcessValue).filter(
        pl.col("operation").is_in(orders.implode()) & pl.col("measured_value").is_not_null()
    )
    here = [plain(step) == plain(rule.step) for step in values["step"]]
    values = values.filter(pl.Series(here, dtype=pl.Boolean))
    made = _made(cone, values["operation"].unique())
    found = []
    for (operation,), rows in values.partition_by("operation", as_dict=True).items():
        lots = made.filter(pl.col("operation") == operation)["lot"].to_list()
        shared = pl.col("lot").is_null()
        # Values of an input are of the whole run too, and can only speak against it.
        of_run = ~pl.col("lot").is_in(lots).fill_null(False)
        for lot in lots:
            # Values of a run are those of its lot where it made no other one.
            own = (pl.col("lot") == lot) | (shared & (len(lots) == 1))
            usable = rows.filter((pl.col("lot") == lot) | of_run)
            if all(within(rule.limits, part.select(_VALUE)) for part in (rows.filter(own), usable)):
                found.append((operation, lot, usable["key"].to_list()))
    schema: dict[str, Any] = {"operation": pl.String, "lot": pl.String}
    schema["records"] = pl.List(pl.String)
    return pl.DataFrame(found, schema=schema, orient="row")


def _made(cone: Cone, orders: pl.Series) -> pl.DataFrame:
    """operation, lot: the products of whole orders, in the cone or not."""
    lineage = cone.lineage
    operations = lineage.operations.select(
        op=pl.int_range(pl.len(), dtype=pl.Int64), operation=pl.coalesce("order", "key")
    ).filter(pl.col("operation").is_in(orders.implode()))
    rows = lineage.outputs.at(operations["op"].to_numpy())
    made = lineage.produced.select(pl.col("op").cast(pl.Int64), "lot", "output_kind", "rule")[rows]
    product = pl.col("output_kind").fill_null("product").is_in(["product", "co_product"])
    made = made.filter(product & pl.col("rule").is_null()).join(operations, on="op")
    return made.select("operation", lot=lineage.lots["key"][made["lot"]]).unique()


def _records(proven: pl.DataFrame) -> tuple[str, ...]:
    return tuple(sorted(set(proven["records"].explode().drop_nulls())))


# ---------------------------------------------------------------------------- inputs and outputs


def _entered(cone: Cone, case: Case, rule: KillStep, orders: pl.Series) -> Flags:
    """Input rows of these orders of which every line is known to have entered in time."""
    steps = np.flatnonzero(_closed(cone) & _whole(cone).is_in(orders.implode()).to_numpy())
    lines = cone.lineage.consumed[cone.lineage.inputs.at(cone.steps[steps])]
    whole = cone.lineage.operations["step"][lines["op"]]
    known = _steps(lines, case.facts[Consumed], whole)
    return _all_lines(cone, lines, [is_before(rule, step) for step in known], cone.inputs)


def _protected(cone: Cone, case: Case, rule: KillStep, proven: pl.DataFrame) -> Flags:
    """Output rows of proven lots of which every line was surely drawn after the step."""
    steps = np.flatnonzero(_whole(cone).is_in(proven["operation"].implode()).to_numpy())
    lines = cone.lineage.produced[cone.lineage.outputs.at(cone.steps[steps])]
    known = _steps(lines, case.facts[Produced], None)
    product = lines["output_kind"].fill_null("product").eq("product")
    drawn = [
        is_after(rule, step) or (step is None and good)
        for step, good in zip(known, product, strict=True)
    ]
    outputs = cone.outputs
    drawn_after = _all_lines(cone, lines, drawn, outputs)
    names = pl.DataFrame(
        {
            "operation": _whole(cone)[outputs.step],
            "lot": cone.lineage.lots["key"][cone.lots[outputs.lot]],
        }
    )
    pairs = proven.select("operation", "lot", _hit=pl.lit(True))
    hit = names.join(pairs, on=["operation", "lot"], how="left", maintain_order="left")["_hit"]
    protected: Flags = drawn_after & hit.fill_null(False).to_numpy()
    return protected


def _steps(
    lines: pl.DataFrame, told: pl.DataFrame, otherwise: pl.Series | None
) -> list[str | None]:
    """The step of each line; a line that a rule derived may be of any: the empty word."""
    own = told.select("key", "step", _told=pl.lit(True))
    rows = lines.select("key").join(own, on="key", how="left", maintain_order="left")
    steps = rows["step"] if otherwise is None else rows["step"].fill_null(otherwise)
    recorded = rows["_told"].fill_null(False)
    return [step if told else "" for step, told in zip(steps, recorded, strict=True)]


def _all_lines(cone: Cone, lines: pl.DataFrame, fits: list[bool], rows: Inputs | Outputs) -> Flags:
    """Rows of the cone (with `step`, `lot`) of which all lines fit; none where there are none."""
    good = lines.select(pl.col("op", "lot").cast(pl.Int64), fits=pl.Series(fits, dtype=pl.Boolean))
    good = good.group_by("op", "lot").agg(pl.col("fits").all())
    wanted = pl.DataFrame({"op": cone.steps[rows.step], "lot": cone.lots[rows.lot]})
    hit = wanted.join(good, on=["op", "lot"], how="left", maintain_order="left")["fits"]
    flags: Flags = hit.fill_null(False).to_numpy()
    return flags
