"""What was edited, reordered, lost or torn is found, named, and never served."""

from __future__ import annotations

import random
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from graph_model.errors import LedgerError
from graph_model.ledger import Fault, Ledger
from graph_model.ledger.verify import row_hash

ROWS = 250
PARQUET = "00000002-item.parquet"


def items(first: int, count: int) -> dict[str, pl.DataFrame]:
    codes = [f"{n:05}" for n in range(first, first + count)]
    frame = pl.DataFrame({"item_code": codes, "item_name": codes})
    return {"Item": frame.with_columns(key="P/" + pl.col("item_code"), company=pl.lit("P"))}


@pytest.fixture(scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, tuple[int, str]]:
    """Four batches: inline, file, inline, inline."""
    folder = tmp_path_factory.mktemp("sealed")
    with Ledger(folder) as ledger:
        for first, count in [(0, 3), (100, ROWS), (1000, 2), (2000, 1)]:
            ledger.append(items(first, count), source="erp", who="Tester")
        return folder, ledger.head()


@pytest.fixture
def folder(sealed: tuple[Path, tuple[int, str]], tmp_path: Path) -> Path:
    return Path(shutil.copytree(sealed[0], tmp_path / "data"))


@pytest.fixture
def head(sealed: tuple[Path, tuple[int, str]]) -> tuple[int, str]:
    return sealed[1]


def run(folder: Path, *statements: str) -> None:
    with closing(sqlite3.connect(folder / "ledger.sqlite")) as database, database:
        for statement in statements:
            database.execute(statement)


def rehash(folder: Path, number: int) -> None:
    """Gives an edited row the hash that fits it, as a forger would."""
    with closing(sqlite3.connect(folder / "ledger.sqlite")) as database, database:
        database.row_factory = sqlite3.Row
        row: dict[str, Any] = dict(
            database.execute("SELECT * FROM batch WHERE number = ?", [number]).fetchone()
        )
        database.execute("UPDATE batch SET hash = ? WHERE number = ?", [row_hash(row), number])


def faults(folder: Path, *heads: tuple[int, str]) -> list[Fault]:
    with Ledger(folder) as ledger:
        return ledger.verify(heads)


def named(folder: Path) -> list[tuple[int, str, str]]:
    """Faults by batch and file."""
    return [(fault.batch, fault.what, fault.file) for fault in faults(folder)]


def refused(folder: Path) -> LedgerError:
    """The error of asking this ledger for its facts."""
    with pytest.raises(LedgerError) as error, Ledger(folder) as ledger:
        ledger.fold()
    return error.value


def test_what_is_as_written_has_no_faults(folder: Path, head: tuple[int, str]) -> None:
    assert faults(folder, head, (0, "")) == []
    with Ledger(folder) as ledger:
        assert len(ledger.fold().tables["Item"]) == ROWS + 6


def flips(size: int) -> Iterator[int]:
    chosen = random.Random(20261123)
    yield from (0, size // 2, size - 1, *(chosen.randrange(size) for _ in range(12)))


def test_each_flipped_bit_of_a_file_is_found_and_not_served(folder: Path) -> None:
    file = folder / "batches" / PARQUET
    good = file.read_bytes()
    for at in flips(len(good)):
        bad = bytearray(good)
        bad[at] ^= 1 << at % 8
        file.write_bytes(bad)
        assert named(folder) == [(2, "edited", PARQUET)]
        assert refused(folder).params == {"batch": 2, "file": PARQUET}


@pytest.mark.parametrize("keep", [0, 1, 100, -1])
def test_a_torn_file_is_found_and_not_served(folder: Path, keep: int) -> None:
    file = folder / "batches" / PARQUET
    file.write_bytes(file.read_bytes()[:keep])
    assert faults(folder) == [Fault(2, "edited", PARQUET)]
    assert refused(folder).code == "batch_unreadable"


def test_another_sealed_file_in_its_place_is_found(folder: Path) -> None:
    items(100, ROWS)["Item"].write_parquet(folder / "batches" / PARQUET)
    assert named(folder) == [(2, "edited", PARQUET)]


def test_a_lost_file_is_named(folder: Path) -> None:
    (folder / "batches" / PARQUET).unlink()
    assert faults(folder) == [Fault(2, "lost", PARQUET)]
    assert refused(folder).params == {"batch": 2, "file": PARQUET}


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ("UPDATE payload SET data = CAST(data || x'00' AS BLOB) WHERE batch = 3", "edited"),
        ("UPDATE payload SET data = CAST(data AS TEXT) WHERE batch = 3", "lost"),
        ("UPDATE payload SET data = x'' WHERE batch = 3", "edited"),
        ("UPDATE payload SET data = 'text' WHERE batch = 3", "edited"),
        ("DELETE FROM payload WHERE batch = 3", "lost"),
    ],
)
def test_an_inline_payload_is_guarded_like_a_file(folder: Path, change: str, what: str) -> None:
    run(folder, change)
    assert faults(folder) == [Fault(3, what, "Item")]
    refused(folder)


