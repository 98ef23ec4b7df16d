"""What was edited, reordered, lost or torn is found, named, and never served."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from graph_model.errors import LedgerError
from graph_model.ledger import Fault
from graph_model.ledger.verify import row_hash
from tests.unit.conftest import Home, NewHome

ROWS = 250
PARQUET = "00000002-item.parquet"


def items(first: int, count: int) -> dict[str, pl.DataFrame]:
    codes = [f"{n:05}" for n in range(first, first + count)]
    frame = pl.DataFrame({"item_code": codes, "item_name": codes})
    return {"Item": frame.with_columns(key="P/" + pl.col("item_code"), company=pl.lit("P"))}


def written(home: Home) -> Home:
    """Four batches: inline, file, inline, inline."""
    with home.open() as ledger:
        for first, count in [(0, 3), (100, ROWS), (1000, 2), (2000, 1)]:
            ledger.append(items(first, count), source="erp", who="Tester")
    return home


@pytest.fixture
def home(new_home: NewHome) -> Home:
    """A ledger of four batches."""
    return written(new_home())


@pytest.fixture
def sqlite_home(tmp_path: Path) -> Home:
    """The same, where the records database is a file."""
    return written(Home(tmp_path, f"sqlite:///{tmp_path / 'ledger.sqlite'}"))


@pytest.fixture
def head(home: Home) -> tuple[int, str]:
    with home.open() as ledger:
        return ledger.head()


def change_all(home: Home, *statements: str) -> None:
    for statement in statements:
        home.run(statement)


def rehash(home: Home, number: int) -> None:
    """Gives an edited row the hash that fits it, as a forger would."""
    (row,) = home.run("SELECT * FROM batch WHERE number = :n", n=number)
    home.run("UPDATE batch SET hash = :hash WHERE number = :n", hash=row_hash(row), n=number)


def faults(home: Home, *heads: tuple[int, str]) -> list[Fault]:
    with home.open() as ledger:
        return ledger.verify(heads)


def named(home: Home) -> list[tuple[int, str, str]]:
    """Faults by batch and file."""
    return [(fault.batch, fault.what, fault.file) for fault in faults(home)]


def refused(home: Home) -> LedgerError:
    """The error of asking this ledger for its facts."""
    with pytest.raises(LedgerError) as error, home.open() as ledger:
        ledger.fold()
    return error.value


def test_what_is_as_written_has_no_faults(home: Home, head: tuple[int, str]) -> None:
    assert faults(home, head, (0, "")) == []
    with home.open() as ledger:
        assert len(ledger.fold().tables["Item"]) == ROWS + 6


def flips(size: int) -> Iterator[int]:
    chosen = random.Random(20261123)
    yield from (0, size // 2, size - 1, *(chosen.randrange(size) for _ in range(12)))


def test_each_flipped_bit_of_a_file_is_found_and_not_served(home: Home) -> None:
    file = home.folder / "batches" / PARQUET
    good = file.read_bytes()
    for at in flips(len(good)):
        bad = bytearray(good)
        bad[at] ^= 1 << at % 8
        file.write_bytes(bad)
        assert named(home) == [(2, "edited", PARQUET)]
        assert refused(home).params == {"batch": 2, "file": PARQUET}


@pytest.mark.parametrize("keep", [0, 1, 100, -1])
def test_a_torn_file_is_found_and_not_served(home: Home, keep: int) -> None:
    file = home.folder / "batches" / PARQUET
    file.write_bytes(file.read_bytes()[:keep])
    assert faults(home) == [Fault(2, "edited", PARQUET)]
    assert refused(home).code == "batch_unreadable"


def test_another_sealed_file_in_its_place_is_found(home: Home) -> None:
    items(100, ROWS)["Item"].write_parquet(home.folder / "batches" / PARQUET)
    assert named(home) == [(2, "edited", PARQUET)]


def test_a_lost_file_is_named(home: Home) -> None:
    (home.folder / "batches" / PARQUET).unlink()
    assert faults(home) == [Fault(2, "lost", PARQUET)]
    assert refused(home).params == {"batch": 2, "file": PARQUET}


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (
            "UPDATE payload SET data = (SELECT data FROM payload WHERE batch = 4) WHERE batch = 3",
            "replaced",
        ),
        ("UPDATE payload SET data = :data WHERE batch = 3", "edited"),
        ("DELETE FROM payload WHERE batch = 3", "lost"),
    ],
)
def test_an_inline_payload_is_guarded_like_a_file(home: Home, change: str, what: str) -> None:
    home.run(change, **({"data": b"text"} if ":data" in change else {}))
    assert named(home) == [(3, what, "Item")]
    refused(home)


@pytest.mark.parametrize("data", ["CAST(data AS TEXT)", "'text'", "x''"])
def test_text_in_the_place_of_bytes_is_found(sqlite_home: Home, data: str) -> None:
    """SQLite keeps any type in any column."""
    sqlite_home.run(f"UPDATE payload SET data = {data} WHERE batch = 3")
    (fault,) = faults(sqlite_home)
    assert (fault.batch, fault.file) == (3, "Item")
    refused(sqlite_home)


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
def test_an_edited_manifest_row_is_named_first(home: Home, change: str) -> None:
    home.run(f"UPDATE batch SET {change} WHERE number = 2")
    assert faults(home)[0] == Fault(2, "manifest_edited")
    assert refused(home).params == {"batch": 2, "file": "manifest"}


def test_an_edited_row_with_a_new_hash_breaks_the_chain_after_it(
    home: Home, head: tuple[int, str]
) -> None:
    home.run("UPDATE batch SET note = 'forged' WHERE number = 2")
    rehash(home, 2)
    assert faults(home, head) == [Fault(3, "chain_broken")]
    refused(home)


def test_a_forged_last_row_differs_from_the_head_kept_elsewhere(
    home: Home, head: tuple[int, str]
) -> None:
    home.run("UPDATE batch SET note = 'forged' WHERE number = 4")
    rehash(home, 4)
    assert faults(home) == []
    assert faults(home, head) == [Fault(4, "head_differs")]


def test_reordered_batches_are_named(home: Home) -> None:
    swap = [(3, 99), (4, 3), (99, 4)]
    change_all(
        home,
        *(
            f"UPDATE {table} SET {column} = {new} WHERE {column} = {old}"
            for table, column in (("batch", "number"), ("payload", "batch"))
            for old, new in swap
        ),
    )
    assert faults(home)[0] == Fault(3, "reordered")
    refused(home)


def test_a_repeated_link_is_reordered_even_with_a_fitting_hash(home: Home) -> None:
    change_all(
        home,
        "UPDATE batch SET previous = (SELECT hash FROM batch WHERE number = 1) WHERE number = 3",
    )
    rehash(home, 3)
    assert faults(home)[0] == Fault(3, "reordered")


@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_lost_batch_is_named(home: Home, number: int) -> None:
    home.run(f"DELETE FROM batch WHERE number = {number}")
    assert faults(home) == [Fault(number, "lost")]
    assert refused(home).params == {"batch": number, "file": "manifest"}


def test_a_fault_after_a_lost_batch_is_found_too(home: Home) -> None:
    change_all(home, "DELETE FROM batch WHERE number = 1", "DELETE FROM payload WHERE batch = 3")
    assert faults(home) == [Fault(1, "lost"), Fault(3, "lost", "Item")]


def test_a_lost_batch_with_closed_ranks_is_found(home: Home) -> None:
    change_all(
        home,
        "DELETE FROM batch WHERE number = 3",
        "UPDATE batch SET number = 3 WHERE number = 4",
    )
    assert faults(home)[0] == Fault(3, "manifest_edited")
    rehash(home, 3)
    assert faults(home)[0] == Fault(3, "chain_broken")


def test_a_cut_off_tail_is_found_against_a_head_kept_elsewhere(
    home: Home, head: tuple[int, str]
) -> None:
    change_all(home, "DELETE FROM batch WHERE number = 4", "DELETE FROM payload WHERE batch = 4")
    assert faults(home) == []
    assert faults(home, head) == [Fault(4, "tail_lost")]
    with home.open() as ledger:
        ledger.append(items(5000, 1), source="erp", who="Tester")
    assert faults(home, head) == [Fault(4, "head_differs")]


def test_an_empty_ledger_where_there_was_one_is_found(
    new_home: NewHome, head: tuple[int, str]
) -> None:
    assert faults(new_home(), head) == [Fault(4, "tail_lost")]


def test_a_reader_that_is_open_meanwhile_serves_no_cut_off_batch(home: Home) -> None:
    with home.open() as ledger:
        assert "P/02000" in ledger.fold().tables["Item"]["key"]
        home.run("DELETE FROM batch WHERE number = 4")
        assert "P/02000" not in ledger.fold().tables["Item"]["key"]


@pytest.mark.parametrize("keep", [10, 100, 5000, 0.5])
def test_a_torn_records_database_is_said_to_be_one(sqlite_home: Home, keep: float) -> None:
    file = sqlite_home.folder / "ledger.sqlite"
    raw = file.read_bytes()
    file.write_bytes(raw[: int(keep if keep > 1 else len(raw) * keep)])
    with pytest.raises(LedgerError) as error, sqlite_home.open() as ledger:
        ledger.fold()
    assert error.value.params["file"] == str(file)


def test_flipped_bits_of_the_records_database_never_change_a_fact(sqlite_home: Home) -> None:
    with sqlite_home.open() as ledger:
        good = ledger.fold().tables["Item"]
    file = sqlite_home.folder / "ledger.sqlite"
    raw = file.read_bytes()
    for at in flips(len(raw)):
        bad = bytearray(raw)
        bad[at] ^= 1 << at % 8
        file.write_bytes(bad)
        for side in ("-wal", "-shm"):
            file.with_name(file.name + side).unlink(missing_ok=True)
        try:
            with sqlite_home.open() as ledger:
                assert ledger.fold().tables["Item"].equals(good)
        except LedgerError:
            pass  # found and not served
