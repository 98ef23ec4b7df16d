"""incident hold, blocked, found, dispose, release, approve, refuse, withdraw, export."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from api import holding
from api.cli import context
from api.cli.asking import ROWS
from api.cli.context import Json
from api.cli.incidents import Costs, Number, done, heads
from api.cli.keeping import By, Reason, Role
from api.cli.suspecting import cost_table
from api.incidents import Actor
from api.reports import sheets
from graph_model.errors import BadInput
from graph_model.i18n import text
from queries.incidents import cases as reading
from queries.incidents import freeze_lists, holds

LotArg = Annotated[str, typer.Argument(help=text("incident.hold_lot"))]
Amount = Annotated[float, typer.Argument(help=text("incident.amount"))]
SiteOpt = Annotated[str | None, typer.Option("--site", help=text("incident.site"))]


def register(incident: typer.Typer) -> None:
    """Adds the commands."""
    incident.command("hold", help=text("incident.hold"))(hold)
    incident.command("blocked", help=text("incident.blocked"))(blocked)
    incident.command("stopped", help=text("incident.stopped"))(stopped)
    incident.command("found", help=text("incident.found"))(found)
    incident.command("dispose", help=text("incident.dispose"))(dispose)
    incident.command("release", help=text("incident.release"))(release)
    incident.command("approve", help=text("incident.approve"))(approve)
    incident.command("refuse", help=text("incident.refuse"))(refuse)
    incident.command("withdraw", help=text("incident.withdraw"))(withdraw)
    incident.command("export", help=text("incident.export"))(export)


def hold(
    number: Number,
    by: Annotated[str, typer.Option("--by", help=text("cli.decide.by"))] = "",
    role: Annotated[str, typer.Option("--role", help=text("cli.decide.role"))] = "",
    reason: Annotated[str, typer.Option("--reason", help=text("cli.decide.reason"))] = "",
    listing: Annotated[bool, typer.Option("--list", help=text("incident.hold_show"))] = False,
    costs: Costs = None,
    output: context.Output = None,
    as_json: Json = False,
) -> None:
    """Hold the whole scope in one act; with --list only show the hold list."""
    table = cost_table(costs)
    with context.plant() as plant:
        if not listing:
            made = holding.hold_all(plant, Actor(by, role, reason), number, table)
            done(plant, "" if as_json else text("incident.held", **made))
        facts = plant.facts()
        key = reading.find(facts, number)["key"]
        whole = holds.hold_list(facts, plant.lineage(), key)
    if output is not None:
        context.write(output, text("incident.hold_list"), whole["lines"], whole)
    if as_json:
        context.show_json(whole)
    elif output is None:
        show_holds(whole)


def show_holds(whole: dict[str, Any]) -> None:
    """The hold list in walking order, with its sums."""
    rows: list[list[object]] = [
        [line["warehouse"] or text(f"place.{line['place']}"), line["bin"], line["item"],
         line["lot_no"], line["expected"], line["found"] if line["searched"] else None,
         line["missing"] if line["searched"] else None, line["in_hand"], line["uom"],
         text(f"incident.hold_state.{line['state']}"), ", ".join(line["blocked"])]
        for line in whole["lines"][:ROWS]
    ]  # fmt: skip
    names = heads("warehouse", "bin", "item", "lot_no", "expected", "found", "missing", "in_hand",
                  "uom", "state", "document")  # fmt: skip
    context.show_table(text("incident.hold_list"), names, rows, len(whole["lines"]))
    if whole["orders"]:
        _show_orders(whole["orders"])
    for unit, one in whole["sums"].items():
        context.console.print(text("incident.hold_sums", unit=unit, **one), markup=False)
    for line in whole["lines"]:
        for waiting in line["waiting"]:
            context.console.print(
                text("incident.release_waits", lot=line["lot_no"], uom=line["uom"] or "",
                     quantity=f"{waiting['quantity']:g}", release=waiting["release"]),
                markup=False,
            )  # fmt: skip
    if whole["unheld"]:
        context.console.print(text("incident.unheld", count=len(whole["unheld"])))


def _show_orders(orders: list[dict[str, Any]]) -> None:
    """Open orders to be stopped, with what they took."""
    rows: list[list[object]] = [
        [one["document"] or one["order"], text(f"tier.{one['tier']}"),
         ", ".join(_taken(lot) for lot in one["lots"][:3]), len(one["lots"]),
         ", ".join(one["stopped"])]
        for one in orders[:ROWS]
    ]  # fmt: skip
    names = heads("order", "tier", "took", "lots", "document")
    context.show_table(text("incident.open_orders"), names, rows, len(orders))


def _taken(lot: dict[str, Any]) -> str:
    amount = "?" if lot["quantity"] is None else f"{lot['quantity']:g}"
    return f"{lot['item_code']}/{lot['lot_no']} {amount} {lot['uom'] or ''}".strip()


def stopped(
    number: Number,
    document: Annotated[str, typer.Option("--document", help=text("incident.document"))],
    by: By,
    role: Role,
    reason: Reason,
    order: Annotated[list[str] | None, typer.Option("--order", help=text("incident.order"))] = None,
) -> None:
    """State the document by which open orders were stopped; all unless some are named."""
    with context.plant() as plant:
        count = holding.stop(plant, Actor(by, role, reason), number, document, order or ())
        done(plant, text("incident.stopped_done", count=count, document=document))


def blocked(
    number: Number,
    document: Annotated[str, typer.Option("--document", help=text("incident.document"))],
    by: By,
    role: Role,
    reason: Reason,
    lot: Annotated[list[str] | None, typer.Option("--lot", help=text("incident.hold_lot"))] = None,
) -> None:
    """State the document by which ERP or WMS blocked the stock; all holds unless lots are named."""
    with context.plant() as plant:
        named = [holding.line_of(plant, number, one).hold["key"] for one in lot or ()]
        count = holding.block(plant, Actor(by, role, reason), number, document, named)
        done(plant, text("incident.blocked_done", count=count, document=document))


def found(
    number: Number,
    lot: LotArg,
    quantity: Amount,
    by: By,
    role: Role,
    reason: Reason,
    site: SiteOpt = None,
    scanned: Annotated[bool, typer.Option("--scanned", help=text("incident.scanned"))] = False,
    recount: Annotated[bool, typer.Option("--recount", help=text("incident.recount"))] = False,
) -> None:
    """State what was found and counted of a held lot."""
    with context.plant() as plant:
        line = holding.line_of(plant, number, lot, site)
        holding.count(plant, Actor(by, role, reason), number, line, quantity, scanned=scanned,
                      recount=recount)  # fmt: skip
        done(plant, _became(plant, number, line.hold["key"]))


def _became(plant: Any, number: str, key: str) -> str:
    line = holding.line_of(plant, number, key).to_dict()
    return text("incident.became", **{n: line[n] or "" if n == "uom" else line[n] for n in (
        "lot_no", "expected", "found", "missing", "in_hand", "uom")})  # fmt: skip


def dispose(
    number: Number,
    lot: LotArg,
    quantity: Amount,
    disposition: Annotated[str, typer.Option("--as", help=text("incident.disposition"))],
    by: By,
    role: Role,
    reason: Reason,
    site: SiteOpt = None,
    document: Annotated[
        str | None, typer.Option("--document", help=text("incident.document"))
    ] = None,
) -> None:
    """Scrap, rework, return or use an amount that was found."""
    with context.plant() as plant:
        line = holding.line_of(plant, number, lot, site)
        actor = Actor(by, role, reason)
        holding.dispose(plant, actor, number, line, quantity, disposition, document)
        done(plant, _became(plant, number, line.hold["key"]))


def release(
    number: Number,
    lot: LotArg,
    quantity: Amount,
    by: By,
    role: Role,
    reason: Reason,
    site: SiteOpt = None,
    second: Annotated[str | None, typer.Option("--second", help=text("incident.second"))] = None,
    second_role: Annotated[
        str, typer.Option("--second-role", help=text("incident.second_role"))
    ] = "",
) -> None:
    """Ask for the release of an amount; it counts when a second, different person agrees."""
    with context.plant() as plant:
        line = holding.line_of(plant, number, lot, site)
        actor = Actor(by, role, reason)
        if second is not None:
            holding.different(by, second)
            Actor(second, second_role, reason).signed(plant)
        key = holding.release(plant, actor, number, line, quantity)
        if second is None:
            done(plant, text("incident.release_asked", release=key))
            return
        approver = Actor(second, second_role, reason)
        holding.judge(plant, approver, number, key, approve=True)
        done(plant, _became(plant, number, line.hold["key"]))


ReleaseArg = Annotated[str, typer.Argument(help=text("incident.release_key"))]


def approve(number: Number, release_key: ReleaseArg, by: By, role: Role, reason: Reason) -> None:
    """Agree to a release as the second person."""
    with context.plant() as plant:
        holding.judge(plant, Actor(by, role, reason), number, release_key, approve=True)
        done(plant, text("incident.approved"))


def refuse(number: Number, release_key: ReleaseArg, by: By, role: Role, reason: Reason) -> None:
    """Refuse a release; the amount stays held."""
    with context.plant() as plant:
        holding.judge(plant, Actor(by, role, reason), number, release_key, approve=False)
        done(plant, text("incident.refused"))


def withdraw(
    number: Number,
    deed: Annotated[str, typer.Argument(help=text("incident.deed_key"))],
    by: By,
    role: Role,
    reason: Reason,
) -> None:
    """Take back a count or a block that was wrong."""
    with context.plant() as plant:
        holding.withdraw(plant, Actor(by, role, reason), number, deed)
        done(plant, text("incident.withdrawn"))


def export(
    number: Number,
    form: Annotated[str, typer.Option("--as", help=text("incident.form"))],
    output: Annotated[Path, typer.Option("--output", help=text("cli.output"))],
) -> None:
    """The hold list in the form of the system that is to block the stock."""
    with context.plant() as plant:
        facts = plant.facts()
        row = reading.find(facts, number)
        own = holds.lines(facts, row["key"])
        rows = freeze_lists.rows(own, form, row["incident_no"])
    if not rows:
        raise BadInput("nothing_to_export", number=number)
    sheets.write_form(output, rows)
    context.console.print(text("incident.exported", count=len(rows), path=str(output)))
