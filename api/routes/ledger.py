"""Batches, undo, decisions, and the tables that a plant sets itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal

import polars as pl
from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, Field

from api import watching
from api.answers import listed, moment_of
from api.asked import Asked, Signed, Word, who
from api.auth.guard import guard
from api.doors import Rows, answered
from graph_model.access import signed_in
from graph_model.errors import BadInput
from graph_model.interval import in_force
from graph_model.ledger import BatchInfo
from graph_model.ledger.manifest import voided
from graph_model.live import LivePlant
from graph_model.schema import Decision
from loaders import entries
from loaders.entries import evidence
from queries import deciding, given
from queries.recall import tables

router = APIRouter(prefix="/api/v1", tags=["ledger"])

AnyRow = Rows[dict[str, Any]]


class Decided(Signed):
    """A decision of a named person."""

    kind: Literal[
        "delay", "trust_source", "rule_out_root", "same_lot", "alias_item", "alias_company",
        "tolerance", "revoke",
    ]  # fmt: skip
    subject: Word = Field(min_length=1, description="Source, lot, code, item, or decision key")
    target: Word | None = Field(default=None, description="The other lot or code; share (2%)")
    late: Word = Field(default="0", description="Keyed in after the event at most: 3d, 12h")
    early: Word = Field(default="0", description="Dated before the event at most")


class TableSet(Signed):
    """A table of the plant's own."""

    content: str = Field(max_length=200_000, description="TOML, as the file of the command line")


class Table(BaseModel):
    """A table in force. `own`: the plant has set it; else it is the shipped one."""

    name: str
    own: bool
    content: str


class Written(BaseModel):
    """What was written: its batch and the key of the fact."""

    batch: int
    head: str
    key: str | None = None


def batch_row(batch: BatchInfo, names: dict[str, str], void: dict[int, int]) -> dict[str, Any]:
    """A manifest row as people read it."""
    return {
        "batch": batch.number, "at": batch.at, "source": batch.source,
        "person": names.get(batch.who, batch.who), "note": batch.note,
        "new": sum(batch.counts.values()), "restated": batch.restated, "counts": batch.counts,
        "voids": batch.voids, "voided_by": void.get(batch.number), "hash": batch.hash,
    }  # fmt: skip


@router.get("/batches", dependencies=[guard("decision.read", audit="batches.read")],
            response_class=Response, responses=answered(AnyRow))  # fmt: skip
def batches(request: Request, asked: Annotated[Asked, Query()]) -> Response:
    """Batches of the ledger: who stated what, when, and what was undone."""
    plant: LivePlant = request.app.state.plant
    moment = moment_of(request, asked.as_of, asked.after, keep=False)
    found = plant.batches()[: moment.batch]
    names = plant.names(batch.who for batch in found)
    rows = [batch_row(batch, names, voided(found)) for batch in found]
    return listed(request, rows, moment, limit=asked.limit, after=asked.after)


@router.post("/batches/{batch}/undo", dependencies=[guard("import.undo", audit="batch.undone")])
def undo(request: Request, batch: Annotated[int, Path(ge=1, le=2**31)], asked: Signed) -> Written:
    """Voids a batch by a new one; nothing is deleted."""
    plant: LivePlant = request.app.state.plant
    with plant.writing() as writer:
        made = writer.ledger.undo(batch, who=who(request), reason=asked.reason)
    watching.look_again(plant)
    return Written(batch=made.number, head=f"{made.number}:{made.hash}")


@router.get("/decisions", dependencies=[guard("decision.read", audit="decisions.read")],
            response_class=Response, responses=answered(AnyRow))  # fmt: skip
def decisions(request: Request, asked: Annotated[Asked, Query()]) -> Response:
    """Decisions in force, with who made them and why."""
    plant: LivePlant = request.app.state.plant
    moment = moment_of(request, asked.as_of, asked.after)
    frame = in_force(moment.facts[Decision])
    names = plant.names(frame["person"].drop_nulls().to_list())
    rows = frame.select(
        "key", "kind", "subject", "target", "late", "early", "person", "role", "reason",
        "decided_at",
    ).to_dicts()  # fmt: skip
    for row in rows:
        row["person"] = names.get(row["person"], row["person"])
    return listed(request, rows, moment, limit=asked.limit, after=asked.after)


@router.post("/decisions", status_code=201,
             dependencies=[guard("decision.make", audit="decision.made")])  # fmt: skip
