"""evidence: what people put forward, accept and revoke."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from api import proving
from api.cli import context
from api.cli.context import Json
from api.cli.importing import progress
from api.cli.keeping import By, Reason, Role
from graph_model.i18n import text
from graph_model.plant import Plant
from graph_model.schema import Evidence
from loaders.entries import Signature
from loaders.entries import evidence as entries
from queries.recall import rulebook, tables

evidence = typer.Typer(help=text("evidence.help"), no_args_is_help=True, rich_markup_mode=None)
add = typer.Typer(help=text("evidence.add"), no_args_is_help=True, rich_markup_mode=None)
evidence.add_typer(add, name="add")
rules = typer.Typer(help=text("evidence.rules.help"), no_args_is_help=True, rich_markup_mode=None)


def _option(name: str, *flags: str) -> Any:
    return typer.Option(*flags, help=text(f"evidence.option.{name}"))


Lot = Annotated[str, typer.Argument(help=text("cli.lots"))]
At = Annotated[str | None, _option("at", "--at")]
Operation = Annotated[str | None, _option("operation", "--operation")]


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    app.add_typer(evidence, name="evidence")
    app.add_typer(rules, name="rules")


# ---------------------------------------------------------------------------- put forward


@add.command("inspection", help=text("evidence.inspection"))
def add_inspection(
    lot: Lot,
    by: By,
    role: Role,
    reason: Reason,
    result: Annotated[str, _option("result", "--result")],
    hazard: Annotated[str, _option("hazard", "--hazard")] = "unknown",
    full: Annotated[bool, _option("full", "--full")] = False,
    n: Annotated[float | None, _option("n", "--n")] = None,
    c: Annotated[float | None, _option("c", "--c")] = None,
    unit_size: Annotated[float | None, _option("unit_size", "--unit-size")] = None,
    unit: Annotated[str | None, _option("unit", "--unit")] = None,
    composite: Annotated[float | None, _option("composite", "--composite")] = None,
    method: Annotated[str | None, _option("method", "--method")] = None,
    detection_limit: Annotated[str | None, _option("limit", "--detection-limit")] = None,
    place: Annotated[str | None, _option("place", "--place")] = None,
    laboratory: Annotated[str | None, _option("laboratory", "--laboratory")] = None,
    at: At = None,
    as_json: Json = False,
) -> None:
    """Put an inspection of a lot forward."""
    _put_forward("inspection", by, role, reason, as_json, lot=lot, result=result, hazard=hazard,
                 full=full, sample_size=n, acceptance=c, unit_size=unit_size, unit=unit,
                 composite=composite, method=method, detection_limit=detection_limit, place=place,
                 laboratory=laboratory, at=at)  # fmt: skip


@add.command("process-value", help=text("evidence.process_value"))
def add_process_value(
    operation: Annotated[str, typer.Argument(help=text("evidence.option.operation"))],
    by: By,
    role: Role,
    reason: Reason,
    step: Annotated[str, _option("step", "--step")],
    param: Annotated[str, _option("param", "--param")],
    measured: Annotated[str, _option("measured", "--measured")],
    unit: Annotated[str | None, _option("unit", "--unit")] = None,
    lot: Annotated[str | None, _option("lot", "--lot")] = None,
    at: At = None,
    as_json: Json = False,
) -> None:
    """Put a measured value of a step forward."""
    _put_forward("process_value", by, role, reason, as_json, operation=operation, step=step,
                 param=param, measured=measured, unit=unit, lot=lot, at=at)  # fmt: skip


@add.command("cleaning", help=text("evidence.cleaning"))
def add_cleaning(
    site: Annotated[str, typer.Argument(help=text("evidence.option.site"))],
    by: By,
    role: Role,
    reason: Reason,
    result: Annotated[str, _option("result", "--result")],
    at: At = None,
    method: Annotated[str | None, _option("method", "--method")] = None,
    verified: Annotated[bool, _option("verified", "--verified")] = False,
    clearance: Annotated[bool, _option("clearance", "--clearance")] = False,
    as_json: Json = False,
) -> None:
    """Put a cleaning or line clearance forward."""
    _put_forward("cleaning", by, role, reason, as_json, site=site, result=result, at=at,
                 method=method, verified=verified, clearance=clearance)  # fmt: skip


@add.command("count", help=text("evidence.count"))
def add_count(
    site: Annotated[str, typer.Argument(help=text("evidence.option.site"))],
    by: By,
    role: Role,
    reason: Reason,
    quantity: Annotated[float, _option("quantity", "--quantity")] = 0.0,
    unit: Annotated[str | None, _option("unit", "--unit")] = None,
    item: Annotated[str | None, _option("item", "--item")] = None,
    lot: Annotated[str | None, _option("lot", "--lot")] = None,
    empty: Annotated[bool, _option("empty", "--empty")] = False,
    at: At = None,
    as_json: Json = False,
) -> None:
    """Put a count or an empty mark forward."""
    _put_forward("count", by, role, reason, as_json, site=site, quantity=quantity, unit=unit,
                 item=item, lot=lot, empty=empty, at=at)  # fmt: skip


@add.command("label", help=text("evidence.label"))
def add_label(
    item: Annotated[str, typer.Argument(help=text("evidence.option.item"))],
    by: By,
    role: Role,
    reason: Reason,
    contains: Annotated[str, _option("contains", "--contains")],
    market: Annotated[str | None, _option("market", "--market")] = None,
    version: Annotated[str | None, _option("version", "--version")] = None,
    start: Annotated[str | None, _option("valid_from", "--from")] = None,
    end: Annotated[str | None, _option("valid_to", "--to")] = None,
    as_json: Json = False,
) -> None:
    """Put a version of a label forward."""
    _put_forward("label", by, role, reason, as_json, item=item, contains=contains, market=market,
                 version=version, start=start, end=end)  # fmt: skip


@add.command("decision", help=text("evidence.decision"))
def add_decision(
    lot: Lot,
    by: By,
    role: Role,
    reason: Reason,
    hazard: Annotated[str | None, _option("hazard", "--hazard")] = None,
    operation: Operation = None,
    not_before: Annotated[str | None, _option("not_before", "--not-before")] = None,
    as_json: Json = False,
) -> None:
    """Put a judgement forward; a second person accepts it."""
    _put_forward("decision", by, role, reason, as_json, lot=lot, hazard=hazard,
                 operation=operation, not_before=not_before)  # fmt: skip


@add.command("invalidation", help=text("evidence.invalidation"))
def add_invalidation(
    inspection: Annotated[str, typer.Argument(help=text("evidence.option.inspection"))],
    by: By,
    role: Role,
    reason: Reason,
    as_json: Json = False,
) -> None:
    """Put forward that an inspection is invalid; a second person accepts it."""
    _put_forward("invalidation", by, role, reason, as_json, inspection=inspection)


@add.command("record", help=text("evidence.record"))
def add_record(
    record: Annotated[str, typer.Argument(help=text("evidence.option.record"))],
    by: By,
    role: Role,
    reason: Reason,
    as_json: Json = False,
) -> None:
    """Put an imported record forward."""
    _put_forward("record", by, role, reason, as_json, record=record)


# ---------------------------------------------------------------------------- accept, revoke, list


@evidence.command("accept", help=text("evidence.accept"))
def accept(
    key: Annotated[str, typer.Argument(help=text("evidence.option.key"))],
    by: By,
    role: Role,
    reason: Reason,
    as_json: Json = False,
) -> None:
    """Accept evidence: it acts from now on."""
    with context.plant() as plant:
        signed = Signature(_person(plant, by), role, reason)
        found, stated = proving.accept(plant, key, signed, by)
        _append(plant, stated, by, "accept", found, as_json=as_json)


@evidence.command("revoke", help=text("evidence.revoke"))
def revoke(
    key: Annotated[str, typer.Argument(help=text("evidence.option.key"))],
    by: By,
    role: Role,
    reason: Reason,
    as_json: Json = False,
) -> None:
    """Revoke evidence: it acts no more."""
    with context.plant() as plant:
        facts, person = plant.facts(), _person(plant, by)
        found = entries.resolve(facts, key)
        stated = entries.revoke(facts, found, person=person, role=role, reason=reason)
        _append(plant, stated, by, "revoke", found, as_json=as_json)


@evidence.command("list", help=text("evidence.list"))
def list_evidence(as_json: Json = False) -> None:
    """All evidence and how far it came."""
    with context.plant() as plant:
        rows = proving.listed(plant.facts(), plant.ledger.records.names)
    if as_json:
        context.show_json(rows)
        return
    names = ("key", "kind", "subject", "state", "who", "accepted_by", "reason")
    heads = [text(f"evidence.head.{name}") for name in names]
    cells: list[list[object]] = [
        [row["key"], text(f"evidence.kind.{row['kind']}"), row["subject"],
         text(f"evidence.state.{row['state']}"), row["person"], row["judged_by"], row["reason"]]
        for row in rows
    ]  # fmt: skip
    context.show_table(text("evidence.list"), heads, cells)


# ---------------------------------------------------------------------------- rules


@rules.command("set", help=text("evidence.rules.set"))
def set_rules(
    file: Annotated[Path, typer.Argument(help=text("evidence.rules.file"))],
    by: By,
    role: Role,
    reason: Reason,
    as_json: Json = False,
) -> None:
    """Set the rules that apply where a scope is told none."""
    rulebook.load(file)
    content = file.read_text(encoding="utf-8-sig")
    with context.plant() as plant:
        stated = entries.rules(
            content, file.name, person=_person(plant, by), role=role, reason=reason
        )
        plant.ledger.append(stated, source="rules", who=by, note=file.name)
        with progress() as tell:
            context.project(plant, tell)
    show_rules(as_json=as_json)


@rules.command("show", help=text("evidence.rules.show"))
def show_rules(as_json: Json = False) -> None:
    """The rules in force, as the ledger has them."""
    with context.plant() as plant:
        facts = plant.facts()
        book, history = tables.rules(facts), tables.history(facts, "rules")
        row: dict[str, Any] = {"key": book.origin, "content": ""}
        if history and book.origin != rulebook.DEFAULTS:
            row = history[-1]
            people = plant.ledger.records.names([row["person"]])
            row["person"] = people.get(row["person"], row["person"])
    if as_json:
        context.show_json(row | {"rules": book.to_dict()})
    elif not row["content"]:
        context.console.print(text("evidence.rules.none"))
    else:
        context.console.print(text("evidence.rules.in_force", **row), markup=False)
        context.console.print(row["content"], markup=False)


# ---------------------------------------------------------------------------- what they share


def _put_forward(kind: str, by: str, role: str, reason: str, as_json: bool, **given: Any) -> None:
    with context.plant() as plant:
        signed = Signature(_person(plant, by), role, reason)
        ground = proving.Ground(plant.facts(), plant.lineage(), plant.settings)
        stated = proving.put_forward(ground, kind, given, signed)
        _append(plant, stated, by, kind, stated[Evidence.__name__]["key"][0], as_json=as_json)


def _append(
    plant: Plant, stated: entries.Tables, by: str, note: str, key: str, *, as_json: bool
) -> None:
    plant.ledger.append(stated, source="evidence", who=by, note=note)
    with progress() as tell:
        context.project(plant, tell)
    rows = proving.listed(plant.facts(), plant.ledger.records.names)
    row = next(row for row in rows if row["key"] == key)
    if as_json:
        context.show_json(row)
        return
    state = text(f"evidence.state.{row['state']}")
    context.console.print(text("evidence.done", key=key, state=state), markup=False)


def _person(plant: Plant, name: str) -> str:
    return plant.ledger.records.pseudonym(name) if name.strip() else ""
