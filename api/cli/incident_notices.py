"""incident notify, told, answer, consignees, claim, figures, waiting, report, pack."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import polars as pl
import typer

from api import incidents, telling
from api.cli import context
from api.cli.asking import ROWS
from api.cli.context import Json
from api.cli.incidents import At, Number, at_of, done, heads
from api.cli.keeping import By, Reason, Role
from api.incidents import Actor
from graph_model.errors import BadInput
from graph_model.i18n import text
from queries import partner
from queries.incidents import cases as reading
from queries.incidents import claims, figures, notices, scopes
from queries.recall.roots import one_lot

Customers = Annotated[list[str] | None, typer.Option("--customer", help=text("incident.customer"))]
Document = Annotated[str | None, typer.Option("--document", help=text("incident.document"))]


def register(incident: typer.Typer) -> None:
    """Adds the commands."""
    incident.command("notify", help=text("incident.notify"))(notify)
    incident.command("told", help=text("incident.told"))(told)
    incident.command("answer", help=text("incident.answer"))(answer)
    incident.command("consignees", help=text("incident.consignees"))(consignees)
    incident.command("claim", help=text("incident.claim"))(claim)
    incident.command("waiting", help=text("incident.waiting"))(waiting)
    incident.command("figures", help=text("incident.figures"))(figures_)
    incident.command("report", help=text("incident.report"))(report)
    incident.command("pack", help=text("incident.pack"))(pack)


def notify(
    number: Number,
    by: Annotated[str, typer.Option("--by", help=text("cli.decide.by"))] = "",
    role: Annotated[str, typer.Option("--role", help=text("cli.decide.role"))] = "",
    reason: Annotated[str, typer.Option("--reason", help=text("cli.decide.reason"))] = "",
    depth: Annotated[str, typer.Option("--depth", help=text("incident.depth"))] = "wholesale",
    level: Annotated[str, typer.Option("--level", help=text("incident.level"))] = "A",
    share: Annotated[float | None, typer.Option("--share", help=text("incident.share"))] = None,
    listing: Annotated[bool, typer.Option("--list", help=text("incident.notices_show"))] = False,
    as_json: Json = False,
) -> None:
    """Prepare a notice for every party of the scope that has none."""
    with context.plant() as plant:
        if not listing:
            actor = Actor(by, role, reason)
            count = telling.prepare(plant, actor, number, depth=depth, level=level, share=share)
            done(plant, "" if as_json else text("incident.prepared", count=count))
        facts = plant.facts()
        found = notices.listing(facts, reading.find(facts, number)["key"])
        people = plant.ledger.records.names(one["contact"] for one in found if one["contact"])
    for one in found:
        one["contact"] = people.get(one["contact"] or "", one["contact"])
    whole = {"parties": found, **{k: v for k, v in notices.totals(found).items() if k != "parties"}}
    if as_json:
        context.show_json(whole)
        return
    rows: list[list[object]] = [
        [one["customer"], one["name"], one["contact"], text(f"incident.notice.{one['state']}"),
         one["level"], one["sent"], _amounts(one["amounts"])]
        for one in found[:ROWS]
    ]  # fmt: skip
    names = heads("customer", "name", "contact", "state", "level", "sent", "amounts")
    context.show_table(text("incident.notices"), names, rows, len(found))


def _amounts(amounts: notices.Amounts) -> str:
    return "; ".join(text("incident.balance", unit=unit, **one) for unit, one in amounts.items())


def told(
    number: Number,
    by: By,
    role: Role,
    reason: Reason,
    customer: Customers = None,
    confirmed: Annotated[
        bool, typer.Option("--confirmed", help=text("incident.confirmed"))
    ] = False,
    channel: Annotated[str | None, typer.Option("--channel", help=text("incident.channel"))] = None,
    document: Document = None,
    at: At = None,
) -> None:
    """State that notices were sent, or with --confirmed that their receipt was."""
    with context.plant() as plant:
        count = telling.tell(
            plant, Actor(by, role, reason), number, "confirmed" if confirmed else "sent",
            customer or (), channel=channel, document=document, at=at_of(at),
        )  # fmt: skip
        done(plant, text("incident.told_done", count=count))


def answer(
    number: Number,
    customer: Annotated[str, typer.Argument(help=text("incident.customer"))],
    by: By,
    role: Role,
    reason: Reason,
    recovered: Annotated[float | None, typer.Option(help=text("incident.recovered"))] = None,
    destroyed: Annotated[float | None, typer.Option(help=text("incident.destroyed"))] = None,
    used: Annotated[float | None, typer.Option(help=text("incident.used"))] = None,
    lot: Annotated[str | None, typer.Option("--lot", help=text("incident.hold_lot"))] = None,
    unit: Annotated[str | None, typer.Option("--unit", help=text("incident.unit"))] = None,
) -> None:
    """State what a customer answers: recovered, destroyed on site, used."""
    given = {"recovered": recovered, "destroyed": destroyed, "used": used}
    amounts = {name: value for name, value in given.items() if value is not None}
    with context.plant() as plant:
        lineage = plant.lineage()
        key = None if lot is None else lineage.lots["key"][one_lot(lineage, lot)]
        line = telling.answer(
            plant, Actor(by, role, reason), number, customer, amounts, lot=key, uom=unit
        )
        done(plant, f"{customer}: {_amounts(line['amounts'])}")


def consignees(
    number: Number,
    customer: Annotated[str, typer.Argument(help=text("incident.customer"))],
    path: Annotated[Path, typer.Argument(help=text("incident.consignees_file"))],
    by: By,
    role: Role,
    reason: Reason,
) -> None:
    """Take a customer's list of whom it passed goods on to."""
    with context.plant() as plant:
        count = telling.pass_on(plant, Actor(by, role, reason), number, customer, _listed(path))
        done(plant, text("incident.consignees_done", count=count))


