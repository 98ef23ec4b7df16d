"""`verify` names the row that was edited, moved or removed, by real edits of the files."""

from __future__ import annotations

import io
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph_model.ledger import Damage, Fault, Ledger
from graph_model.ledger.damage import LIMIT, damages
from graph_model.ledger.payloads import sums_file
from graph_model.ledger.sums import packed, row_sums, unpacked
from graph_model.ledger.verify import row_hash

ROWS = 300
FIRST, SECOND = "00000001-item.parquet", "00000002-item.parquet"
Edit = Callable[[pl.DataFrame], pl.DataFrame]


def items(first: int, count: int) -> pl.DataFrame:
    codes = [f"{n:05}" for n in range(first, first + count)]
    return pl.DataFrame({"item_code": codes, "item_name": codes}).with_columns(
        key="P/" + pl.col("item_code"),
        company=pl.lit("P"),
        unit_cost=pl.int_range(count) / 7,
        _file=pl.lit("物料.csv"),
        _sheet=pl.lit("items"),
        _row=pl.int_range(2, count + 2),
    )


def key(row: int) -> str:
    """The key of a sealed row of the second batch, counted from 1."""
    return f"P/{1000 + row - 1:05}"


def read_from(row: int) -> str:
    return f"物料.csv · items · {row + 1}"


