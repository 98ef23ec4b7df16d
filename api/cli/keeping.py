"""info, verify, rebuild, undo, decide: commands that keep the ledger."""

from __future__ import annotations

import dataclasses
from typing import Annotated

import polars as pl
import typer

from api.cli import context
from api.cli.context import Json
from api.cli.importing import progress
from graph_model import projection
from graph_model.errors import BadInput, EngineError, LedgerError, NotFound
from graph_model.i18n import label, text
from graph_model.interval import in_force
from graph_model.ledger import Fault
from graph_model.network import standing_movements
from graph_model.plant import Plant
from graph_model.schema import Decision
from loaders import entries
from loaders.checks.sources import proposed_delay
from queries.deciding import resolved
from queries.given import duration
from queries.recall import hazard as hazards

decide = typer.Typer(help=text("cli.decide.help"), no_args_is_help=True, rich_markup_mode=None)

By = Annotated[str, typer.Option("--by", help=text("cli.decide.by"))]
Role = Annotated[str, typer.Option("--role", help=text("cli.decide.role"))]
Reason = Annotated[str, typer.Option("--reason", help=text("cli.decide.reason"))]


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    app.command(help=text("cli.info"))(info)
    app.command(help=text("cli.verify"))(verify)
    app.command(help=text("cli.rebuild"))(rebuild)
    app.command(help=text("cli.undo"))(undo)
    app.add_typer(decide, name="decide")


def info(as_json: Json = False) -> None:
    """Batches of the ledger and what it holds."""
    with context.plant() as plant:
        facts = plant.facts()
        counts = {name: len(frame) for name, frame in facts.tables.items() if len(frame)}
        batches = plant.ledger.batches()
        people = plant.ledger.records.names(batch.who for batch in batches)
        rows = [
            {
                "batch": b.number, "at": b.at, "source": b.source,
                "who": people.get(b.who, b.who), "note": b.note,
                "new": sum(b.counts.values()), "voids": b.voids, "hash": b.hash,
            }
            for b in batches
        ]  # fmt: skip
    if as_json:
        context.show_json(
            {
                "data": str(plant.folder), "graph": plant.graph_name, "batches": rows,
                "facts": counts,
            }
        )  # fmt: skip
        return
    heads = [text(f"cli.head.{h}") for h in ("batch", "at", "source", "who", "note", "new", "hash")]
    cells: list[list[object]] = [
        [r["batch"], r["at"], r["source"], r["who"], r["note"], r["new"], str(r["hash"])[:12]]
        for r in rows
    ]
    context.show_table(text("cli.batches", data=str(plant.folder)), heads, cells)
    context.console.print(text("cli.engine", engine=plant.graph_name))
    for name, count in counts.items():
        context.console.print(f"{label(name)}: {count:,}")


def verify(
    head: Annotated[list[str] | None, typer.Option("--head", help=text("cli.head_option"))] = None,
    graph: Annotated[bool, typer.Option("--graph", help=text("cli.verify_graph"))] = False,
    as_json: Json = False,
) -> None:
    """Is the ledger as it was written, and does the graph hold what it says?"""
    with context.plant() as plant:
        heads = [*plant.heads(), *(_head(value) for value in head or [])]
        faults = plant.ledger.verify(heads)
        number, digest = plant.ledger.head()
        damaged = [str(path) for path in plant.damaged_arrays()]
        hashes = _hashes(plant) if graph and not faults else None
    if as_json:
        context.show_json(
            {
                "batches": number,
                "head": f"{number}:{digest}",
                "faults": [dataclasses.asdict(fault) for fault in faults],
                "damaged_arrays": damaged,
                "graph": hashes,
            }
        )
    elif not faults:
        context.console.print(text("cli.verified", batches=number, head=f"{number}:{digest}"))
        if hashes:
            context.console.print(text("cli.verified_graph", hash=hashes["facts"]))
    else:
        for fault in faults:
            _show_fault(fault)
    if faults:
        raise typer.Exit(LedgerError.exit)
    if damaged:
        raise EngineError("arrays_damaged", files=", ".join(damaged))
    if hashes and hashes["graph"] != hashes["facts"]:
        raise EngineError("graph_differs", **hashes)