def _listed(path: Path) -> list[dict[str, Any]]:
    """Rows of a CSV file: consignee, country, lot, quantity, uom, checked, reached."""
    known = {"consignee", "country", "lot", "quantity", "uom", "checked", "reached"}
    try:
        frame = pl.read_csv(path, infer_schema=False)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise BadInput("list_unreadable", path=str(path), problem=str(error)) from error
    if "consignee" not in frame.columns or set(frame.columns) - known:
        raise BadInput("list_columns", path=str(path), columns=", ".join(sorted(known)))
    try:
        amounts = [pl.col("quantity").cast(pl.Float64)] if "quantity" in frame.columns else []
        return frame.with_columns(*amounts, *_flags(frame)).to_dicts()
    except pl.exceptions.InvalidOperationError as error:
        raise BadInput("list_unreadable", path=str(path), problem=str(error)) from error


def _flags(frame: pl.DataFrame) -> list[pl.Expr]:
    yes = ["1", "true", "yes", "y", "是"]
    return [
        pl.col(name).str.to_lowercase().is_in(yes).alias(name)
        for name in ("checked", "reached")
        if name in frame.columns
    ]


def claim(
    number: Number,
    supplier: Annotated[str | None, typer.Argument(help=text("incident.supplier"))] = None,
    by: Annotated[str, typer.Option("--by", help=text("cli.decide.by"))] = "",
    role: Annotated[str, typer.Option("--role", help=text("cli.decide.role"))] = "",
    reason: Annotated[str, typer.Option("--reason", help=text("cli.decide.reason"))] = "",
    kind: Annotated[str, typer.Option("--kind", help=text("incident.claim_kind"))] = "8d",
    reply_hours: Annotated[
        float | None, typer.Option("--reply-hours", help=text("incident.reply_hours"))
    ] = None,
    amount: Annotated[float | None, typer.Option("--amount", help=text("incident.sum"))] = None,
    currency: Annotated[
        str | None, typer.Option("--currency", help=text("incident.currency"))
    ] = None,
    event: Annotated[str | None, typer.Option("--event", help=text("incident.claim_event"))] = None,
    document: Document = None,
    at: At = None,
    as_json: Json = False,
) -> None:
    """Without a supplier: all claims. With one: a new claim, or with --event what became of it."""
    with context.plant() as plant:
        actor = Actor(by, role, reason)
        if supplier is not None and event is not None:
            telling.on_claim(plant, actor, number, supplier, event, document=document,
                             amount=amount, at=at_of(at))  # fmt: skip
        elif supplier is not None:
            telling.claim(plant, actor, number, supplier, kind, reply_hours=reply_hours,
                          amount=amount, currency=currency)  # fmt: skip
        if supplier is not None:
            done(plant, "")
        facts = plant.facts()
        found = claims.listing(facts, reading.find(facts, number)["key"])
    if as_json:
        context.show_json(found)
        return
    rows: list[list[object]] = [
        [one["supplier"], one["kind"], text(f"incident.claim_state.{one['state']}"), one["sent"],
         one["due"], one["answered"], one["amount"], one["recovered"], one["currency"]]
        for one in found
    ]  # fmt: skip
    names = heads("supplier", "kind", "state", "sent", "due", "answered", "amount", "recovered",
                  "currency")  # fmt: skip
    context.show_table(text("incident.claims"), names, rows)


