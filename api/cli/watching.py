"""exposure, scorecard, warnings, drill: what to know before anything happens."""

from __future__ import annotations

import getpass
from pathlib import Path
from typing import Annotated, Any

import typer

from api.cli import context
from api.cli.asking import ROWS
from api.cli.context import AsOf, Json, Output
from api.cli.suspecting import cost_table, moment
from api.reports.edition import Edition
from graph_model.i18n import text
from graph_model.plant import Plant
from queries import drill as drills
from queries import early_warnings, scorecard
from queries.recall import tables
from queries.recall.dispersion import dispersion
from queries.recall.exposure import GROUPS, Exposure
from queries.recall.exposure import exposure as exposed

Costs = Annotated[Path | None, typer.Option("--costs", help=text("cli.costs"))]
Sketch = Annotated[int | None, typer.Option("--sketch", help=text("watching.sketch"))]
drill = typer.Typer(help=text("watching.drill"), invoke_without_command=True, rich_markup_mode=None)


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    app.command(help=text("watching.exposure"))(exposure)
    app.command("scorecard", help=text("watching.scorecard"))(card)
    app.command(help=text("watching.warnings"))(warnings)
    app.add_typer(drill, name="drill")


def _found(plant: Plant, as_of: int | None, costs: Path | None, sketch: int | None) -> Exposure:
    zone = context.settings().timezone
    facts, lineage = plant.facts(as_of), plant.lineage(as_of)
    return exposed(
        facts, lineage, cost_table(costs) or tables.costs(facts), timezone=zone, ranks=sketch
    )


def _table(title: str, names: list[str], rows: list[dict[str, Any]], of: int = 0) -> None:
    heads = [text(f"watching.head.{name}") for name in names]
    cells = [[_cell(row[name]) for name in names] for row in rows]
    context.show_table(text(f"watching.title.{title}"), heads, cells, of)


def _cell(value: object) -> object:
    if isinstance(value, dict):
        return ", ".join(f"{amount:g} {unit}" for unit, amount in value.items())
    if isinstance(value, list):
        return ", ".join(map(str, value))
    if isinstance(value, bool):
        return text("watching.yes" if value else "watching.no")
    return f"{value:,.2f}" if isinstance(value, float) else value


def _foot(whole: dict[str, Any]) -> None:
    for entry in whole["missing"]:
        context.console.print(f"· {entry['text']}")
    context.console.print(text("cli.stands_on", head=whole["head"]))


def exposure(
    costs: Costs = None,
    sketch: Sketch = None,
    as_of: AsOf = None,
    output: Output = None,
    as_json: Json = False,
) -> None:
    """What a defect in each supplier's lot would touch."""
    with context.plant() as plant:
        found = _found(plant, as_of, costs, sketch)
    whole = found.to_dict() | {"dispersion": dispersion(found).to_dict()}
    if output is not None:
        context.write(output, text("watching.exposure"), whole["lots"], whole)
    if as_json:
        context.show_json(whole)
    elif output is None:
        _show_exposure(whole)


def _show_exposure(whole: dict[str, Any]) -> None:
    names = ["supplied", "lots", "finished", "customers", "cost", "amounts"]
    for group in GROUPS:
        rows = whole[f"{group}s"]
        _table(f"{group}s", ["name", *names], rows[:ROWS], len(rows))
    lots = whole["lots"]
    _table("lots", ["key", *names[1:]], lots[:ROWS], len(lots))
    told = whole["dispersion"]
    for name in ("downward", "upward", "batch", "worst_cost", "average_cost"):
        words = text(f"watching.head.{name}")
        context.console.print(f"{words}: {_cell(told[name])}")
    _foot(whole)


def card(
    weights: Annotated[
        Path | None, typer.Option("--weights", help=text("watching.weights"))
    ] = None,
    costs: Costs = None,
    sketch: Sketch = None,
    as_of: AsOf = None,
    output: Output = None,
    as_json: Json = False,
) -> None:
    """Suppliers side by side."""
    with context.plant() as plant:
        weighting = scorecard.load(weights) if weights else tables.weights(plant.facts(as_of))
        found = _found(plant, as_of, costs, sketch)
        rows = scorecard.scorecard(plant.facts(as_of), found.lineage, found, weighting)
    whole = scorecard.to_dict(found, rows)
    if output is not None:
        context.write(output, text("watching.scorecard"), whole["suppliers"], whole)
    if as_json:
        context.show_json(whole)
    elif output is None:
        names = ["supplier", "mark", "delivered", "inspected", "rejected", "trend", "complaints",
                 "complaints_shared", "recalls", "exposure", "unnumbered", "late_days"]  # fmt: skip
        _table("scorecard", names, whole["suppliers"])
        _foot(whole)