def _hashes(plant: Plant) -> dict[str, str]:
    """What the graph holds, and what the ledger says: equal, whatever the order of loading."""
    with plant.graph() as opened:
        held = projection.graph_hash(opened)
    return {"graph": held, "facts": projection.facts_hash(plant.network(), plant.facts())}


def _show_fault(fault: Fault) -> None:
    context.console.print(text(f"fault.{fault.what}", batch=fault.batch, file=fault.file))
    for run in fault.rows:
        told = text(
            f"damage.{run.what}",
            first=run.row, last=run.row + run.rows - 1, rows=run.rows,
            key=run.key, origin=run.origin,
        )  # fmt: skip
        context.console.print(f"  {told}", markup=False)
    if fault.columns:
        told = text("damage.columns", columns=", ".join(fault.columns))
        context.console.print(f"  {told}")


def _head(value: str) -> tuple[int, str]:
    number, _, digest = value.partition(":")
    if not number.isdigit() or not digest:
        raise BadInput("bad_head", value=value)
    return int(number), digest


def rebuild() -> None:
    """Make graph and arrays anew from the ledger."""
    with context.plant() as plant:
        with progress() as tell:
            context.project(plant, tell, rebuild=True)
        number, _ = plant.ledger.head()
    context.console.print(text("cli.rebuilt", batch=number))


def undo(
    batch: Annotated[int, typer.Argument(help=text("cli.undo_batch"))],
    by: By,
    reason: Reason,
) -> None:
    """Void a batch; nothing is deleted."""
    with context.plant() as plant:
        made = plant.ledger.undo(batch, who=by, reason=reason)
        with progress() as tell:
            context.project(plant, tell)
    context.console.print(text("cli.undone", batch=batch, number=made.number))


# ---------------------------------------------------------------------------- decisions


def _record(
    plant: Plant,
    kind: str,
    subject: str,
    by: str,
    role: str,
    reason: str,
    target: str | None = None,
    late: int | None = None,
    early: int | None = None,
) -> None:
    table = entries.decision(
        kind,
        subject,
        person=plant.ledger.records.pseudonym(by) if by.strip() else "",
        role=role,
        reason=reason,
        target=target,
        late=late,
        early=early,
    )
    key = table["key"][0]
    plant.ledger.append({"Decision": table}, source="decisions", who=by, note=kind)
    with progress() as tell:
        context.project(plant, tell)
    context.console.print(text("cli.decide.done", key=key))


def _decide(
    kind: str, subject: str, by: str, role: str, reason: str, target: str | None = None
) -> None:
    """Records a decision about what a person wrote."""
    with context.plant() as plant:
        company = plant.settings.company
        kind, subject, target = resolved(
            kind, subject, target, plant.facts(), plant.lineage(), company
        )
        _record(plant, kind, subject, by, role, reason, target)


@decide.command("delay", help=text("cli.decide.delay"))
def decide_delay(
    source: Annotated[str, typer.Option("--source", help=text("cli.decide.source"))],
    by: By,
    role: Role,
    reason: Reason,
    late: Annotated[str | None, typer.Option("--late", help=text("cli.decide.late"))] = None,
    early: Annotated[str | None, typer.Option("--early", help=text("cli.decide.early"))] = None,
    proposed: Annotated[bool, typer.Option("--proposed", help=text("cli.decide.proposed"))] = False,
) -> None:
    """Confirm the posting delay of a source, as stated or as the records propose."""
    if proposed and (late is not None or early is not None):
        raise BadInput("delay_stated_twice")
    with context.plant() as plant:
        figures = (duration(late or "0"), duration(early or "0"))
        if proposed:
            figures = _proposed(plant, source)
        _record(plant, "delay", source, by, role, reason, None, *figures)
    hours = [f"{figure / 3.6e9:g}" for figure in figures]
    context.console.print(
        text("cli.decide.delay_done", source=source, late=hours[0], early=hours[1]), markup=False
    )


def _proposed(plant: Plant, source: str) -> tuple[int, int]:
    """The largest delays that the records of a source show."""
    moves = standing_movements(plant.facts())
    found = proposed_delay(moves.values(), source)
    if found is None:
        sources = pl.concat([frame.select("source") for frame in moves.values()])
        known = ", ".join(sorted(sources["source"].drop_nulls().unique()))
        raise NotFound("delay_not_measured", source=source, known=known)
    return found


