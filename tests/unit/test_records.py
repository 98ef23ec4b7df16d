"""Names of people stand in the records database only, and can be made unreadable for good."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import polars as pl
import pytest
import sqlalchemy as sa

from graph_model.errors import Locked, LotgraphError
from graph_model.ledger import Ledger
from graph_model.records import PAYLOAD, PERSON, Records
from graph_model.schema import Consumed, Person
from tests.unit.conftest import Home, NewHome

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
def records(home: Home) -> Iterator[Records]:
    opened = Records(home.url)
    yield opened
    opened.close()


def test_the_same_name_has_the_same_pseudonym_after_reopening(new_home: NewHome) -> None:
    home = new_home()
    with closing(Records(home.url)) as first:
        pseudonym = first.pseudonym(NAME)
    with closing(Records(home.url)) as again:
        assert again.pseudonym(f" {NAME} ") == pseudonym != again.pseudonym(OTHER)
    with closing(Records(new_home().url)) as elsewhere:
        assert elsewhere.pseudonym(NAME) != pseudonym  # keyed: not to be guessed without the key
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


def test_two_processes_may_open_a_new_folder_at_once(home: Home) -> None:
    program = (
        "import sys; from graph_model.records import Records;"
        f"print(Records({home.url!r}).pseudonym('x'))"
    )
    started = [
        subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    told = [process.communicate(timeout=60)[0] for process in started]
    assert [process.returncode for process in started] == [0] * 4
    assert len(set(told)) == 1


def test_on_a_server_no_importer_starts_before_the_last_one_has_ended(server_home: Home) -> None:
    """A killed client's commit may still be under way; its files must not be written over."""
    url = server_home.url
    with closing(Records(url)) as one, closing(Records(url)) as two:
        for first, second in ((one, two), (two, one)):
            with first.importing(), pytest.raises(Locked), second.importing():
                pass


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("postgresql://x:secret@/nothing?host=/nowhere", "records_unreachable"),
        ("oracle://x:secret@nowhere/nothing", "no_database_driver"),
        ("what is this", "bad_database_url"),
    ],
)
def test_a_database_that_cannot_be_used_is_said_to_be_one(url: str, code: str) -> None:
    with pytest.raises(LotgraphError) as refused:
        Records(url)
    assert refused.value.code == code
    assert "secret" not in str(refused.value)
