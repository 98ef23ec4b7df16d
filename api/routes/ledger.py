"""Batches, undo, decisions, and the tables that a plant sets itself."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from api import watching
from api.answers import listed, moment_of
from api.asked import Asked, Word, who
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
from queries import deciding, given
from queries.recall import tables

router = APIRouter(prefix="/api/v1", tags=["ledger"])

AnyRow = Rows[dict[str, Any]]
Reason = Annotated[str, Field(min_length=1, max_length=2000, description="Why")]


class Signed(BaseModel):
    """A deed: who does it is known, the role they act in and why they say."""

    model_config = ConfigDict(extra="forbid")

    reason: Reason
    role: Word = Field(default="", description="Role acted in; default: the account's roles")


class Decided(Signed):
    """A decision of a named person."""

    kind: Literal[
        "delay", "trust_source", "rule_out_root", "same_lot", "alias_item", "alias_company",
        "revoke",
    ]  # fmt: skip
    subject: Word = Field(min_length=1, description="Source, lot, code, or key of a decision")
    target: Word | None = Field(default=None, description="The other lot or code")
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
    plant: LivePlant = request.app.state.plant
    name, roles = who(request), ", ".join(sorted(signed_in().roles))
    person = plant.pseudonym(name)
    table = entries.decision(
        kind, subject, person=person, role=signed.role or roles, reason=signed.reason, **more
    )
    with plant.writing() as writer:
        made = writer.ledger.append(
            {"Decision": table}, source="decisions", who=name, note=kind, names={person: name}
        )
    watching.look_again(plant)
    return Written(batch=made.number, head=f"{made.number}:{made.hash}", key=table["key"][0])


def _table(name: str, write: str) -> None:
    """Addresses of one table: read it, its history, set it, go back to the shipped one."""

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
        """Every version that was set, with who set it and why; the last one is in force."""
        plant: LivePlant = request.app.state.plant
        moment = moment_of(request, asked.as_of, asked.after)
        frame = moment.facts[Decision].filter(kind=name, subject=name).sort("decided_at")
        names = plant.names(frame["person"].drop_nulls().to_list())
        rows = [
            {"key": row["key"], "person": names.get(row["person"], row["person"]),
             "role": row["role"], "reason": row["reason"], "decided_at": row["decided_at"],
             "content": row["target"]}
            for row in frame.iter_rows(named=True)
        ]  # fmt: skip
        return listed(request, rows, moment, limit=asked.limit, after=asked.after)

    @router.put(f"/{name}", dependencies=[guard(write, audit="table.set")], name=f"{name}_put")
    def put(request: Request, asked: TableSet) -> Written:
        """Sets the table; refused with every fault that is found in it."""
        tables.check(name, asked.content)
        return record(request, name, name, asked, target=asked.content)

    @router.delete(f"/{name}", dependencies=[guard(write, audit="table.unset")],
                   name=f"{name}_delete")  # fmt: skip
    def unset(request: Request, asked: Annotated[Signed, Query()]) -> Written:
        """Goes back to the version before, or to the shipped table."""
        moment = moment_of(request, None, keep=False)
        standing = in_force(moment.facts[Decision]).filter(kind=name, subject=name)
        if standing.is_empty():
            raise BadInput("table_not_own", name=name)
        return record(request, "revoke", standing["key"][-1], asked)


for _name, _write in (
    ("costs", "cost.write"), ("rules", "rules.write"), ("weights", "rules.write"),
):  # fmt: skip
    _table(_name, _write)
