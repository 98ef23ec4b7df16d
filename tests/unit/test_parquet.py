"""Network and ledger as Parquet: what other engines read is what we read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from graph_model import parquet
from graph_model.errors import BadInput
from graph_model.ledger import Ledger
from graph_model.ledger.fold import fold_kind
from graph_model.ledger.payloads import INLINE_ROWS
from graph_model.plant import Plant
from graph_model.schema import KINDS, Consumed, Lot, Operation, Produced
from graph_model.settings import Settings
from loaders import demo_plant, intake

KIND = {"lot": Lot, "operation": Operation, "consumed": Consumed, "produced": Produced}
Table = list[dict[str, Any]]


def say(ledger: Ledger, source: str, **tables: Table) -> int:
    """One batch of rows by kind; its number."""
    frames = {
        KIND[name].__name__: pl.DataFrame(rows, infer_schema_length=None)
        for name, rows in tables.items()
    }
    return ledger.append(frames, source=source, who="w").number


def lot(no: int | str) -> dict[str, Any]:
    return {
        "key": f"P/I/{no}", "owner": "P", "item_code": "I", "lot_no": str(no), "sublot": "",
        "item": "P/I",
    }  # fmt: skip


def move(key: str, lot: int | str | None, order: str | None, **said: Any) -> dict[str, Any]:
    return {"key": key, "lot": None if lot is None else f"P/I/{lot}", "operation": order, **said}


@pytest.fixture(scope="module")
def plant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plant]:
    """A small demo plant, and by hand what is hard to fold."""
    folder = tmp_path_factory.mktemp("plant")
    demo_plant.generate(300, 5).write(folder / "files")
    plant = Plant(Settings(data=folder / "data"))
    plant.ledger.append(intake.read(folder / "files", "plant").tables, source="erp", who="w")
    many = range(INLINE_ROWS)
    orders = [
        {"key": f"P/order/{no}", "company": "P", "number": str(no), "kind": "produce"}
        for no in many
    ]
    lots = [lot(no) for no in range(2 * INLINE_ROWS)]
    used = [move(f"u{no}", no, f"P/order/{no}") for no in many]
    made = [move(f"m{no}", INLINE_ROWS + no, f"P/order/{no}") for no in many]
    say(plant.ledger, "erp", lot=lots, operation=orders, consumed=used, produced=made)
    part = lot("0#A") | {"lot_no": "0", "sublot": "A", "parent": "P/I/0"}
    say(plant.ledger, "erp", lot=[part], consumed=[move("part", "0#A", "P/order/9")])
    say(plant.ledger, "erp", consumed=[move("u1", 3, "P/order/1", status="cancelled"),
                                      move("u2", 7, "P/order/2"),
                                      move("u2", 8, "P/order/2", status="draft")])  # fmt: skip
    say(plant.ledger, "erp", consumed=[move("u2", None, "P/order/3")])
    say(plant.ledger, "mes", consumed=[move("u4", 5, "P/order/4", status="posted"),
                                      move("u6", 6, "P/order/6", status="cancelled")])  # fmt: skip
    say(plant.ledger, "erp", consumed=[move("u6", 6, "P/order/6", status="cancelled")])
    wrong = say(
        plant.ledger, "erp", consumed=[move("u7", 1, "P/order/7"), move("u8", 2, "P/order/8")]
    )
    say(plant.ledger, "erp", consumed=[move("u7", 1, "P/order/7")])
    plant.ledger.undo(wrong, who="w", reason="r")
    yield plant
    plant.close()


@pytest.fixture(scope="module")
def written(plant: Plant) -> Path:
    folder = plant.folder.parent / "parquet"
    parquet.write(plant.ledger, plant.lineage(), folder)
    return folder


def test_statements_written_out_fold_to_what_the_ledger_says(plant: Plant, written: Path) -> None:
    folder = written / "statements"
    listing = pl.read_parquet(folder / "listing.parquet")
    assert listing["address"].str.contains("/").any()
    assert not listing["address"].str.contains("/").all()
    facts = plant.facts()
    for name, kind in KINDS.items():
        parts = listing.filter(kind=name).sort("nth").select("address", "source").iter_rows()
        stated = [
            pl.read_parquet(folder / address).with_columns(_source=pl.lit(source))
            for address, source in parts
        ]
        assert fold_kind(kind, stated)[0].equals(facts.tables[name]), name


def test_the_network_is_that_of_the_arrays(plant: Plant, written: Path) -> None:
    lineage = plant.lineage()
    lots = pl.read_parquet(written / "network" / "lots.parquet")
    assert lots["lot"].to_list() == list(range(len(lineage.lots)))
    for name in ("operations", "consumed", "produced", "returned", "shipped", "stock"):
        frame = pl.read_parquet(written / "network" / f"{name}.parquet")
        kept: pl.DataFrame = getattr(lineage, name)
        assert frame.select(kept.columns).equals(kept), name


def test_a_folder_that_is_there_is_left_alone(plant: Plant, tmp_path: Path) -> None:
    with pytest.raises(BadInput):
        parquet.write(plant.ledger, plant.lineage(), tmp_path)
    assert not list(tmp_path.iterdir())
