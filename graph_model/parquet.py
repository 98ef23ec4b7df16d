"""Network and ledger as Parquet, for engines that spread work over many machines.

about.json     batch and ledger head that the network stands on
network/       lots, operations, flows, shipments and stock, recorded and derived, with the numbers
               that the arrays give to lots (`lot`) and operations (`op`)
statements/    `listing` names the ledger's sealed files with kind, order and source; beside it lies
               what no sealed file holds: small batches, and what outlived the undo of its batch
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import polars as pl

from graph_model.errors import BadInput
from graph_model.ledger import Ledger, Stated
from graph_model.lineage import Lineage
from graph_model.schema import KINDS

_NUMBERS = {"lots": "lot", "operations": "op"}
"""Frames that stand in the order of their numbers, and what flows call these."""
_TABLES = (
    *_NUMBERS, "consumed", "produced", "returned", "shipped", "shipments", "stock",
)  # fmt: skip


def write(ledger: Ledger, lineage: Lineage, folder: Path) -> None:
    """Writes a new folder; whole or not at all.

    Raises BadInput where the folder is there already or cannot be written, LedgerError where a
    batch is not as it was written.
    """
    if folder.exists():
        raise BadInput("parquet_folder_taken", folder=str(folder))
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".writing-") as scratch:
            draft = Path(scratch) / "parquet"
            _write_network(lineage, draft / "network")
            _write_statements(ledger, draft / "statements")
            about = {"batch": lineage.batch, "head": lineage.head}
            (draft / "about.json").write_text(json.dumps(about), encoding="utf-8")
            draft.rename(folder)
    except OSError as error:
        raise BadInput("output_unwritable", path=str(folder)) from error


def _write_network(lineage: Lineage, folder: Path) -> None:
    folder.mkdir(parents=True)
    for name in _TABLES:
        frame: pl.DataFrame = getattr(lineage, name)
        if name in _NUMBERS:
            frame = frame.select(
                pl.int_range(pl.len(), dtype=pl.Int32).alias(_NUMBERS[name]), pl.all()
            )
        frame.write_parquet(folder / f"{name}.parquet")


def _write_statements(ledger: Ledger, folder: Path) -> None:
    folder.mkdir(parents=True)
    rows = []
    for nth, stated in enumerate(ledger.statements(KINDS.values())):
        name = stated.part.file
        address = ledger.files.address(name) if name else ""
        if stated.frame is not None:
            name = address = _name(stated, nth)
            stated.frame.drop("_source").write_parquet(folder / name)
        rows.append((stated.kind, nth, stated.batch.number, stated.batch.source, name, address))
    names = ("kind", "nth", "batch", "source", "file", "address")
    schema = {name: pl.Int64 if name in ("nth", "batch") else pl.String for name in names}
    pl.DataFrame(rows, schema=schema, orient="row").write_parquet(folder / "listing.parquet")


def _name(stated: Stated, nth: int) -> str:
    return f"{stated.batch.number:08d}-{stated.kind.lower()}-at-{nth}.parquet"
