"""report: documents for auditors, authorities, customers and suppliers."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Annotated

import numpy as np
import typer

from api.cli import context
from api.cli.context import AsOf
from api.cli.suspecting import Given, cost_table, named, premises, suspecting, suspects
from api.reports import epcis, letters, pdf
from api.reports.audit_pack import audit_pack
from api.reports.closing_report import closing_report
from api.reports.document import Document
from api.reports.drill_report import drill_report
from api.reports.edition import Edition
from api.reports.names import Names, everybody
from api.reports.recall_pack import recall_pack
from api.reports.scorecard_report import scorecard_report
from api.reports.statutory import food_law, fsma204
from graph_model.errors import BadInput
from graph_model.i18n import text
from graph_model.network import Facts
from graph_model.plant import Plant
from queries import drill as drills
from queries import partner as partners
from queries import scorecard
from queries.incidents import cases, figures, scopes
from queries.partner import Pack
from queries.recall import tables
from queries.recall.exposure import exposure
from queries.recall.roots import answer, one_lot
from queries.recall.scope import Scope, compute

report = typer.Typer(help=text("report.cli.help"), no_args_is_help=True, rich_markup_mode=None)
Target = Annotated[Path, typer.Option("--output", help=text("report.cli.output"))]
Costs = Annotated[Path | None, typer.Option("--costs", help=text("cli.costs"))]
Incident = Annotated[str | None, typer.Option("--incident", help=text("report.cli.incident"))]


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    report.command("recall", help=text("report.cli.recall"))(suspecting(recall))
    report.command("audit", help=text("report.cli.audit"))(audit)
    report.command("closing", help=text("report.cli.closing"))(closing)
    report.command("drill", help=text("report.cli.drill"))(drill)
    report.command("scorecard", help=text("report.cli.scorecard"))(card)
    report.command("fsma204", help=text("report.cli.fsma204"))(suspecting(sortable))
    report.command("epcis", help=text("report.cli.epcis"))(events)
    report.command("food-law", help=text("report.cli.food_law"))(law)
    report.command("partner", help=text("report.cli.partner"))(suspecting(partner))
    report.command("notice", help=text("report.cli.notice"))(suspecting(notice))
    report.command("claim", help=text("report.cli.claim"))(suspecting(claim))
    app.add_typer(report, name="report")


def _print(document: Document, target: Path) -> None:
    """Sets the document and says where it is, and the hash that it prints."""
    content = pdf.render(document)
    with _opened(target, ".pdf") as file:
        file.write(content)
    _told(target, text("report.print.hash", digest=document.digest()))


def _told(target: Path, line: str) -> None:
    context.console.print(text("report.cli.written", path=str(target)), markup=False)
    context.console.print(line, markup=False)


@contextmanager
def _opened(target: Path, suffix: str) -> Iterator[IO[bytes]]:
    """The file, refused where its name does not say what it will be. Raises BadInput."""
    if target.suffix.lower() != suffix:
        raise BadInput("report_kind", path=str(target), suffix=suffix)
    try:
        file = target.open("wb")
    except OSError as error:
        raise BadInput("output_unwritable", path=str(target)) from error
    with file:
        yield file


def _scope(
    plant: Plant, given: Given, as_of: int | None, costs: Path | None, number: str | None = None
) -> Scope:
    """The scope of what is named on the line, or of an incident by its number."""
    facts, lineage = plant.facts(as_of), plant.lineage(as_of)
    if number is not None:
        if named(given):
            raise BadInput("incident_or_suspects", number=number)
        return scopes.scope_of(facts, lineage, cases.find(facts, number), cost_table(costs))
    asked = suspects(plant, given)
    return compute(facts, lineage, asked, cost_table(costs), **premises(given))


def _names(plant: Plant, facts: Facts) -> Names:
    return Names.of(facts, plant.ledger.records.names(everybody(facts)))


def recall(
    given: Given,
    output: Target,
    incident: Incident = None,
    costs: Costs = None,
    as_of: AsOf = None,
) -> None:
    """The recall pack of a scope."""
    with context.plant() as plant:
        scope = _scope(plant, given, as_of, costs, incident)
        facts = scope.facts
        told = scopes.answers(facts, cases.find(facts, incident)["key"]) if incident else None
        document = recall_pack(scope, Edition.of(plant, as_of), _names(plant, facts), told)
    _print(document, output)


def audit(
    lot: Annotated[str, typer.Argument(help=text("report.cli.lot"))],
    output: Target,
    as_of: AsOf = None,
) -> None:
    """The audit pack of a lot."""
    with context.plant() as plant:
        facts, lineage = plant.facts(as_of), plant.lineage(as_of)
        number = one_lot(lineage, lot)
        edition = Edition.of(plant, as_of)
        document = audit_pack(facts, lineage, number, edition, _names(plant, facts))
    _print(document, output)


def closing(
    number: Annotated[str, typer.Argument(help=text("incident.number"))],
    output: Target,
    as_of: AsOf = None,
) -> None:
    """The closing report of an incident."""
    with context.plant() as plant:
        facts, edition = plant.facts(as_of), Edition.of(plant, as_of)
        home = cases.Home.of(plant.settings)
        told = figures.closing(facts, plant.lineage(as_of), number, home, edition.sealed_us)
        document = closing_report(told, facts, edition, _names(plant, facts))
    _print(document, output)


def drill(output: Target) -> None:
    """The last drill that the ledger holds."""
    with context.plant() as plant:
        now = plant.facts()
        kept = drills.last(now)
        as_of = kept[0]["as_of"]
        traced = drills.again(plant.facts(as_of), plant.lineage(as_of), kept)
        target, seed = kept[0]["target"], kept[0]["seed"]
        document = drill_report(traced, now, Edition.of(plant), target=target, seed=seed)
    _print(document, output)


def card(
    supplier: Annotated[str, typer.Argument(help=text("report.cli.supplier"))],
    output: Target,
    weights: Annotated[
        Path | None, typer.Option("--weights", help=text("watching.weights"))
    ] = None,
    costs: Costs = None,
    as_of: AsOf = None,
) -> None:
    """The scorecard of a supplier."""
    with context.plant() as plant:
        facts, lineage = plant.facts(as_of), plant.lineage(as_of)
        weighting = scorecard.load(weights) if weights else tables.weights(facts)
        zone = context.settings().timezone
        found = exposure(facts, lineage, cost_table(costs) or tables.costs(facts), timezone=zone)
        rows = scorecard.scorecard(facts, lineage, found, weighting)
        edition = Edition.of(plant, as_of)
        document = scorecard_report(facts, found, rows, supplier, edition, weighting)
    _print(document, output)


def sortable(given: Given, output: Target, as_of: AsOf = None) -> None:
    """The FSMA 204 sheet."""
    with context.plant() as plant, _opened(output, ".xlsx") as target:
        facts, lineage = plant.facts(as_of), plant.lineage(as_of)
        found = answer(facts, lineage, suspects(plant, given))
        roots = np.union1d(found.match, found.cannot_rule_out)
        digest = fsma204(facts, lineage, roots, Edition.of(plant, as_of), target)
    _told(output, text("report.cli.hash", digest=digest))


def events(
    output: Target,
    lot: Annotated[list[str] | None, typer.Argument(help=text("report.cli.epcis_lot"))] = None,
    forward: Annotated[bool, typer.Option("--forward", help=text("cli.forward"))] = False,
    backward: Annotated[bool, typer.Option("--backward", help=text("cli.backward"))] = False,
    as_of: AsOf = None,
) -> None:
    """Lots with their trace, both ways unless one is named, or the whole plant, as events."""
    ways = [name for name, on in (("forward", forward), ("backward", backward)) if on]
    with context.plant() as plant, _opened(output, ".jsonld") as target:
        facts = plant.facts(as_of)
        lots = epcis.traced(plant.lineage(as_of), lot, ways) if lot else None
        told = io.TextIOWrapper(target, "utf-8", write_through=True)
        written = epcis.write(facts, lots, Edition.of(plant, as_of), told)
        told.detach()
    _told(output, text("report.cli.hash", digest=written.digest))
    context.console.print(text("epcis.written", events=written.events))
    for reason, number in written.left_out.items():
        context.console.print(text(f"epcis.left_out.{reason}", count=number), markup=False)


def law(
    lot: Annotated[str, typer.Argument(help=text("report.cli.lot"))],
    output: Target,
    as_of: AsOf = None,
) -> None:
    """Records of a lot in the fields of the Food Safety Law."""
    with context.plant() as plant, _opened(output, ".xlsx") as target:
        facts, lineage = plant.facts(as_of), plant.lineage(as_of)
        edition = Edition.of(plant, as_of)
        digest = food_law(facts, lineage, one_lot(lineage, lot), edition, target)
    _told(output, text("report.cli.hash", digest=digest))


Customer = Annotated[str, typer.Option("--to-customer", help=text("report.cli.to_customer"))]
Named = Annotated[bool, typer.Option("--name-suppliers", help=text("report.cli.name_suppliers"))]
Instructions = Annotated[
    str | None, typer.Option("--instructions", help=text("report.cli.instructions"))
]


def partner(
    given: Given,
    to_customer: Customer,
    output: Target,
    incident: Incident = None,
    name_suppliers: Named = False,
    instructions: Instructions = None,
    as_of: AsOf = None,
) -> None:
    """What one customer is told of a scope."""
    pack, edition = _pack(given, as_of, incident, to_customer, name_suppliers)
    if output.suffix.lower() == ".xlsx":
        with _opened(output, ".xlsx") as target:
            digest = letters.partner_sheet(pack, edition, target, instructions)
        _told(output, text("report.cli.hash", digest=digest))
    else:
        _print(letters.partner_pack(pack, edition, instructions), output)


def notice(
    given: Given,
    to_customer: Customer,
    output: Target,
    incident: Incident = None,
    name_suppliers: Named = False,
    instructions: Instructions = None,
    as_of: AsOf = None,
) -> None:
    """The recall notice to one customer."""
    pack, edition = _pack(given, as_of, incident, to_customer, name_suppliers)
    _print(letters.customer_notice(pack, edition, instructions), output)


def _pack(
    given: Given, as_of: int | None, incident: str | None, customer: str, open_: bool
) -> tuple[Pack, Edition]:
    with context.plant() as plant:
        scope = _scope(plant, given, as_of, None, incident)
        return partners.pack(scope, customer, name_suppliers=open_), Edition.of(plant, as_of)


def claim(
    given: Given,
    output: Target,
    to_supplier: Annotated[
        str | None, typer.Option("--to-supplier", help=text("report.cli.to_supplier"))
    ] = None,
    reply_by: Annotated[
        str | None, typer.Option("--reply-by", help=text("report.cli.reply_by"))
    ] = None,
    incident: Incident = None,
    costs: Costs = None,
    as_of: AsOf = None,
) -> None:
    """The claim to the supplier of the suspect lots."""
    with context.plant() as plant:
        scope = _scope(plant, given, as_of, costs, incident)
        edition = Edition.of(plant, as_of)
        document = letters.supplier_claim(scope, edition, to_supplier, reply_by)
    _print(document, output)
