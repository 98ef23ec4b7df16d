"""Sources ranked for chosen complaints: FoodChain-Lab's score beside the likelihood."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import polars as pl
from dash import html

from dashboard import words
from dashboard.components import parts
from dashboard.components.parts import empty, panel, segments
from dashboard.url import State, link
from dashboard.visit import Visit
from graph_model.errors import BadInput, NotFound
from graph_model.i18n import text
from graph_model.lineage import Lineage
from graph_model.network import Facts
from graph_model.schema import Complaint, Supplier
from queries.names import Names
from queries.recall import inference, inference_cases, inference_likelihood, roots, tables
from queries.recall.roots import Suspects

SHOWN = 12
KINDS = ("lots", "stations", "deliveries")


@dataclass(frozen=True)
class Ranked:
    """By kind: id, score, probability (null: leads to no case), explains; best first."""

    rows: dict[str, pl.DataFrame]
    assumed: bool


def listing(visit: Visit, names: Names, state: State) -> html.Section | None:
    """The ranking of the chosen complaints; None where none is chosen."""
    chosen = tuple(sorted(set(state.all("complaint"))))
    if not chosen:
        return None
    title = text("screen.source.ranked")
    try:
        found = visit.desk.on(state.whole("as_of"), ("ranked", chosen),
                              lambda facts, lineage: _ranked(facts, lineage, chosen))  # fmt: skip
    except BadInput as error:
        return panel(title, empty(str(error)))
    if found is None:
        return panel(title, empty(text("screen.source.not_ranked")))
    kind = state.one("of") if state.one("of") in KINDS else KINDS[0]
    choices = [(text(f"screen.source.of_{one}"), state.link(of=one), one == kind) for one in KINDS]
    rows = found.rows[kind]
    suppliers = set(visit.facts(state.whole("as_of"))[Supplier]["company"])
    lines = [_line(row, kind, names, suppliers) for row in rows[:SHOWN].iter_rows(named=True)]
    figures = [f">{text(f'screen.source.{one}')}" for one in ("score", "probability", "leads_to")]
    heads = [text(f"screen.source.of_{kind}"), *figures]
    told = text("screen.source.ranked_is")
    if found.assumed:
        told = f"{told} {text('screen.source.assumed')}"
    aside = [segments(title, choices, "small"), parts.shown_of(len(lines), rows.height)]
    return panel(title, parts.table(heads, lines, label=title),
                 html.P(told, className="note panel-body"), aside=aside)  # fmt: skip


def _line(row: dict[str, Any], kind: str, names: Names, suppliers: set[str]) -> list[Any]:
    key = row["id"]
    shown: Any = html.Span(key.rpartition("/")[2] or key, className="lot-no", title=key)
    if kind == "lots":
        shown = html.A(shown, href=link("/recall", lot=key))
    if kind == "stations":
        shown = names.company(key) or key
        if key in suppliers:
            shown = html.A(shown, href=link("/purchasing", supplier=key))
    return [
        shown, words.number(row["score"], 3),
        words.percent(row["probability"]) if row["probability"] is not None else words.NONE,
        words.number(row["explains"], 0) if row["explains"] is not None else words.NONE,
    ]  # fmt: skip


def _ranked(facts: Facts, lineage: Lineage, chosen: tuple[str, ...]) -> Ranked | None:
    """Each complaint weighs one, on the lot that it is of or else on the customer that complains.

    None where no complaint tells either.
    """
    told = [case for name in chosen if (case := _case(facts, lineage, name))]
    if not told:
        return None
    cases = [{"kind": kind, "id": code, "weight": "1"} for kind, code in told]
    codes = [code for _, code in told]
    found = inference.infer(facts, lineage, inference_cases.read(cases), tables.rules(facts))
    likely = inference_likelihood.likelihood(found)
    scored = {"stations": inference.stations(found), "lots": inference.lots(found),
              "deliveries": inference.deliveries(found)}  # fmt: skip
    rows = {}
    for kind, table in scored.items():
        weighed = getattr(likely, kind).select("id", "probability", "explains")
        score = [float(Fraction(one)) for one in table["score"]]
        joined = table.select("id", score=pl.Series(score, dtype=pl.Float64))
        joined = joined.join(weighed, on="id", how="left")
        own = joined.filter(~pl.col("id").is_in(codes))
        rows[kind] = own.filter(pl.col("score") > 0).sort(
            "probability", "score", "id", descending=[True, True, False], nulls_last=True
        )
    return Ranked(rows, bool(likely.missing))


def _case(facts: Facts, lineage: Lineage, complaint: str) -> tuple[str, str] | None:
    """What a complaint weighs on: kind and id."""
    try:
        lots = roots.answer(facts, lineage, Suspects(complaint=complaint)).match
    except NotFound:
        lots = np.empty(0, dtype=np.int64)
    if len(lots) == 1:
        return "lot", lineage.lots["key"][int(lots[0])]
    customer = facts[Complaint].filter(pl.col("complaint_no") == complaint)["customer"].drop_nulls()
    return ("customer", customer[0].rpartition("/")[2]) if len(customer) else None