@decide.command("trust-source", help=text("cli.decide.trust"))
def decide_trust(
    source: Annotated[str, typer.Option("--source", help=text("cli.decide.source"))],
    by: By,
    role: Role,
    reason: Reason,
) -> None:
    """Trust the lots that a source proposes."""
    with context.plant() as plant:
        _record(plant, "trust_source", source, by, role, reason)


@decide.command("rule-out-root", help=text("cli.decide.rule_out"))
def decide_rule_out(
    lot: Annotated[str, typer.Argument(help=text("cli.lots"))], by: By, role: Role, reason: Reason
) -> None:
    """Rule a lot out as a root that data cannot rule out."""
    _decide("rule_out_root", lot, by, role, reason)


@decide.command("same-lot", help=text("cli.decide.same"))
def decide_same(
    lot: Annotated[str, typer.Argument(help=text("cli.lots"))],
    other: Annotated[str, typer.Argument(help=text("cli.lots"))],
    by: By,
    role: Role,
    reason: Reason,
) -> None:
    """Two numbers are one lot."""
    _decide("same_lot", lot, by, role, reason, other)


@decide.command("alias", help=text("cli.decide.alias"))
def decide_alias(
    alias: Annotated[str, typer.Argument(help=text("cli.decide.other_code"))],
    code: Annotated[str, typer.Argument(help=text("cli.decide.code"))],
    by: By,
    role: Role,
    reason: Reason,
    company: Annotated[bool, typer.Option("--company", help=text("cli.decide.company"))] = False,
) -> None:
    """Two codes are one item, or one company."""
    _decide("alias_company" if company else "alias_item", alias, by, role, reason, code)


@decide.command("tolerance", help=text("cli.decide.tolerance"))
def decide_tolerance(
    item: Annotated[str, typer.Argument(help=text("cli.decide.item"))],
    share: Annotated[str, typer.Argument(help=text("cli.decide.share"))],
    by: By,
    role: Role,
    reason: Reason,
) -> None:
    """The mass balance difference that is accepted of an item."""
    _decide("tolerance", item, by, role, reason, share)


@decide.command("horizon", help=text("cli.decide.horizon"))
def decide_horizon(
    line: Annotated[str, typer.Argument(help=text("cli.decide.line"))],
    within: Annotated[str, typer.Option("--within", help=text("cli.decide.within"))],
    by: By,
    role: Role,
    reason: Reason,
    hazard: Annotated[str | None, typer.Option("--hazard", help=text("cli.decide.hazard"))] = None,
) -> None:
    """Residue of a lot counts on a line for so long after it, for a hazard or for every one."""
    length = duration(within)
    if length <= 0:
        raise BadInput("bad_duration", value=within)
    kind = hazards.read(hazard).kind if hazard else None
    with context.plant() as plant:
        _, key, _ = resolved("horizon", line, kind, plant.facts(), plant.lineage(), "")
        _record(plant, "horizon", key, by, role, reason, kind, length, 0)


@decide.command("list", help=text("cli.decide.list"))
def decide_list(as_json: Json = False) -> None:
    """Decisions in force."""
    with context.plant() as plant:
        frame = in_force(plant.facts()[Decision])
        people = plant.ledger.records.names(frame["person"].drop_nulls().to_list())
        shown = frame.select("key", "kind", "subject", "target", "late", "early", "person", "role",
                             "reason", "decided_at").to_dicts()  # fmt: skip
    for row in shown:
        row["person"] = people.get(row["person"], row["person"])
    if as_json:
        context.show_json(shown)
        return
    heads = [text(f"cli.head.{h}") for h in ("key", "kind", "subject", "who", "role", "reason")]
    cells: list[list[object]] = [
        [r["key"], r["kind"], r["subject"], r["person"], r["role"], r["reason"]] for r in shown
    ]
    context.show_table(text("cli.decide.list"), heads, cells)


@decide.command("revoke", help=text("cli.decide.revoke"))
def decide_revoke(
    key: Annotated[str, typer.Argument(help=text("cli.decide.key"))],
    by: By,
    role: Role,
    reason: Reason,
) -> None:
    """Take a decision back."""
    _decide("revoke", key, by, role, reason)