def decide(request: Request, asked: Decided) -> Written:
    """Records a decision; what it changes is derived again."""
    moment = moment_of(request, None, keep=False)
    company = request.app.state.settings.company
    kind, subject, target = deciding.resolved(
        asked.kind, asked.subject, asked.target, moment.facts, moment.lineage, company
    )
    delay = kind == "delay"
    late, early = (given.duration(one) if delay else None for one in (asked.late, asked.early))
    return record(request, kind, subject, asked, target=target, late=late, early=early)


def record(request: Request, kind: str, subject: str, signed: Signed, **more: Any) -> Written:
    """One decision, signed by who is signed in, in a batch of its own."""

    def made(person: str, role: str) -> dict[str, pl.DataFrame]:
        table = entries.decision(
            kind, subject, person=person, role=role, reason=signed.reason, **more
        )
        return {Decision.__name__: table}

    return append(request, signed, kind, "decisions", made)


def append(
    request: Request,
    signed: Signed,
    note: str,
    source: str,
    make: Callable[[str, str], dict[str, pl.DataFrame]],
) -> Written:
    """The rows that `make(person, role)` gives, in a batch of their own."""
    plant: LivePlant = request.app.state.plant
    name, roles = who(request), ", ".join(sorted(signed_in().roles))
    person = plant.pseudonym(name)
    rows = make(person, signed.role or roles)
    with plant.writing() as writer:
        made = writer.ledger.append(rows, source=source, who=name, note=note, names={person: name})
    watching.look_again(plant)
    key: str = next(iter(rows.values()))["key"][0]
    return Written(batch=made.number, head=f"{made.number}:{made.hash}", key=key)


def stated(name: str, content: str, person: str, role: str, reason: str) -> dict[str, pl.DataFrame]:
    """A version of a table as facts."""
    if name == "rules":
        return evidence.rules(content, f"{name}.toml", person=person, role=role, reason=reason)
    table = entries.decision(name, name, target=content, person=person, role=role, reason=reason)
    return {Decision.__name__: table}


def _table(name: str, write: str) -> None:
    """Addresses of one table: read it, its history, set it, go back to the one before."""

    @router.get(f"/{name}", dependencies=[guard("rules.read", audit="table.read")],
                name=f"{name}_get")  # fmt: skip
    def read(request: Request, asked: Annotated[Asked, Query()]) -> Table:
        """The table in force now or as of a batch, as TOML."""
        moment = moment_of(request, asked.as_of, keep=False)
        found = tables.own(moment.facts, name)
        shown = tables.shipped(name) if found is None else found
        return Table(name=name, own=found is not None, content=shown)

    @router.get(f"/{name}/history", dependencies=[guard("rules.read", audit="table.read")],
                response_class=Response, responses=answered(AnyRow),
                name=f"{name}_history")  # fmt: skip
    def history(request: Request, asked: Annotated[Asked, Query()]) -> Response:
        """Every version that was set, with who set it and why, the last one last."""
        plant: LivePlant = request.app.state.plant
        moment = moment_of(request, asked.as_of, asked.after)
        rows = tables.history(moment.facts, name)
        names = plant.names(row["person"] for row in rows if row["person"])
        rows = [row | {"person": names.get(row["person"], row["person"])} for row in rows]
        return listed(request, rows, moment, limit=asked.limit, after=asked.after)

    @router.put(f"/{name}", dependencies=[guard(write, audit="table.set")], name=f"{name}_put")
    def put(request: Request, asked: TableSet) -> Written:
        """Sets the table; refused with every fault that is found in it."""
        tables.check(name, asked.content)
        return append(
            request, asked, name, "decisions",
            lambda person, role: stated(name, asked.content, person, role, asked.reason),
        )  # fmt: skip

    @router.delete(f"/{name}", dependencies=[guard(write, audit="table.unset")],
                   name=f"{name}_delete")  # fmt: skip
    def unset(request: Request, asked: Annotated[Signed, Query()]) -> Written:
        """Goes back to the shipped table; its versions stay in the history."""
        moment = moment_of(request, None, keep=False)
        if tables.own(moment.facts, name) is None:
            raise BadInput("table_not_own", name=name)
        return append(
            request, asked, name, "decisions",
            lambda person, role: stated(name, "", person, role, asked.reason),
        )  # fmt: skip


for _name, _write in (
    ("costs", "cost.write"), ("rules", "rules.write"), ("weights", "rules.write"),
):  # fmt: skip
    _table(_name, _write)
