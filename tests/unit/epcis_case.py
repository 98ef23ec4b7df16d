"""Events read into a ledger of their own, and what the tests ask of it."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from graph_model import network, projection
from graph_model.identifiers import thing
from graph_model.ledger import Ledger
from graph_model.ledger.fold import Facts
from graph_model.lineage import Lineage
from graph_model.network import Network
from graph_model.schema import KINDS, Event, conform
from loaders import checks
from loaders.findings import Finding
from loaders.intake import Intake, read


@dataclass(frozen=True)
class Case:
    """What the ledger holds after some loads."""

    intakes: list[Intake]
    facts: Facts

    @cached_property
    def network(self) -> Network:
        return network.build(self.facts)

    @cached_property
    def lineage(self) -> Lineage:
        return Lineage.of(self.network)

    @cached_property
    def hash(self) -> str:
        return projection.facts_hash(self.network, self.facts)

    @cached_property
    def findings(self) -> list[Finding]:
        return [f for taken in self.intakes for f in taken.findings] + checks.run(self.facts)

    def found(self, rule: str) -> list[Finding]:
        return [finding for finding in self.findings if finding.rule == rule]

    def events(self) -> pl.DataFrame:
        return self.facts[Event]

    def traced(self, lot: str, *, forward: bool) -> set[str]:
        """Recorded lots after or before a lot, itself left out."""
        search = self.lineage.forward if forward else self.lineage.backward
        reached = search(self.lineage.number([lot])).lots
        rows = self.lineage.lots[np.asarray(reached)].filter(pl.col("rule").is_null())
        return set(rows["key"]) - {lot}

    def edges(self) -> set[tuple[str, str]]:
        """Every input of a transformation with every output."""
        made = self.network.operations.filter(pl.col("kind") == "produce")
        made = made.filter(pl.col("rule").is_null()).select(operation="key")
        into, out = (
            frame.filter(pl.col("rule").is_null()).select("operation", name)
            for frame, name in (
                (self.network.consumed.rename({"lot": "input"}), "input"),
                (self.network.produced.rename({"lot": "output"}), "output"),
            )
        )
        pairs = into.join(made, on="operation").join(out, on="operation")
        return set(pairs.select("input", "output").iter_rows())


def load(*loads: Path | list[Path]) -> Case:
    """One batch for each load, in a ledger that is thrown away."""
    with tempfile.TemporaryDirectory() as folder, Ledger(Path(folder)) as ledger:
        intakes = []
        for one in loads:
            for path in one if isinstance(one, list) else [one]:
                taken = read(path)
                tables = {n: conform(KINDS[n], t, provenance=True) for n, t in taken.tables.items()}
                ledger.append(tables, source="epcis", who="test")
                intakes.append(taken)
        return Case(intakes, ledger.fold())


def key(text: str) -> str:
    """Key of the lot that an identifier names."""
    lot = thing(text).lot
    assert lot is not None, text
    return lot


def event(kind: str = "ObjectEvent", **fields: Any) -> dict[str, Any]:
    """An event at a fixed time, unless the fields say otherwise."""
    told = {"type": kind, "eventTime": "2026-01-02T03:04:05Z", "eventTimeZoneOffset": "+00:00"}
    return told | fields


def document(*events: dict[str, Any]) -> dict[str, Any]:
    """A capture document of these events."""
    return {
        "@context": ["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"],
        "type": "EPCISDocument",
        "schemaVersion": "2.0",
        "creationDate": "2026-01-02T03:04:05Z",
        "epcisBody": {"eventList": list(events)},
    }
