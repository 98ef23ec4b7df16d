"""What if: the scope as it would be with facts that nobody recorded yet. Nothing is written.

What changes how material flowed (a confirmed delay, an empty mark) derives the flows of the whole
plant again; all else is judged on the arrays as they are.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace

import polars as pl

from graph_model.errors import BadInput
from graph_model.lineage import Lineage
from graph_model.network import Facts, build
from graph_model.schema import MOVEMENTS, Count, Decision, ProcessValue, Site, conform
from queries.recall import rulebook, tables
from queries.recall.hazard import Hazard
from queries.recall.roots import Suspects
from queries.recall.rulebook import Rulebook
from queries.recall.scope import Scope, compute

HOUR = 3_600_000_000


@dataclass(frozen=True, kw_only=True)
class Trial:
    """What is tried out; times are microseconds UTC.

    `clean`: keys of lots examined in every unit; `delays`: a source and how late it posts at most;
    `empty`: key of a place and the moment it was empty; `kills`: a step and its limits as
    `min_temp_c=72, min_seconds=15`; `start`, `end`: the window of what is suspected.
    """

    clean: tuple[str, ...] = ()
    delays: tuple[tuple[str, int], ...] = ()
    empty: tuple[tuple[str, int], ...] = ()
    kills: tuple[tuple[str, str], ...] = ()
    start: int | None = None
    end: int | None = None

    def given(self) -> bool:
        """Whether anything is tried out."""
        return any(getattr(self, one.name) not in ((), None) for one in fields(self))


@dataclass(frozen=True)
class _Supposed:
    """The fold of a batch with rows beside it that nobody stated."""

    recorded: Facts
    batch: int
    head: str
    added: dict[str, pl.DataFrame]

    def __getitem__(self, kind: type) -> pl.DataFrame:
        rows, more = self.recorded[kind], self.added.get(kind.__name__)
        return rows if more is None else pl.concat([rows, more]).sort("key")


def tried(
    facts: Facts,
    lineage: Lineage,
    asked: Suspects,
    trial: Trial,
    *,
    hazard: Hazard,
    rules: Rulebook | None = None,
) -> Scope:
    """The scope with what is tried out. Raises BadInput where it cannot be tried here."""
    added = _rows(trial)
    supposed: Facts = facts
    if added:
        supposed = _Supposed(facts, facts.batch, facts.head, added)
        lineage = Lineage.of(build(supposed))
    numbers = frozenset(int(n) for n in lineage.number(list(trial.clean)) if n >= 0)
    return compute(
        supposed, lineage, _within(asked, trial), clean=numbers, hazard=hazard,
        rulebook=_with_kills(supposed, rules, trial, hazard),
    )  # fmt: skip


def _rows(trial: Trial) -> dict[str, pl.DataFrame]:
    """What is supposed, as facts."""
    decisions = [
        {"key": f"trial/delay/{source}", "kind": "delay", "subject": source, "late": late,
         "early": 0, "decided_at": 0}
        for source, late in trial.delays
    ]  # fmt: skip
    marks = [
        {"key": f"trial/empty/{site}/{at}", "site": site, "quantity": 0.0, "verified_empty": True,
         "earliest": at, "latest": at, "source": "evidence", "status": "posted"}
        for site, at in trial.empty
    ]  # fmt: skip
    if marks:  # a mark is of the moment it says, as one that is signed would be
        decisions.append({"key": "trial/delay/evidence", "kind": "delay", "subject": "evidence",
                          "late": 0, "early": 0, "decided_at": 0})  # fmt: skip
    return {
        kind.__name__: conform(kind, pl.DataFrame(rows), provenance=True)
        for kind, rows in ((Decision, decisions), (Count, marks))
        if rows
    }


def _within(asked: Suspects, trial: Trial) -> Suspects:
    """What is suspected, in the window: of lots by number their printed times."""
    if trial.start is None and trial.end is None:
        return asked
    if asked.lots:
        return replace(asked, printed_from=trial.start, printed_to=trial.end)
    if asked.shipment or asked.customer or asked.complaint:
        raise BadInput("no_window_of_effects")
    return replace(asked, start=trial.start, end=trial.end)


def _with_kills(
    facts: Facts, rules: Rulebook | None, trial: Trial, hazard: Hazard
) -> Rulebook | None:
    """The rules in force and the kill steps that are tried out."""
    if not trial.kills:
        return rules
    if hazard.kind != "microbial" or not hazard.agent:
        raise BadInput("kill_step_needs_agent")
    steps = [
        {"step": step, "agent": hazard.agent, "limits": limits_of(written)}
        for step, written in trial.kills
    ]
    book = rules or tables.rules(facts)
    return replace(book, kill_steps=book.kill_steps + rulebook.read(
        {"kill_step": steps}, "what if").kill_steps)  # fmt: skip


def limits_of(written: str) -> dict[str, float]:
    """Limits as people write them: `min_temp_c=72, min_seconds=15`. Raises BadInput."""
    found: dict[str, float] = {}
    for part in written.replace("，", ",").split(","):
        name, _, value = part.partition("=")
        try:
            found[name.strip()] = float(value)
        except ValueError as error:
            raise BadInput("bad_limit", value=part.strip()) from error
    return found


# ---------------------------------------------------------------------------- what can be tried


def delays(scope: Scope) -> list[tuple[str, int]]:
    """Sources of the scope whose delay nobody confirmed, with the largest one seen, in hours up."""
    sources = [row for entry in scope.missing if entry.kind == "delay_unconfirmed"
               for row in entry.rows]  # fmt: skip
    return [(source, seen) for source, seen in _seen(scope.facts, sources)]


def _seen(facts: Facts, sources: list[str]) -> Iterator[tuple[str, int]]:
    for source in sources:
        largest = 0
        for kind in MOVEMENTS:
            rows = facts[kind]
            if "entered_at" in rows.columns:
                own = rows.filter(pl.col("source") == source)
                late = (own["entered_at"] - own["latest"]).max()
                largest = max(largest, int(late) if isinstance(late, int | float) else 0)
        yield source, max(-(-largest // HOUR), 24) * HOUR


def places(scope: Scope) -> list[tuple[str, str]]:
    """Tanks, and places where goods of the scope were worked on or lie: key and code."""
    at = {*_orders(scope)["site"].drop_nulls()}
    at |= {*scope.places["at"]}
    sites = scope.facts[Site].select("key", "site_code", "kind")
    own = sites.filter(pl.col("key").is_in(list(at)) | (pl.col("kind") == "tank"))
    found: list[tuple[str, str]] = own.sort("site_code").select("key", "site_code").rows()
    return found


def steps(scope: Scope) -> list[str]:
    """Steps of the scope's orders of which something was measured."""
    orders = _orders(scope)["key"]
    rows = scope.facts[ProcessValue].filter(pl.col("operation").is_in(orders.implode()))
    found: list[str] = rows["step"].drop_nulls().unique().sort().to_list()
    return found


def _orders(scope: Scope) -> pl.DataFrame:
    """Orders and documents that material of the scope went through."""
    cone = scope.worlds.cone
    return scope.lineage.operations[cone.steps[~cone.contact]]
