"""A batch that is stated sheet by sheet, and what a ledger that was cut off still says."""

from __future__ import annotations

import itertools
import os
import shutil
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph_model.errors import BadInput, LedgerError
from graph_model.ledger import Ledger, fold, writer
from graph_model.schema import Item, frame_schema
from tests.unit.conftest import Home, NewHome

Row = tuple[str, str | None, float | None]
ROWS = st.lists(
    st.tuples(
        st.sampled_from("abcd"),
        st.one_of(st.none(), st.sampled_from(["x", "y"])),
        st.one_of(st.none(), st.integers(0, 2).map(float)),
    ),
    max_size=5,
)


def items(rows: list[Row]) -> dict[str, pl.DataFrame]:
    full = [
        {
            "key": f"P/{code}",
            "company": "P",
            "item_code": code,
            "item_name": name,
            "unit_cost": cost,
        }
        for code, name, cost in rows
    ]
    names = ("key", "company", "item_code", "item_name", "unit_cost")
    schema = {name: frame_schema(Item)[name] for name in names}
    return {"Item": pl.DataFrame(full, schema=schema)}


def told(ledger: Ledger) -> list[tuple[Any, ...]]:
    return ledger.fold()[Item].select("key", "item_name", "unit_cost").rows()


@settings(max_examples=25, deadline=None)
@given(before=ROWS, sheets=st.lists(ROWS, max_size=4), void=st.booleans())
def test_a_batch_in_sheets_says_what_it_says_in_one_piece(
    new_home: NewHome, before: list[Row], sheets: list[list[Row]], void: bool
) -> None:
    said = []
    for whole in (True, False):
        home = new_home()
        with home.open() as ledger:
            ledger.append(items(before), source="erp", who="Tester")
            with ledger.batch(source="erp", who="Tester") as batch:
                for rows in [list(itertools.chain(*sheets))] if whole else sheets:
                    batch.add(items(rows))
            assert batch.info == ledger.batches()[-1]
            if void:
                ledger.undo(1, who="Tester", reason="")
            assert ledger.verify([ledger.head()]) == []
            said.append(told(ledger))
    assert said[0] == said[1]


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files are written after a few rows, as large imports do after many."""
    monkeypatch.setattr(writer, "PART_ROWS", 100)


def numbered(first: int, count: int, name: str = "x") -> dict[str, pl.DataFrame]:
    return items([(f"{n:05}", name, None) for n in range(first, first + count)])


@pytest.mark.usefixtures("small_parts")
def test_a_large_batch_is_sealed_in_parts_and_is_one_batch(home: Home) -> None:
    with home.open() as ledger:
        with ledger.batch(source="erp", who="Tester", note="sheets") as batch:
            batch.add(numbered(0, 250))
            assert len(list((home.folder / "batches").glob("*.parquet"))) == 3  # already on disk
            assert home_is_empty(home)
            batch.add(numbered(200, 120, "y"))
        assert batch.info.counts == {"Item": 370}
        assert [part.rows for part in batch.info.files["Item"]] == [100, 100, 50, 100, 20]
        names = dict(ledger.fold()[Item].select("item_code", "item_name").iter_rows())
        assert names == {f"{n:05}": "x" if n < 200 else "y" for n in range(320)}
        again = ledger.append({"Item": ledger.fold()[Item]}, source="erp", who="Tester")
        assert (again.counts, again.restated) == ({}, 320)
        ledger.undo(batch.info.number, who="Tester", reason="")
        assert ledger.fold()[Item]["item_name"].to_list() == list(names.values())
        assert ledger.verify() == []


def in_sheets(ledger: Ledger, sheets: list[dict[str, pl.DataFrame]]) -> None:
    with ledger.batch(source="erp", who="A Person") as batch:
        for sheet in sheets:
            batch.add(sheet)


def home_is_empty(home: Home) -> bool:
    with home.open() as other:
        return other.head() == (0, "") and other.fold()[Item].is_empty()


@pytest.mark.usefixtures("small_parts")
def test_a_batch_whose_block_raises_leaves_nothing(home: Home) -> None:
    with home.open() as ledger:
        sheets = [numbered(0, 250), items([("", None, None)])]
        sheets[1]["Item"] = sheets[1]["Item"].with_columns(key=pl.lit(""))
        with pytest.raises(BadInput):
            in_sheets(ledger, sheets)
        assert list((home.folder / "batches").iterdir()) == []
        assert home_is_empty(home)
        assert ledger.records.names([ledger.records.pseudonym("A Person")]) == {}
        assert ledger.append(numbered(0, 1), source="erp", who="Tester").number == 1


def test_the_same_batch_twice_is_restated_and_changes_nothing(home: Home) -> None:
    rows = numbered(0, 300)
    with home.open() as ledger:
        ledger.append(rows, source="erp", who="Tester")
        before = told(ledger)
        shuffled = {"Item": rows["Item"].sample(fraction=1, shuffle=True, seed=3)}
        again = ledger.append(shuffled, source="erp", who="Tester")
        assert (again.counts, again.restated) == ({}, 300)
        assert told(ledger) == before


def test_a_batch_of_an_older_schema_is_read_as_the_present_one(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    with home.open() as ledger:
        ledger.append(numbered(0, 3), source="erp", who="Tester")

    def renamed(kind: str, frame: pl.DataFrame) -> pl.DataFrame:
        """As if `item_name` had been called `item_spec` in the schema before."""
        return frame.rename({"item_name": "item_spec", "item_spec": "item_name"})

    monkeypatch.setattr(writer, "VERSION", 2)
    monkeypatch.setattr(fold, "VERSION", 2)
    monkeypatch.setitem(fold.UPCASTS, 1, renamed)
    with home.open() as ledger:
        ledger.append(numbered(1, 1, "new"), source="erp", who="Tester")
        assert [batch.schema_version for batch in ledger.batches()] == [1, 2]
        rows = ledger.fold()[Item].select("key", "item_spec", "item_name").rows()
        assert rows == [
            ("P/00000", "x", None), ("P/00001", "x", "new"), ("P/00002", "x", None)
        ]  # fmt: skip
        assert ledger.verify() == []


@pytest.mark.parametrize("order", [(2, 1, 3, 4), (1, 3, 2, 4), (4, 3, 2, 1), (2, 3, 4, 1)])
def test_of_shuffled_batches_the_first_in_the_wrong_place_is_named(
    home: Home, order: tuple[int, ...]
) -> None:
    with home.open() as ledger:
        for number in range(4):
            ledger.append(numbered(number, 1), source="erp", who="Tester")
    for table, column in (("batch", "number"), ("payload", "batch")):
        home.run(f"UPDATE {table} SET {column} = {column} + 100")
        for place, number in enumerate(order, 1):
            home.run(f"UPDATE {table} SET {column} = {place} WHERE {column} = {number + 100}")
    wrong = next(place for place, number in enumerate(order, 1) if place != number)
    with home.open() as ledger:
        first = ledger.verify()[0]
        assert (first.batch, first.what) == (wrong, "reordered")
        with pytest.raises(LedgerError):
            ledger.fold()


def test_a_ledger_cut_off_at_any_block_says_a_prefix_of_what_it_said_or_nothing(
    tmp_path: Path,
) -> None:
    """Every file, SQLite's log among them, cut at each 4 KiB."""
    good = tmp_path / "good"
    said = {}
    ledger = Ledger(good)
    for number, count in enumerate((3, 300, 2, 250), 1):
        ledger.append(numbered(1000 * number, count), source="erp", who="Tester")
        said[number] = told(ledger)
    head, said[0] = ledger.head(), []
    copied = Path(shutil.copytree(good, tmp_path / "copied"))  # with the log not yet taken over
    ledger.close()
    assert (copied / "ledger.sqlite-wal").stat().st_size > 4096
    cuts = [
        (file.relative_to(copied), at)
        for file in sorted(copied.rglob("*"))
        if file.is_file() and file.suffix not in (".sqlite-shm", ".lock")
        for at in range(0, file.stat().st_size, 4096)
    ]
    assert len(cuts) > 30
    for nth, (file, at) in enumerate(cuts):
        folder = Path(shutil.copytree(copied, tmp_path / str(nth)))
        (folder / "ledger.sqlite-shm").unlink()
        os.truncate(folder / file, at)
        try:
            with Ledger(folder) as cut:
                number = cut.head()[0]
                faults = cut.verify([head])
                assert faults, (file, at)
                assert told(cut) == said[number], (file, at)
        except LedgerError:
            pass  # found and not served
        shutil.rmtree(folder)
