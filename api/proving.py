"""Evidence as people put it forward: what it is about is found by number, fields are read.

Command line and routes call these functions and decide nothing; `given` are the fields as typed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from api import holding
from graph_model import evidence as known
from graph_model import keys
from graph_model.errors import BadInput, NotFound
from graph_model.ledger import Facts
from graph_model.lineage import Lineage
from graph_model.plant import Plant
from graph_model.schema import Evidence, Inspection, Item, Site
from graph_model.settings import Settings
from loaders.entries import Signature
from loaders.entries import evidence as entries
from queries.given import moment
from queries.recall import hazard as hazards
from queries.recall.roots import one_lot

Given = Mapping[str, Any]
Fields = dict[str, Any]


@dataclass(frozen=True)
class Ground:
    """What evidence is put forward on: a batch's facts and arrays, and the plant's settings."""

    facts: Facts
    lineage: Lineage
    settings: Settings

    def lot(self, reference: str | None) -> str | None:
        """Key of a lot; None for none. Raises NotFound, Ambiguous."""
        if not reference:
            return None
        key: str = self.lineage.lots["key"][one_lot(self.lineage, reference)]
        return key

    def operation(self, number: str | None) -> str | None:
        """Key of a recorded operation; None for none. Raises NotFound."""
        if not number:
            return None
        rows = self.lineage.operations
        rows = rows.filter(pl.col("order").is_null() & pl.col("rule").is_null())
        return _only(rows, number, "work_order_no", "no_such_operation")

    def site(self, code: str) -> str:
        """Key of a place. Raises NotFound."""
        return _only(self.facts[Site], code, "site_code", "no_such_site")

    def item(self, code: str | None) -> str | None:
        """Key of an item; None for none. Raises NotFound."""
        if not code:
            return None
        name = code if "/" in code else keys.join(self.settings.company, code)
        return _only(self.facts[Item], name, "item_code", "no_such_item")

    def at(self, content: str | None, *, end: bool = False) -> int | None:
        """Microseconds UTC of a time as typed; None for none. Raises BadInput."""
        return moment(content, self.settings.timezone, end=end) if content else None

    def times(self, content: str | None) -> Fields:
        """A time as typed, as the interval of a record."""
        found = {"earliest": self.at(content), "latest": self.at(content, end=True)}
        return {name: at for name, at in found.items() if at is not None}


def _only(rows: pl.DataFrame, number: str, column: str, error: str) -> str:
    """The one key that is, or whose number is, what was typed. Raises NotFound."""
    found = rows.filter((pl.col("key") == number) | (pl.col(column) == number))["key"]
    exact = found.filter(found == number)
    chosen = exact if len(exact) else found
    if len(chosen) != 1:
        raise NotFound(error, number=number)
    key: str = chosen[0]
    return key


# ---------------------------------------------------------------------------- records


def _inspection(ground: Ground, given: Given, person: str) -> Fields:
    sought = hazards.read(given["hazard"])
    own = ("acceptance", "unit_size", "composite", "method", "detection_limit", "place",
           "laboratory")  # fmt: skip
    return {
        "lot": ground.lot(given["lot"]), "result": entries.result(given["result"]),
        "hazard": sought.kind, "agent": sought.agent, "full_examination": given["full"],
        "sample_size": given["sample_size"], "uom": given["unit"], "person": person,
        **{name: given[name] for name in own}, **ground.times(given["at"]),
    }  # fmt: skip


def _process_value(ground: Ground, given: Given, _: str) -> Fields:
    return {
        "operation": ground.operation(given["operation"]), "step": given["step"],
        "process_param": given["param"], "measured_value": given["measured"],
        "uom": given["unit"], "lot": ground.lot(given["lot"]), "source": "evidence",
        **ground.times(given["at"]),
    }  # fmt: skip


def _cleaning(ground: Ground, given: Given, _: str) -> Fields:
    return {
        "site": ground.site(given["site"]), "result": entries.result(given["result"]),
        "method": given["method"], "verified": given["verified"],
        "clearance": given["clearance"], "source": "evidence", **ground.times(given["at"]),
    }  # fmt: skip


def _count(ground: Ground, given: Given, _: str) -> Fields:
    return {
        "site": ground.site(given["site"]), "item": ground.item(given["item"]),
        "lot": ground.lot(given["lot"]), "quantity": given["quantity"], "uom": given["unit"],
        "verified_empty": given["empty"], "status": "posted", "source": "evidence",
        **ground.times(given["at"]),
    }  # fmt: skip


def _label(ground: Ground, given: Given, _: str) -> Fields:
    return {
        "item": ground.item(given["item"]), "contains": given["contains"],
        "version": given["version"], "market": (given["market"] or "").upper() or None,
        "valid_from": ground.at(given["start"]), "valid_to": ground.at(given["end"], end=True),
    }  # fmt: skip


_RECORDS: dict[str, Callable[[Ground, Given, str], Fields]] = {
    "inspection": _inspection,
    "process_value": _process_value,
    "cleaning": _cleaning,
    "count": _count,
    "label": _label,
}


# ---------------------------------------------------------------------------- put forward


def put_forward(ground: Ground, kind: str, given: Given, signed: Signature) -> entries.Tables:
    """Evidence of a kind as tables for the ledger.

    `kind`: one of `entries.RECORDS`, or decision, invalidation, record. Raises BadInput, NotFound.
    """
    who = signed.fields()
    if kind in _RECORDS:
        fields = _RECORDS[kind](ground, given, signed.person)
        return entries.record(kind, ground.settings.company, fields, **who)
    if kind == "record":
        found, key = entries.kind_of(ground.facts, given["record"])
        return entries.put_forward(found, key, **who)
    if kind == "invalidation":
        rows = ground.facts[Inspection]
        key = _only(rows, given["inspection"], "inspection_no", "no_such_inspection")
        return entries.put_forward(kind, key, **who)
    sought = hazards.read(given["hazard"]) if given["hazard"] else None
    entries.check_decision(sought.kind if sought else None, given["operation"], given["not_before"])
    about: Fields = {"operation": ground.operation(given["operation"])}
    if sought is not None:
        about |= {"hazard": sought.kind, "agent": sought.agent}
    if given["not_before"]:
        about["not_before"] = ground.at(given["not_before"])
    return entries.put_forward("decision", ground.lot(given["lot"]) or "", **who, **about)


def accept(plant: Plant, evidence: str, signed: Signature, name: str) -> tuple[str, entries.Tables]:
    """The acceptance of evidence by the person of that name, and its key.

    Raises NotFound, or BadInput where a judgement is accepted by who put it forward, also under
    another spelling of the name.
    """
    facts = plant.facts()
    key = entries.resolve(facts, evidence)
    row = facts[Evidence].row(by_predicate=pl.col("key") == key, named=True)
    first = plant.ledger.records.names([row["person"]]).get(row["person"], "")
    if row["kind"] in known.JUDGEMENT and holding.same(first, name):
        raise BadInput("evidence_same_person", key=key)
    return key, entries.accept(facts, key, **signed.fields())


def listed(facts: Facts, names: Callable[[Iterable[str]], dict[str, str]]) -> list[dict[str, Any]]:
    """The rows of `graph_model.evidence.states` with the names of persons, by `names`.

    `judged_by` is who accepted or revoked it last.
    """
    frame = known.states(facts).drop("_file", "_sheet", "_row", strict=False)
    frame = frame.rename({"by": "judged_by"})
    found = names([*frame["person"].drop_nulls(), *frame["judged_by"].drop_nulls()])
    return [
        row | {name: found.get(row[name], row[name]) for name in ("person", "judged_by")}
        for row in frame.to_dicts()
    ]
