"""Names of people stand in the records database only, and can be made unreadable for good."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
import sqlalchemy as sa

from graph_model.ledger import Ledger
from graph_model.records import PAYLOAD, PERSON, Records
from graph_model.schema import Consumed, Person

NAME = "欧阳测试者 Zoltan Q."
OTHER = "Wilhelmina Probe"


def people(pseudonym: str, count: int) -> dict[str, pl.DataFrame]:
    """A person and their movements, by pseudonym."""
    person = pl.DataFrame({"key": [pseudonym], "pseudonym": [pseudonym], "role": ["operator"]})
    rows = pl.select(key="K" + pl.int_range(count).cast(pl.String))
    moves = rows.with_columns(operation=pl.lit("P/produce/W1"), person=pl.lit(pseudonym))
    return {"Person": person, "Consumed": moves}


def holding(folder: Path, name: str) -> set[str]:
    """Files whose bytes contain the name."""
    encodings = (name.encode(), name.encode("utf-16-le"), name.encode("gb18030"))
    return {
        file.name
        for file in folder.rglob("*")
        if file.is_file() and any(raw in file.read_bytes() for raw in encodings)
    }


@pytest.fixture
def records(tmp_path: Path) -> Iterator[Records]:
    opened = Records(f"sqlite:///{tmp_path / 'ledger.sqlite'}")
    yield opened
    opened.close()


def test_the_same_name_has_the_same_pseudonym_after_reopening(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'a.sqlite'}"
    first = Records(url)
    pseudonym = first.pseudonym(NAME)
    first.close()
    again = Records(url)
    assert again.pseudonym(f" {NAME} ") == pseudonym != again.pseudonym(OTHER)
    again.close()
    elsewhere = Records(f"sqlite:///{tmp_path / 'b.sqlite'}")
    assert elsewhere.pseudonym(NAME) != pseudonym  # keyed: not to be guessed without the key
    elsewhere.close()
    assert NAME not in pseudonym


def test_names_are_told_by_pseudonym(records: Records) -> None:
    one, two = records.pseudonym(NAME), records.pseudonym(OTHER)
    records.remember({one: NAME, two: OTHER})
    records.remember({one: NAME})
    assert records.names([one, "p-unknown"]) == {one: NAME}
    assert records.names([one, two]) == {one: NAME, two: OTHER}
    records.remember({})


def test_the_forgotten_stay_forgotten_when_imported_again(records: Records) -> None:
    one, two = records.pseudonym(NAME), records.pseudonym(OTHER)
    records.remember({one: NAME, two: OTHER})
    records.forget(one)
    records.forget("p-unknown")
    assert records.names([one, two, "p-unknown"]) == {two: OTHER}
    records.remember({one: NAME})
    assert records.names([one]) == {}


@pytest.mark.parametrize("count", [3, 500])
def test_a_name_stands_in_no_ledger_file_and_after_forgetting_in_no_file(
    tmp_path: Path, count: int
) -> None:
    with Ledger(tmp_path) as ledger:
        pseudonym = ledger.records.pseudonym(NAME)
        who = ledger.records.pseudonym(OTHER)
        batch = ledger.append(
            people(pseudonym, count), source="erp", who=OTHER, names={pseudonym: NAME}
        )
        assert batch.who == who
        assert ledger.fold()[Person]["key"].to_list() == [pseudonym]
        assert ledger.fold()[Consumed]["person"].unique().to_list() == [pseudonym]
        with ledger.records.engine.connect() as connection:
            inline = b"".join(connection.execute(sa.select(PAYLOAD.c.data)).scalars())
            kept = dict(connection.execute(sa.select(PERSON.c.pseudonym, PERSON.c.name)).all())
        assert NAME.encode() not in inline
        assert kept == {pseudonym: NAME, who: OTHER}
        head = ledger.head()
    for name in (NAME, OTHER):
        assert holding(tmp_path, name) == {"ledger.sqlite"}

    with Ledger(tmp_path) as ledger:
        ledger.records.forget(pseudonym)
        ledger.records.forget(who)
        for name in (NAME, OTHER):
            assert holding(tmp_path, name) == set()
        assert ledger.records.names([pseudonym, who]) == {}
        assert ledger.verify([head]) == []
        assert len(ledger.fold()[Consumed]) == count


def test_two_processes_may_open_a_new_folder_at_once(tmp_path: Path) -> None:
    program = (
        "import sys; from graph_model.records import Records;"
        f"print(Records('sqlite:///{tmp_path / 'ledger.sqlite'}').pseudonym('x'))"
    )
    started = [
        subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    told = [process.communicate(timeout=60)[0] for process in started]
    assert [process.returncode for process in started] == [0] * 4
    assert len(set(told)) == 1
