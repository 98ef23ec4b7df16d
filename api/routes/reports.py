"""Reports as files, each of one batch and the same made again; `later` sends or keeps them."""

from __future__ import annotations

import io
import re
import tempfile
import zipfile
from collections.abc import Callable
from functools import partial, wraps
from typing import IO, Any, Literal

import numpy as np
import polars as pl
from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic import Field

from api import later
from api.answers import XLSX, moment_of
from api.asked import Asked, Scoped, Word
from api.doors import asks
from api.later import Made
from api.reports import letters, pdf
from api.reports.audit_pack import audit_pack
from api.reports.closing_report import closing_report
from api.reports.document import Document
from api.reports.drill_report import drill_report
from api.reports.edition import Edition
from api.reports.management_report import management_report
from api.reports.names import Names, everybody
from api.reports.recall_pack import recall_pack
from api.reports.scorecard_report import scorecard_report
from api.reports.statutory import food_law, fsma204
from api.routes.watching import exposed
from api.scoping import named, scope_of, suspects
from graph_model.access import signed_in
from graph_model.errors import BadInput
from graph_model.live import Moment
from queries import drill as drills
from queries import partner as partners
from queries import scorecard
from queries.incidents import cases, curves, scopes
from queries.incidents import figures as incident_figures
from queries.recall import report, tables
from queries.recall.roots import answer, one_lot
from queries.recall.scope import Scope

router = APIRouter(prefix="/api/v1", tags=["reports"])

PDF, ZIP = "application/pdf", "application/zip"
_IN_MEMORY = 8 << 20
_OLDEST = (1980, 1, 1, 0, 0, 0)
"""Date of the files in an archive, so that the same files make the same archive."""


class OfLot(Asked):
    """A report about one lot."""

    lot: Word = Field(min_length=1, description="NUMBER, ITEM/NUMBER or OWNER/ITEM/NUMBER")


class OfSupplier(Asked):
    """A report about one supplier."""

    supplier: Word = Field(min_length=1, description="Supplier code")


class OfIncident(Asked):
    """A report about one incident."""

    incident: Word = Field(min_length=1, description="Number of the incident")


class OfScope(Scoped):
    """A report about a scope: of what is suspected, or of an incident."""

    incident: Word | None = Field(
        default=None, description="Number of an incident, instead of what is suspected"
    )


class ToAll(OfScope):
    """What customers are told."""

    name_suppliers: bool = Field(default=False, description="Else they are numbered")
    instructions: str | None = Field(default=None, max_length=10_000, description="Of your own")


class ToOne(ToAll):
    """What one customer is told."""

    to_customer: Word = Field(min_length=1, description="Customer code")


class InForm(ToOne):
    """What one customer is told, as a document or a sheet."""

    form: Literal["pdf", "xlsx"] = "pdf"


class Claimed(OfScope):
    """A claim to the supplier of suspect lots."""

    to_supplier: Word | None = Field(default=None, description="Where they are of several")
    reply_by: Word | None = Field(default=None, description="In words")


Making = Callable[[Request, Any], Made]


def _report(
    path: str, model: type[Asked], *kinds: str, permission: str = "report.read"
) -> Callable[[Making], Making]:
    """A report's address, by GET and POST; `kinds`: of the file."""
    described: dict[int | str, dict[str, Any]] = {
        200: {"content": {kind: {} for kind in kinds}},
        202: {"description": "Asked with `Prefer: respond-async`: `Location` says where to look"},
    }
    door = asks(router, f"/reports/{path}", model, permission=permission,
                audit=f"report.{path.replace('-', '_')}", described=described)  # fmt: skip

    def declare(make: Making) -> Making:
        @wraps(make)
        def answered(request: Request, asked: Any) -> Response:
            return later.answer(request, partial(make, request, asked))

        door(answered)
        return make

    return declare


# ---------------------------------------------------------------------------- what they stand on


def _moment(request: Request, asked: Asked) -> Moment:
    """Not for keeping: names of persons are no part of a batch."""
    return moment_of(request, asked.as_of, keep=False)


def _edition(request: Request, moment: Moment) -> Edition:
    plant = request.app.state.plant
    return Edition.among(plant.batches(), plant.settings, moment.batch)


def _scope(request: Request, asked: OfScope) -> tuple[Scope, pl.DataFrame | None]:
    """The scope, and what was answered in its incident."""
    moment = _moment(request, asked)
    if asked.incident is None:
        return scope_of(request, asked, moment), None
    if named(asked):
        raise BadInput("incident_or_suspects", number=asked.incident)
    row = cases.find(moment.facts, asked.incident)

    def made() -> Scope:
        with _bill(request):
            return scopes.scope_of(moment.facts, moment.lineage, row)

    kept: Scope = request.app.state.kept.once((moment.head, "incident", row["key"]), made)
    return kept, scopes.answers(moment.facts, row["key"])


