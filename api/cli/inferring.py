"""infer, pivot: from complaints to the source, and to what else is out there."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from api.cli import context
from api.cli.context import AsOf, Json, Output
from api.cli.scope_view import show_missing, show_scope
from api.cli.suspecting import premises
from graph_model.errors import BadInput
from graph_model.i18n import text
from queries.recall import (
    inference,
    inference_cases,
    inference_likelihood,
    inference_why,
    rulebook,
)
from queries.recall import pivot as pivoting
from queries.recall.roots import Suspects
from queries.recall.scope import compute

ROWS = 20
"""Rows of each table on the screen; JSON and files always have all."""

_TABLES = ("stations", "deliveries", "lots")
_NAMES = {
    "stations": ("id", "name"),
    "deliveries": ("id", "supplier", "recipient"),
    "lots": ("id",),
}
_FIGURES = ("score", "positive", "negative", "normalized")


def register(app: typer.Typer) -> None:
    """Adds the commands. Ids of a source may begin with a minus sign."""
    app.command(help=text("infer.help"), context_settings={"ignore_unknown_options": True})(infer)
    app.command(help=text("pivot.help"))(pivot)


def infer(
    more: Annotated[list[str] | None, typer.Argument(metavar="[ID]...", help=text("infer.more"))]
    = None,
    cases: Annotated[Path | None, typer.Option("--cases", help=text("infer.cases"))] = None,
    rules: Annotated[Path | None, typer.Option("--rules", help=text("infer.rules"))] = None,
    observe: Annotated[list[str] | None, typer.Option("--observe", help=text("infer.observe"))]
    = None,
    why: Annotated[str | None, typer.Option("--why", help=text("infer.why"))] = None,
    likely: Annotated[bool, typer.Option("--likelihood", help=text("infer.likelihood"))] = False,
    as_of: AsOf = None,
    output: Output = None,
    as_json: Json = False,
) -> None:  # fmt: skip
    """Which station, delivery or lot leads to the cases."""
    if more and not observe:
        raise BadInput("not_observed", value=" ".join(more))
    observed = [*(observe or []), *(more or [])]
    if cases is None and not observed:
        raise BadInput("no_cases")
    book = rulebook.load(rules)
    rows = inference_cases.load(cases) if cases else []
    with context.plant() as plant:
        found = inference.infer(
            plant.facts(as_of), plant.lineage(as_of), rows, book, observed,
            file=cases.name if cases else "",
        )  # fmt: skip
        whole = inference.to_dict(found)
        if likely:
            ranked = inference_likelihood.likelihood(found)
            whole["likelihood"] = inference_likelihood.to_dict(ranked)
        reasons = [] if why is None else inference_why.why(found, why)
    if why is not None:
        _show_why(reasons, as_json=as_json)
        return
    if output is not None:
        kinds = [{"kind": kind, **row} for kind in _TABLES for row in whole[kind]]
        context.write(output, text("infer.help"), kinds, whole)
    if as_json:
        context.show_json(whole)
    elif output is None:
        _show(whole)


def _show(whole: dict[str, Any]) -> None:
    say = context.console.print
    weight = whole["weight"]
    say(text("infer.weight", positive=weight["positive"], negative=weight["negative"]))
    for kind in _TABLES:
        marks = [mark for mark in ("common_link", "forward", "backward") if _has(whole, kind, mark)]
        columns = [*_NAMES[kind], *_FIGURES]
        heads = [text(f"infer.head.{name}") for name in [*columns, *marks]]
        lines: list[list[object]] = [
            [*(row[name] for name in columns), *("✓" if row[mark] else "" for mark in marks)]
            for row in whole[kind][:ROWS]
        ]
        context.show_table(text(f"infer.{kind}"), heads, lines, len(whole[kind]))
    if "likelihood" in whole:
        _show_likelihood(whole["likelihood"])
    say(text("cli.complete" if whole["complete"] else "cli.incomplete"))
    for entry in whole["missing"]:
        say(f"· {entry['text']}")
    say(text("cli.stands_on", head=whole["head"]))


def _show_likelihood(ranked: dict[str, Any]) -> None:
    """Each kind, the most probable first, apart from the scores."""
    for kind in _TABLES:
        lines: list[list[object]] = [
            [
                row["id"],
                f"{row['probability']:.1%}",
                f"{row['log_likelihood']:.3f}",
                row["explains"],
            ]
            for row in ranked[kind][:ROWS]
        ]
        names = ("id", "probability", "log_likelihood", "explains")
        heads = [text(f"infer.head.{name}") for name in names]
        title = text("infer.likely", kind=text(f"infer.{kind}"))
        context.show_table(title, heads, lines, len(ranked[kind]))
    for entry in ranked["missing"]:
        context.console.print(f"· {entry['text']}")


def _show_why(reasons: list[inference_why.Why], *, as_json: bool) -> None:
    """What a candidate explains, what it does not, and what speaks against it."""
    if as_json:
        context.show_json([reason.to_dict() for reason in reasons])
        return
    for reason in reasons:
        met = [("explains", reason.explains), ("against", reason.against)]
        rows: list[list[object]] = [
            [text(f"infer.{name}"), case.id, str(case.weight), " → ".join(case.via)]
            for name, cases in met
            for case in cases
        ]
        rows += [
            [text("infer.unexplained"), thing.id, str(thing.weight), ""]
            for thing in reason.unexplained
        ]
        heads = [text(f"infer.head.{name}") for name in ("case", "id", "weight", "via")]
        title = f"{text(f'infer.one.{reason.kind}')} {reason.id}"
        context.show_table(title, heads, rows)


def _has(whole: dict[str, Any], kind: str, mark: str) -> bool:
    return bool(whole[kind]) and mark in whole[kind][0]


# ---------------------------------------------------------------------------- pivot


def _named(kind: str) -> Any:
    return typer.Option(f"--{kind}", help=text(f"pivot.{kind}"))


def pivot(
    complaint: Annotated[list[str] | None, _named("complaint")] = None,
    shipment: Annotated[list[str] | None, _named("shipment")] = None,
    customer: Annotated[list[str] | None, _named("customer")] = None,
    lot: Annotated[list[str] | None, _named("lot")] = None,
    choose: Annotated[str | None, typer.Option("--choose", help=text("pivot.choose"))] = None,
    hazard: Annotated[str, typer.Option("--hazard", help=text("cli.suspect.hazard"))] = "unknown",
    rules: Annotated[Path | None, typer.Option("--rules", help=text("cli.suspect.rules"))] = None,
    as_of: AsOf = None,
    output: Output = None,
    as_json: Json = False,
) -> None:  # fmt: skip
    """What complaints have in common, and the scope of the input chosen."""
    asked = pivoting.effects(complaint or [], shipment or [], customer or [], lot or [])
    with context.plant() as plant:
        facts, lineage = plant.facts(as_of), plant.lineage(as_of)
        found = pivoting.pivot(facts, lineage, asked)
        scope = None
        if choose is not None:
            given = premises({"hazard": hazard, "rules": rules})
            scope = compute(facts, lineage, Suspects(lots=(choose,)), **given)
        whole = pivoting.to_dict(found, scope)
    if output is not None:
        context.write(output, text("pivot.help"), whole["inputs"], whole)
    if as_json:
        context.show_json(whole)
    elif output is None:
        _show_pivot(whole, choose)


def _show_pivot(whole: dict[str, Any], choose: str | None) -> None:
    say = context.console.print
    rows: list[list[object]] = [
        [row["item"], row["lot_no"], row["owner"], "✓" if row["supplied"] else "",
         f"{row['explains']} / {len(whole['cases'])}", row["reaches"]]
        for row in whole["inputs"][:ROWS]
    ]  # fmt: skip
    names = ("item", "lot_no", "owner", "supplied", "explains", "reaches")
    heads = [text(f"pivot.head.{name}") for name in names]
    context.show_table(text("pivot.inputs"), heads, rows, len(whole["inputs"]))
    if choose is None:
        say(text("pivot.next"), markup=False)
        show_missing(whole["missing"])
        say(text("cli.stands_on", head=whole["head"]))
        return
    rows = [
        [row["customer"], text(f"tier.{row['tier']}"), len(row["lots"]), row["quantity"],
         ", ".join(row["shipments"])]
        for row in whole["elsewhere"][:ROWS]
    ]  # fmt: skip
    heads = [
        text(f"cli.head.{head}") for head in ("customer", "tier", "lots", "quantity", "shipments")
    ]
    context.show_table(text("pivot.elsewhere", lot=choose), heads, rows, len(whole["elsewhere"]))
    show_scope(whole["scope"])
