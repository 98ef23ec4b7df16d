"""Who did what: persons appear under their pseudonyms only."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from graph_model.engines.base import Query, Reader
from queries import trace
from queries.catalogue import question


@dataclass(frozen=True)
class Deed:
    """What a person did to a lot or in an operation; times in us UTC, null = unbounded.

    `action` is consumed, produced, returned, shipped or inspected; `subject` the key of the
    operation, shipment or inspection.
    """

    person: str
    department: str | None
    role: str | None
    action: str
    subject: str
    kind: str | None
    step: str | None
    site: str | None
    lot: str | None
    earliest: int | None
    latest: int | None


@dataclass(frozen=True)
class Step:
    """What an operation is and where it was done."""

    operation: str
    kind: str | None
    step: str | None
    site: str | None


@dataclass(frozen=True)
class Worker:
    """Department and role of a person."""

    person: str
    department: str | None
    role: str | None


@dataclass(frozen=True)
class Act:
    """A recorded act of a person."""

    action: str
    subject: str
    lot: str | None
    person: str
    earliest: int | None
    latest: int | None


OPERATIONS = Query("trace/operations.cypher", Step)
PERSONS = Query("trace/persons.cypher", Worker)
CHECKS = Query("trace/checks.cypher", Act)


@question
def persons_along_trace(graph: Reader, lots: list[str]) -> list[Deed]:
    """Who did each step before and after these lots, in order of time."""
    consumed, produced = trace.movements(graph, lots)
    operations = sorted({*consumed["finish"], *produced["start"]})
    cone = sorted({*lots, *consumed["start"], *produced["finish"]})
    acts = pl.concat(
        [
            _acts(consumed, "consumed", subject="finish", lot="start"),
            _acts(produced, "produced", subject="start", lot="finish"),
            graph.read_columns(CHECKS, lots=cone, operations=operations),
        ]
    )
    steps = graph.read_columns(OPERATIONS, operations=operations)
    workers = graph.read_columns(PERSONS, persons=acts["person"].unique().to_list())
    deeds = acts.join(steps, left_on="subject", right_on="operation", how="left").join(
        workers, on="person", how="left"
    )
    deeds = deeds.select(list(Deed.__dataclass_fields__)).unique()
    deeds = deeds.sort("earliest", "subject", "action", "lot", "person", nulls_last=True)
    return [Deed(*row) for row in deeds.iter_rows()]


def _acts(flows: pl.DataFrame, action: str, *, subject: str, lot: str) -> pl.DataFrame:
    return flows.filter(pl.col("person").is_not_null()).select(
        pl.lit(action).alias("action"),
        pl.col(subject).alias("subject"),
        pl.col(lot).alias("lot"),
        "person",
        "earliest",
        "latest",
    )