def _bill(request: Request) -> Any:
    return request.app.state.budget.spend(signed_in().account)


def _names(request: Request, moment: Moment) -> Names:
    """Names that the reader may see; persons whom nobody may name stay pseudonyms."""
    user = signed_in()
    persons = {}
    if user.can("person.see"):
        persons = request.app.state.plant.names(everybody(moment.facts))
    return Names.of(moment.facts, persons, contacts=user.can("contact.see"))


def _of(request: Request, scope: Scope) -> tuple[Moment, Edition]:
    """Batch and edition of a scope."""
    moment = request.app.state.plant.at(scope.facts.batch)
    return moment, _edition(request, moment)


# ---------------------------------------------------------------------------- files


def _print(request: Request, document: Document) -> Made:
    """The document as PDF."""
    later.tell(request, "setting")
    with _bill(request):
        content = pdf.render(document)
    name = f"{document.kind}-{document.subject}-{document.edition.batch}.pdf"
    return Made(io.BytesIO(content), PDF, name, document.digest())


def _table(request: Request, name: str, write: Callable[[IO[bytes]], str]) -> Made:
    """A workbook; `write` fills it and gives the hash of its rows."""
    later.tell(request, "writing")
    file = tempfile.SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115 - closed when it was sent
    try:
        with _bill(request):
            digest = write(file)
    except BaseException:
        file.close()
        raise
    return Made(file, XLSX, name, digest)


# ---------------------------------------------------------------------------- addresses


@_report("recall", OfScope, PDF)
def recall(request: Request, asked: OfScope) -> Made:
    """The recall pack of a scope, of an incident with what was answered since (PDF)."""
    signed_in().need("price.see")
    scope, told = _scope(request, asked)
    moment, edition = _of(request, scope)
    with _bill(request):
        document = recall_pack(scope, edition, _names(request, moment), told)
    return _print(request, document)


@_report("management", OfIncident, PDF)
def bill(request: Request, asked: OfIncident) -> Made:
    """The bill of an incident on one page: cost, saving, progress, decisions (PDF)."""
    signed_in().need("price.see")
    moment = _moment(request, asked)
    row = cases.find(moment.facts, asked.incident)
    home = cases.Home.of(request.app.state.settings)
    with _bill(request):
        given = moment.facts, moment.lineage
        found = scopes.scope_of(*given, row)
        told = report.to_dict(found, scopes.answers(moment.facts, row["key"]))
        about = incident_figures.of_incident(*given, row)
        about["committed"] = curves.committed(*given, row["key"])
        curve = curves.over_time(*given, row["key"], home)
        waits = incident_figures.waiting(moment.facts, row["key"])
        document = management_report(row["incident_no"], row["title"], told, about, curve, waits,
                                     _edition(request, moment))  # fmt: skip
    return _print(request, document)


@_report("closing", OfIncident, PDF)
def close(request: Request, asked: OfIncident) -> Made:
    """The closing report of an incident: all that was asked, done, told, found and paid (PDF)."""
    signed_in().need("price.see")
    moment = _moment(request, asked)
    home, edition = cases.Home.of(request.app.state.settings), _edition(request, moment)
    with _bill(request):
        told = incident_figures.closing(
            moment.facts, moment.lineage, asked.incident, home, edition.sealed_us
        )
        document = closing_report(told, moment.facts, edition, _names(request, moment))
    return _print(request, document)


@_report("audit", OfLot, PDF)
def audit(request: Request, asked: OfLot) -> Made:
    """The audit pack of a lot: its whole record from supplier to customer (PDF)."""
    moment = _moment(request, asked)
    number = one_lot(moment.lineage, asked.lot)
    edition, names = _edition(request, moment), _names(request, moment)
    with _bill(request):
        document = audit_pack(moment.facts, moment.lineage, number, edition, names)
    return _print(request, document)


@_report("drill", Asked, PDF, permission="drill.read")
def drill(request: Request, asked: Asked) -> Made:
    """The last drill that the ledger holds (PDF)."""
    moment = _moment(request, asked)
    kept = drills.last(moment.facts)
    then = request.app.state.plant.at(kept[0]["as_of"])
    with _bill(request):
        traced = drills.again(then.facts, then.lineage, kept)
        document = drill_report(
            traced, moment.facts, _edition(request, moment), target=kept[0]["target"],
            seed=kept[0]["seed"],
        )  # fmt: skip
    return _print(request, document)