@pytest.fixture(scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two batches of files, one inline."""
    folder = tmp_path_factory.mktemp("sealed")
    with Ledger(folder) as ledger:
        for first, count in [(0, ROWS), (1000, ROWS), (5000, 5)]:
            ledger.append({"Item": items(first, count)}, source="erp", who="Tester")
    return folder


@pytest.fixture
def folder(sealed: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(sealed, tmp_path / "data"))


def faults(folder: Path) -> list[Fault]:
    with Ledger(folder) as ledger:
        return ledger.verify()


def rewrite(folder: Path, edit: Edit) -> None:
    """Edits the second batch's file as anyone with a Parquet tool could."""
    file = folder / "batches" / SECOND
    edit(pl.read_parquet(file)).write_parquet(file)


def value_changed(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(
        unit_cost=pl.when(pl.int_range(pl.len()) == 16).then(0.01).otherwise("unit_cost")
    )


CASES: list[tuple[str, Edit, list[Damage]]] = [
    ("value", value_changed, [Damage("changed", 17, 1, key(17), read_from(17))]),
    ("row removed", lambda f: pl.concat([f[:40], f[41:]]), [Damage("removed", 41, 1)]),
    ("tail removed", lambda f: f[:200], [Damage("removed", 201, 100)]),
    (
        "row added",
        lambda f: pl.concat([f[:5], f[:1], f[5:]]),
        [Damage("added", 6, 1, key(1), read_from(1))],
    ),
    (
        "rows swapped",
        lambda f: pl.concat([f[:9], f[99:100], f[10:99], f[9:10], f[100:]]),
        [
            Damage("moved", 10, 1, key(10), read_from(10)),
            Damage("moved", 100, 1, key(100), read_from(100)),
        ],
    ),
    (
        "row moved",
        lambda f: pl.concat([f[:9], f[10:50], f[9:10], f[50:]]),
        [Damage("moved", 10, 1, key(10), read_from(10))],
    ),
    (
        "two far apart",
        lambda f: pl.concat([f[:2], f[3:]]).with_columns(
            item_name=pl.when(pl.col("key") == key(250)).then(pl.lit("?")).otherwise("item_name")
        ),
        [Damage("removed", 3, 1), Damage("changed", 250, 1, key(250), read_from(250))],
    ),
    ("all removed", lambda f: f[:0], [Damage("removed", 1, ROWS)]),
]


@pytest.mark.parametrize(("edit", "found"), [case[1:] for case in CASES], ids=[c[0] for c in CASES])
def test_an_edited_file_is_named_with_its_rows(
    folder: Path, edit: Edit, found: list[Damage]
) -> None:
    rewrite(folder, edit)
    assert faults(folder) == [Fault(2, "edited", SECOND, tuple(found))]


def test_a_dropped_column_is_named(folder: Path) -> None:
    rewrite(folder, lambda frame: frame.drop("item_name"))
    (fault,) = faults(folder)
    assert fault.columns == ("item_name",)
    assert fault.rows == (Damage("changed", 1, ROWS, key(1), read_from(1)),)


def test_a_dropped_column_that_was_empty_is_named_without_rows(folder: Path) -> None:
    rewrite(folder, lambda frame: frame.drop("currency"))
    assert faults(folder) == [Fault(2, "edited", SECOND, (), ("currency",))]


def test_the_same_rows_in_other_bytes_are_an_edit_without_rows(folder: Path) -> None:
    rewrite(folder, lambda frame: frame)
    assert faults(folder) == [Fault(2, "edited", SECOND)]


def test_a_file_replaced_by_that_of_another_batch_is_said_to_be_one(folder: Path) -> None:
    shutil.copy(folder / "batches" / FIRST, folder / "batches" / SECOND)
    assert faults(folder) == [Fault(2, "replaced", SECOND)]


def test_the_row_group_that_cannot_be_read_is_named(folder: Path) -> None:
    file = folder / "batches" / SECOND
    raw = bytearray(file.read_bytes())
    raw[4:60] = bytes(56)
    file.write_bytes(raw)
    assert faults(folder) == [Fault(2, "edited", SECOND, (Damage("unreadable", 1, ROWS),))]


def test_a_file_cut_off_is_named_without_rows(folder: Path) -> None:
    file = folder / "batches" / SECOND
    file.write_bytes(file.read_bytes()[:-100])
    assert faults(folder) == [Fault(2, "edited", SECOND)]


def test_many_edits_are_named_up_to_a_limit_that_is_said(folder: Path) -> None:
    every_third = pl.int_range(pl.len()) % 3 == 0
    rewrite(
        folder,
        lambda f: f.with_columns(unit_cost=pl.when(every_third).then(-1.0).otherwise("unit_cost")),
    )
    (fault,) = faults(folder)
    assert [run.row for run in fault.rows] == list(range(1, 3 * LIMIT + 3, 3))
    assert [run.what for run in fault.rows] == ["changed"] * LIMIT + ["more"]


def edit_inline(folder: Path, edit: Edit) -> None:
    with closing(sqlite3.connect(folder / "ledger.sqlite")) as database, database:
        (data,) = database.execute("SELECT data FROM payload WHERE batch = 3").fetchone()
        buffer = io.BytesIO()
        edit(pl.read_parquet(io.BytesIO(data))).write_parquet(buffer)
        database.execute("UPDATE payload SET data = ? WHERE batch = 3", [buffer.getvalue()])


def test_an_edited_inline_payload_is_named_with_its_row(folder: Path) -> None:
    edit_inline(folder, lambda frame: pl.concat([frame[:3], frame[4:]]))
    assert faults(folder) == [Fault(3, "edited", "Item", (Damage("removed", 4, 1),))]


def test_lost_or_edited_row_sums_are_a_fault_of_their_own(folder: Path) -> None:
    sums = folder / "batches" / sums_file(SECOND)
    good = sums.read_bytes()
    sums.write_bytes(good[:-3] + b"abc")
    assert faults(folder) == [Fault(2, "edited", sums.name)]
    sums.unlink()
    assert faults(folder) == [Fault(2, "lost", sums.name)]
    rewrite(folder, value_changed)
    assert faults(folder) == [Fault(2, "lost", sums.name), Fault(2, "edited", SECOND)]


def test_a_ledger_sealed_before_there_were_row_sums_still_verifies(folder: Path) -> None:
    """As the first batches were: one payload a kind, without a list and without sums."""
    with closing(sqlite3.connect(folder / "ledger.sqlite")) as database, database:
        database.row_factory = sqlite3.Row
        previous = ""
        for row in map(dict, database.execute("SELECT * FROM batch ORDER BY number").fetchall()):
            files = pl.Series([row["files"]]).str.json_decode().to_list()[0]
            bare = {kind: {k: v for k, v in parts[0].items() if k != "sums"}
                    for kind, parts in files.items()}  # fmt: skip
            row |= {"files": pl.Series([bare]).struct.json_encode()[0], "previous": previous}
            row["hash"] = previous = row_hash(row)
            database.execute(
                "UPDATE batch SET files = :files, previous = :previous, hash = :hash"
                " WHERE number = :number",
                {name: row[name] for name in ("files", "previous", "hash", "number")},
            )
    for sums in (folder / "batches").glob("*.sums"):
        sums.unlink()
    assert faults(folder) == []
    with Ledger(folder) as ledger:
        assert len(ledger.fold().tables["Item"]) == 2 * ROWS + 5
        assert ledger.batches()[0].counts == {"Item": ROWS}
    rewrite(folder, value_changed)
    assert faults(folder) == [Fault(2, "edited", SECOND)]


VALUES = st.lists(st.integers(0, 40), max_size=30)


@settings(max_examples=200, deadline=None)
@given(VALUES, VALUES)
def test_rows_differ_exactly_where_a_run_is_named(one: list[int], other: list[int]) -> None:
    """What the runs say, applied to the sealed rows, gives the rows that were found."""
    frames = [pl.DataFrame({"n": values}, schema={"n": pl.Int64}) for values in (one, other)]
    runs = damages(row_sums(frames[0]), frames[1])
    assert (runs == ()) == (one == other)
    gone = sum(run.rows for run in runs if run.what == "removed")
    come = sum(run.rows for run in runs if run.what == "added")
    if not any(run.what in ("moved", "more") for run in runs):
        assert len(one) - gone + come == len(other)
        touched = {row for run in runs if run.what != "added"
                   for row in range(run.row, run.row + run.rows)}  # fmt: skip
        kept = [value for row, value in enumerate(one, 1) if row not in touched]
        left = iter(other)
        assert all(value in left for value in kept)  # in this order


TEXT = st.one_of(st.none(), st.text(max_size=20), st.sampled_from(["a", "a\0", "", "F-1"]))
ROW = st.fixed_dictionaries(
    {
        "key": TEXT,
        "n": st.one_of(st.none(), st.integers(-(2**63), 2**63 - 1)),
        "x": st.one_of(st.none(), st.floats(allow_nan=False)),
        "yes": st.sampled_from([None, True, False]),
    }
)
SCHEMA = {"key": pl.String, "n": pl.Int64, "x": pl.Float64, "yes": pl.Boolean}


@settings(max_examples=60, deadline=None)
@given(st.lists(ROW, max_size=12))
def test_the_sum_of_a_row_is_of_its_values_alone(rows: list[dict[str, object]]) -> None:
    frame = pl.DataFrame(rows, schema=SCHEMA)
    sums = row_sums(frame)
    alone = [int(row_sums(frame[at])[0]) for at in range(len(frame))]
    assert sums.tolist() == alone
    columns = frame.select(reversed(frame.columns)).with_columns(new=pl.lit(None, pl.String))
    assert np.array_equal(row_sums(columns), sums)
    assert np.array_equal(unpacked(packed(sums)), sums)


def test_row_sums_are_those_of_the_first_ledgers() -> None:
    """A change of these numbers would blind `verify` for every ledger there is."""
    frame = pl.DataFrame(
        {
            "key": ["P/F/1", "P/面粉/批次-20240101", None, ""],
            "n": [1, None, -5, 0],
            "x": [0.1, 2.5, None, 0.0],
            "yes": [True, False, None, None],
        },
        schema=SCHEMA,
    )
    assert row_sums(frame).tolist() == [4183809, 13577820, 1021567, 16644529]