def waiting(
    number: Annotated[str | None, typer.Argument(help=text("incident.number"))] = None,
    as_json: Json = False,
) -> None:
    """What waits for a named person's decision."""
    with context.plant() as plant:
        facts = plant.facts()
        key = None if number is None else reading.find(facts, number)["key"]
        found = figures.waiting(facts, key)
    if as_json:
        context.show_json(found)
        return
    rows: list[list[object]] = [
        [one["number"], text(f"incident.waits.{one['kind']}"), one.get("lot") or one["subject"],
         one.get("quantity")]
        for one in found[:ROWS]
    ]  # fmt: skip
    names = heads("number", "kind", "subject", "quantity")
    context.show_table(text("incident.waiting"), names, rows, len(found))


def figures_(as_json: Json = False) -> None:
    """All incidents in figures: time to scope and to containment, cost, unaccounted."""
    with context.plant() as plant:
        found = figures.management(plant.facts(), plant.lineage())
    if as_json:
        context.show_json(found)
        return
    rows: list[list[object]] = [
        [one["number"], one["title"], text(f"incident.status.{one['status']}"),
         _hours(one["to_scope_seconds"]), _hours(one["to_containment_seconds"]), one["cost"],
         one["currency"], _unaccounted(one["unaccounted"])]
        for one in found["incidents"]
    ]  # fmt: skip
    names = heads("number", "title", "status", "to_scope", "to_containment", "cost", "currency",
                  "unaccounted")  # fmt: skip
    context.show_table(text("incident.figures"), names, rows)


def _hours(seconds: float | None) -> str:
    return "–" if seconds is None else text("incident.in_hours", hours=f"{seconds / 3600:.1f}")


def _unaccounted(amounts: dict[str, dict[str, float]]) -> str:
    return ", ".join(f"{one['total']:g} {unit}" for unit, one in amounts.items())


def report(
    number: Number,
    output: Annotated[Path | None, typer.Option("--output", help=text("cli.output"))] = None,
) -> None:
    """All of an incident as JSON, for the closing report."""
    with context.plant() as plant:
        whole = figures.closing(plant.facts(), plant.lineage(), number, incidents.home(plant))
    if output is None:
        context.show_json(whole)
    else:
        context.write(output, text("incident.report"), whole["notices"]["parties"], whole)


def pack(
    number: Number,
    customer: Annotated[str, typer.Argument(help=text("incident.customer"))],
    name_suppliers: Annotated[
        bool, typer.Option("--name-suppliers", help=text("incident.name_suppliers"))
    ] = False,
    output: Annotated[Path | None, typer.Option("--output", help=text("cli.output"))] = None,
) -> None:
    """What one customer is told: its own lots, amounts and dates, and nobody else's."""
    with context.plant() as plant:
        row = reading.find(plant.facts(), number)
        scope = scopes.scope_of(plant.facts(), plant.lineage(), row)
        whole = partner.pack(scope, customer, name_suppliers=name_suppliers).to_dict()
    if output is None:
        context.show_json(whole)
        return
    lines = [
        {name: lot[name] for name in ("item", "item_name", "lot_no", "sublot")} | line
        for lot in whole["lots"]
        for line in lot["deliveries"]
    ]
    lines += [{"lot_no": ""} | line for line in whole["unlotted"]]
    context.write(output, text("incident.pack"), lines, whole)