@_report("scorecard", OfSupplier, PDF)
def card(request: Request, asked: OfSupplier) -> Made:
    """The scorecard of a supplier (PDF)."""
    signed_in().need("price.see")
    moment = _moment(request, asked)
    found, weighting = exposed(request, moment), tables.weights(moment.facts)
    with _bill(request):
        rows = scorecard.scorecard(moment.facts, found.lineage, found, weighting)
        edition = _edition(request, moment)
        document = scorecard_report(moment.facts, found, rows, asked.supplier, edition, weighting)
    return _print(request, document)


@_report("fsma204", OfScope, XLSX, permission="contact.see")
def sortable(request: Request, asked: OfScope) -> Made:
    """FSMA 204 sortable sheet of what is named, its sources and its products (Excel)."""
    moment = _moment(request, asked)
    if asked.incident is None:
        found = answer(moment.facts, moment.lineage, suspects(request, asked))
    else:
        found = _scope(request, asked)[0].roots
    roots, edition = np.union1d(found.match, found.cannot_rule_out), _edition(request, moment)
    return _table(
        request, f"fsma204-{moment.batch}.xlsx",
        lambda file: fsma204(moment.facts, moment.lineage, roots, edition, file),
    )  # fmt: skip


@_report("food-law", OfLot, XLSX, permission="contact.see")
def law(request: Request, asked: OfLot) -> Made:
    """Records of a lot in the fields of China's Food Safety Law (Excel)."""
    moment = _moment(request, asked)
    number, edition = one_lot(moment.lineage, asked.lot), _edition(request, moment)
    return _table(
        request, f"food-law-{asked.lot}-{moment.batch}.xlsx",
        lambda file: food_law(moment.facts, moment.lineage, number, edition, file),
    )  # fmt: skip


@_report("partner", InForm, PDF, XLSX, permission="contact.see")
def partner(request: Request, asked: InForm) -> Made:
    """What one customer is told of a scope: its own goods and nobody else's (PDF or Excel)."""
    pack, edition = _pack(request, asked)
    if asked.form == "pdf":
        return _print(request, letters.partner_pack(pack, edition, asked.instructions))
    return _table(
        request, f"partner-{pack.customer}-{edition.batch}.xlsx",
        lambda file: letters.partner_sheet(pack, edition, file, asked.instructions),
    )  # fmt: skip


@_report("partners", ToAll, ZIP, permission="contact.see")
def partner_files(request: Request, asked: ToAll) -> Made:
    """A document and a sheet for every customer of a scope, each of its own goods only (ZIP)."""
    scope, _ = _scope(request, asked)
    _, edition = _of(request, scope)
    digests, whole = [], tempfile.SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115 - when sent
    with _bill(request), zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:
        for customer in partners.customers(scope):
            pack = partners.pack(scope, customer, name_suppliers=asked.name_suppliers)
            document = letters.partner_pack(pack, edition, asked.instructions)
            sheet = io.BytesIO()
            letters.partner_sheet(pack, edition, sheet, asked.instructions)
            name = re.sub(r"[^\w.-]+", "-", customer)
            for suffix, content in (("pdf", pdf.render(document)), ("xlsx", sheet.getvalue())):
                archive.writestr(zipfile.ZipInfo(f"{name}.{suffix}", _OLDEST), content)
            digests.append(document.digest())
    return Made(whole, ZIP, f"partners-{edition.batch}.zip", " ".join(digests))


@_report("notice", ToOne, PDF, permission="contact.see")
def notice(request: Request, asked: ToOne) -> Made:
    """The letter that tells one customer of a recall (PDF)."""
    pack, edition = _pack(request, asked)
    return _print(request, letters.customer_notice(pack, edition, asked.instructions))


def _pack(request: Request, asked: ToOne) -> tuple[partners.Pack, Edition]:
    scope, _ = _scope(request, asked)
    pack = partners.pack(scope, asked.to_customer, name_suppliers=asked.name_suppliers)
    return pack, _of(request, scope)[1]


@_report("claim", Claimed, PDF, permission="supplier.claim")
def claim(request: Request, asked: Claimed) -> Made:
    """The claim to the supplier of suspect lots: what they caused, and the 8D form (PDF)."""
    signed_in().need("price.see")
    scope, _ = _scope(request, asked)
    with _bill(request):
        edition = _of(request, scope)[1]
        document = letters.supplier_claim(scope, edition, asked.to_supplier, asked.reply_by)
    return _print(request, document)
