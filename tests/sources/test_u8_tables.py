"""U8's tables and their exports: a plant, red vouchers, free items, orders by their links."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from graph_model.errors import BadInput, LotgraphError, SourceError
from graph_model.schema import Consumed, Lot, Operation, Produced
from loaders import demo_plant
from tests.emulators.u8_tables import carried, tables_of, write_database, write_exports
from tests.sources.conftest import (
    NewPuller,
    Puller,
    Sheets,
    entered,
    from_files,
    graph_hash,
    sourced,
)

TODAY = f"{datetime.now(ZoneInfo('Asia/Shanghai')):%Y-%m-%d}"
TOML = '[u8]\nkind = "u8_tables"\n'


@pytest.fixture(scope="module")
def sheets(demo: demo_plant.Plant) -> Sheets:
    """What U8's tables carry of the demo plant."""
    return carried(entered(demo.sheets), TODAY)


@pytest.fixture
def database(sheets: Sheets, tmp_path: Path) -> Path:
    """The file of the account set."""
    write_database(tables_of(sheets), tmp_path / "ufdata.sqlite")
    return tmp_path / "ufdata.sqlite"


@pytest.fixture
def pulling(database: Path, puller: NewPuller) -> Puller:
    """A plant with that account set."""
    return puller(TOML, {"u8.database_url": f"sqlite:///{database}"})


def change(database: Path, statement: str) -> None:
    """Changes the account set."""
    with closing(sqlite3.connect(database)) as connection:
        connection.execute(statement)
        connection.commit()


def test_a_plant_pulled_has_the_graph_of_its_files(
    sheets: Sheets, pulling: Puller, puller: NewPuller, tmp_path: Path
) -> None:
    done = pulling.pull("u8")
    with from_files(sourced(sheets, "u8"), tmp_path / "files") as plant:
        assert graph_hash(pulling.plant) == graph_hash(plant)
    assert pulling.pull("u8").batches == []
    assert {"returns", "customer_returns", "supplier_returns"} <= done.counts.keys()
    exported = puller(TOML + 'folder = "exports"\n', {})
    write_exports(tables_of(sheets), exported.settings.data / "exports")
    exported.pull("u8")
    assert graph_hash(exported.plant) == graph_hash(pulling.plant)


def test_only_what_changed_is_read_again(database: Path, pulling: Puller) -> None:
    pulling.pull("u8")
    change(database, "UPDATE rdrecord11 SET cHandler = NULL, dnmodifytime = '2026-11-27 09:00:00' "
                     "WHERE ID = (SELECT max(ID) FROM rdrecord11)")  # fmt: skip
    done = pulling.pull("u8")
    assert len(done.batches) == 1
    assert pulling.pull("u8").rows["rdrecord11"] == 1
    drafts = pulling.plant.facts()[Consumed].filter(source="u8.issues", status="draft")
    assert len(drafts) >= 1


def test_free_items_belong_to_the_item(database: Path, pulling: Puller) -> None:
    change(database, "UPDATE rdrecords11 SET cFree2 = '红', cBatch = 'FREE-1' WHERE "
                     "AutoID = (SELECT max(AutoID) FROM rdrecords11)")  # fmt: skip
    pulling.pull("u8")
    lots = pulling.plant.facts()[Lot].filter(lot_no="FREE-1")
    assert lots["item_code"].str.ends_with("||红").all()
    assert len(lots) == 1


def test_a_second_line_of_an_order_is_an_order_of_its_own(database: Path, pulling: Puller) -> None:
    change(database, "UPDATE mom_orderdetail SET SortSeq = 2 "
                     "WHERE MoDId = (SELECT max(MoDId) FROM mom_orderdetail)")  # fmt: skip
    pulling.pull("u8")
    facts = pulling.plant.facts()
    orders = facts[Operation].filter(kind="produce").filter(pl.col("number").str.ends_with("/2"))
    made = facts[Produced].filter(source="u8.outputs")
    assert orders["key"].item() in set(made["operation"])


def test_product_taken_back_into_its_order_is_used_there(database: Path, pulling: Puller) -> None:
    change(database, "UPDATE rdrecords10 SET iQuantity = -iQuantity, cBatch = 'BACK-1' "
                     "WHERE AutoID = (SELECT max(AutoID) FROM rdrecords10)")  # fmt: skip
    pulling.pull("u8")
    taken = pulling.plant.facts()[Consumed].filter(lot_no="BACK-1")
    assert len(taken) == 1
    assert taken["quantity"].item() > 0


def test_a_column_that_is_gone_is_an_error(database: Path, pulling: Puller) -> None:
    change(database, "ALTER TABLE rdrecords10 RENAME COLUMN cBatch TO cOther")
    with pytest.raises(SourceError, match="cBatch"):
        pulling.pull("u8")


def test_a_database_is_asked_only_where_that_is_allowed(puller: NewPuller) -> None:
    pytest.importorskip("psycopg")
    for url in ("postgresql+psycopg://u:canary@10.1.2.3/x", "postgresql+psycopg://u:canary@h/x"):
        with pytest.raises(LotgraphError) as refused:
            puller(TOML, {"u8.database_url": url}).pull("u8")
        assert refused.value.code == "source_host_not_allowed"
        assert "canary" not in str(refused.value)
    with pytest.raises(BadInput, match="SQLAlchemy"):
        puller(TOML, {"u8.database_url": "canary"}).pull("u8")