@pytest.mark.parametrize(
    "change",
    [
        "who = 'p-0000000000000000'",
        "at = '2020-01-01T00:00:00.000+00:00'",
        "note = 'nothing to see'",
        "voids = 1",
        "source = 'wms'",
        "schema_version = 0",
        "files = '{}'",
        "files = '{'",
        "previous = ''",
        "hash = 'ff'",
    ],
)
def test_an_edited_manifest_row_is_named_first(folder: Path, change: str) -> None:
    run(folder, f"UPDATE batch SET {change} WHERE number = 2")
    assert faults(folder)[0] == Fault(2, "manifest_edited")
    assert refused(folder).params == {"batch": 2, "file": "manifest"}


def test_an_edited_row_with_a_new_hash_breaks_the_chain_after_it(
    folder: Path, head: tuple[int, str]
) -> None:
    run(folder, "UPDATE batch SET note = 'forged' WHERE number = 2")
    rehash(folder, 2)
    assert faults(folder, head) == [Fault(3, "chain_broken")]
    refused(folder)


def test_a_forged_last_row_differs_from_the_head_kept_elsewhere(
    folder: Path, head: tuple[int, str]
) -> None:
    run(folder, "UPDATE batch SET note = 'forged' WHERE number = 4")
    rehash(folder, 4)
    assert faults(folder) == []
    assert faults(folder, head) == [Fault(4, "head_differs")]


def test_reordered_batches_are_named(folder: Path) -> None:
    swap = [(3, 99), (4, 3), (99, 4)]
    run(
        folder,
        *(
            f"UPDATE {table} SET {column} = {new} WHERE {column} = {old}"
            for table, column in (("batch", "number"), ("payload", "batch"))
            for old, new in swap
        ),
    )
    assert faults(folder)[0] == Fault(3, "reordered")
    refused(folder)


def test_a_repeated_link_is_reordered_even_with_a_fitting_hash(folder: Path) -> None:
    run(
        folder,
        "UPDATE batch SET previous = (SELECT hash FROM batch WHERE number = 1) WHERE number = 3",
    )
    rehash(folder, 3)
    assert faults(folder)[0] == Fault(3, "reordered")


@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_lost_batch_is_named(folder: Path, number: int) -> None:
    run(folder, f"DELETE FROM batch WHERE number = {number}")
    assert faults(folder) == [Fault(number, "lost")]
    assert refused(folder).params == {"batch": number, "file": "manifest"}


def test_a_fault_after_a_lost_batch_is_found_too(folder: Path) -> None:
    run(folder, "DELETE FROM batch WHERE number = 1", "DELETE FROM payload WHERE batch = 3")
    assert faults(folder) == [Fault(1, "lost"), Fault(3, "lost", "Item")]


def test_a_lost_batch_with_closed_ranks_is_found(folder: Path) -> None:
    run(
        folder,
        "DELETE FROM batch WHERE number = 3",
        "UPDATE batch SET number = 3 WHERE number = 4",
    )
    assert faults(folder)[0] == Fault(3, "manifest_edited")
    rehash(folder, 3)
    assert faults(folder)[0] == Fault(3, "chain_broken")


def test_a_cut_off_tail_is_found_against_a_head_kept_elsewhere(
    folder: Path, head: tuple[int, str]
) -> None:
    run(folder, "DELETE FROM batch WHERE number = 4", "DELETE FROM payload WHERE batch = 4")
    assert faults(folder) == []
    assert faults(folder, head) == [Fault(4, "tail_lost")]
    with Ledger(folder) as ledger:
        ledger.append(items(5000, 1), source="erp", who="Tester")
    assert faults(folder, head) == [Fault(4, "head_differs")]


def test_an_empty_ledger_where_there_was_one_is_found(
    tmp_path: Path, head: tuple[int, str]
) -> None:
    assert faults(tmp_path, head) == [Fault(4, "tail_lost")]


def test_a_reader_that_is_open_meanwhile_serves_no_cut_off_batch(folder: Path) -> None:
    with Ledger(folder) as ledger:
        assert "P/02000" in ledger.fold().tables["Item"]["key"]
        run(folder, "DELETE FROM batch WHERE number = 4")
        assert "P/02000" not in ledger.fold().tables["Item"]["key"]


@pytest.mark.parametrize("keep", [10, 100, 5000, 0.5])
def test_a_torn_records_database_is_said_to_be_one(folder: Path, keep: float) -> None:
    file = folder / "ledger.sqlite"
    raw = file.read_bytes()
    file.write_bytes(raw[: int(keep if keep > 1 else len(raw) * keep)])
    with pytest.raises(LedgerError) as error, Ledger(folder) as ledger:
        ledger.fold()
    assert error.value.params["file"] == str(file)


def test_flipped_bits_of_the_records_database_never_change_a_fact(folder: Path) -> None:
    with Ledger(folder) as ledger:
        good = ledger.fold().tables["Item"]
    file = folder / "ledger.sqlite"
    raw = file.read_bytes()
    for at in flips(len(raw)):
        bad = bytearray(raw)
        bad[at] ^= 1 << at % 8
        file.write_bytes(bad)
        for side in ("-wal", "-shm"):
            file.with_name(file.name + side).unlink(missing_ok=True)
        try:
            with Ledger(folder) as ledger:
                assert ledger.fold().tables["Item"].equals(good)
        except LedgerError:
            pass  # found and not served