def warnings(
    at: Annotated[str | None, typer.Option("--at", help=text("watching.at"))] = None,
    costs: Costs = None,
    as_of: AsOf = None,
    output: Output = None,
    as_json: Json = False,
) -> None:
    """Early warnings."""
    with context.plant() as plant:
        found = _found(plant, as_of, costs, None)
        now = moment(at, end=False) if at else None
        signs = early_warnings.warnings(plant.facts(as_of), found.lineage, found, now=now)
        edition = Edition.of(plant, as_of)
    rows = [sign.to_dict() for sign in signs]
    if output is not None:
        context.write(output, text("watching.warnings"), rows, rows, edition)
    if as_json:
        context.show_json(rows)
    elif output is None:
        for kind in early_warnings.KINDS:
            of_kind = [row for row in rows if row["kind"] == kind]
            if of_kind:
                _table(kind, ["subject", "text"], of_kind[:ROWS], len(of_kind))
        if not rows:
            context.console.print(text("watching.no_warnings"))


@drill.callback()
def run_drill(
    called: typer.Context,
    lots: Annotated[
        int, typer.Option("--lots", min=1, help=text("watching.drill_lots"))
    ] = drills.LOTS,
    seed: Annotated[int | None, typer.Option("--seed", help=text("watching.drill_seed"))] = None,
    hours: Annotated[
        float, typer.Option("--hours", min=0, help=text("watching.drill_hours"))
    ] = drills.TARGET / 3600,
    by: Annotated[str | None, typer.Option("--by", help=text("watching.drill_by"))] = None,
    output: Output = None,
    as_json: Json = False,
) -> None:
    """Traces random lots against the clock; kept in the ledger."""
    if called.invoked_subcommand is not None:
        return
    who, target = by or getpass.getuser(), hours * 3600
    with context.plant() as plant:
        facts, lineage = plant.facts(), plant.lineage()
        traced = drills.run(facts, lineage, lots=lots, seed=seed, target=target)
        person = plant.ledger.records.pseudonym(who)
        kept = drills.rows(traced, lineage, seed=seed, target=target, person=person)
        plant.ledger.append(
            {"Drill": kept}, source="drills", who=who, note="drill", names={person: who}
        )
    whole = drills.to_dict(traced, lineage, target)
    if output is not None:
        gaps = [gap | {"lot": one["lot"]} for one in whole["lots"] for gap in one["gaps"]]
        context.write(output, text("watching.drill"), gaps, whole)
    if as_json:
        context.show_json(whole)
    elif output is None:
        _show_drill(whole)


def _show_drill(whole: dict[str, Any]) -> None:
    rows = [
        one | {"direction": text(f"watching.{one['direction']}"), "gaps": len(one["gaps"]),
               "seconds": f"{one['seconds']:.3f}"}
        for one in whole["lots"]
    ]  # fmt: skip
    names = ["lot", "direction", "seconds", "lots", "steps", "ends", "gaps", "passed"]
    _table("drill", names, rows)
    gaps = list({gap["text"]: gap for one in whole["lots"] for gap in one["gaps"]}.values())
    if gaps:
        _table("gaps", ["text", "repair"], gaps[:ROWS], len(gaps))
    verdict = "watching.passed" if whole["passed"] else "watching.failed"
    context.console.print(
        text(verdict, seconds=f"{whole['seconds']:.3f}", target=f"{whole['target']:,.0f}",
             gaps=whole["gaps"])
    )  # fmt: skip


@drill.command("list", help=text("watching.drill_list"))
def list_drills(as_json: Json = False) -> None:
    """Drills of the past."""
    with context.plant() as plant:
        rows = drills.history(plant.facts(), context.settings().timezone)
    if as_json:
        context.show_json(rows)
        return
    names = ["month", "lots", "seconds", "target", "no_person", "broken", "off_balance", "share",
             "passed"]  # fmt: skip
    _table("drills", names, rows)
