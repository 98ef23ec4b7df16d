"""Numbers with commas, people by name, delays as proposed, times and numbers of things in words."""

from __future__ import annotations

import json
import string
from collections.abc import Iterator
from pathlib import Path

import pytest

from graph_model import interval, network
from graph_model.errors import Ambiguous, BadInput
from graph_model.i18n import LANGUAGES, catalogue, text, time_text, use_timezone
from graph_model.lineage import Lineage
from graph_model.plant import Plant
from graph_model.schema import Decision
from graph_model.settings import Settings
from loaders import intake
from queries.given import lot_names
from tests.facts import fold
from tests.unit.test_cli import lotgraph

HOUR = 3_600_000_000


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A plant with a number that has a comma, a named operator and late entries."""
    folder = tmp_path_factory.mktemp("plant")
    (folder / "people.csv").write_text("person_code,person_name\nE1,Zhang San\nE2,Li Si\n", "utf-8")
    (folder / "issues.csv").write_text(
        "doc_no,doc_line_no,work_order_no,item_code,lot_no,quantity,operator,event_time,entered_at\n"
        'I1,1,W1,A,"S,1",60,E1,2024-03-01 08:00,2024-03-01 10:20\n'
        "I1,2,W1,A,S2,60,E2,2024-03-01 09:00,2024-03-01 08:30\n",
        "utf-8",
    )
    data = tmp_path_factory.mktemp("cli") / "data"
    done = lotgraph(data, "load", str(folder))
    assert done.returncode == 0, done.stderr
    return data


def test_a_number_may_have_a_comma(data: Path) -> None:
    done = lotgraph(data, "ask", "forward", "lots=A/S,1,A/S2", "--json")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("who", ["Zhang San", "E1"])
def test_people_are_found_by_name_and_by_code(data: Path, who: str) -> None:
    done = lotgraph(data, "ask", "lots_of_operator", f"person={who}", "--json")
    assert [row["lot_no"] for row in json.loads(done.stdout)] == ["S,1"]


def test_a_proposed_delay_is_what_the_records_show(data: Path) -> None:
    shared = ("--by", "Wang", "--role", "QA", "--reason", "measured")
    both = lotgraph(data, "decide", "delay", "--source", "issues", "--proposed", "--late", "1h",
                    *shared)  # fmt: skip
    assert both.returncode == BadInput.exit
    unknown = lotgraph(data, "decide", "delay", "--source", "isues", "--proposed", *shared)
    assert unknown.returncode == 4
    assert "issues" in unknown.stderr
    done = lotgraph(data, "decide", "delay", "--source", "issues", "--proposed", *shared)
    assert done.returncode == 0, done.stderr
    assert "2.4 hours late, up to 0.5 hours early" in done.stdout
    with Plant(Settings(data=data)) as plant:
        (bound,) = interval.confirmed_bounds(plant.facts()[Decision]).values()
    # Never below what was seen: 2 h 20 min late, half an hour early.
    assert (bound.late, bound.early) == (24 * HOUR // 10, HOUR // 2)


def test_two_people_of_one_name_are_told_apart(tmp_path: Path) -> None:
    with Plant(Settings(data=tmp_path)) as plant:
        records = plant.ledger.records
        codes = [records.pseudonym(code) for code in ("E1", "E2")]
        records.remember(dict.fromkeys(codes, "Zhang San"))
        with pytest.raises(Ambiguous) as caught:
            records.person("Zhang San")
        assert caught.value.choices == sorted(codes)
        assert records.person("E2") == records.person(codes[1]) == codes[1]


def test_names_with_and_without_commas_are_told_apart(tmp_path: Path) -> None:
    (tmp_path / "issues.csv").write_text(
        'work_order_no,item_code,lot_no\nW1,A,"1,2"\nW1,A,1\nW1,A,3\n', encoding="utf-8"
    )
    lineage = Lineage.of(network.build(fold(intake.read(tmp_path, "plant").tables)))
    assert lot_names(lineage, "1,2") == ["1,2"]
    assert lot_names(lineage, "1, 3") == ["1", "3"]
    assert lot_names(lineage, "3,1,2,9") == ["3", "1,2", "9"]
    assert lot_names(lineage, "1,,") == ["1"]


@pytest.fixture
def _plant_zone() -> Iterator[None]:
    yield
    use_timezone("Asia/Shanghai")


@pytest.mark.usefixtures("_plant_zone")
def test_times_are_told_in_the_zone_of_the_plant(tmp_path: Path) -> None:
    assert time_text(1709262000_000000) == "2024-03-01 11:00+08:00"
    use_timezone("Europe/Berlin")
    assert time_text(1709262000_000000) == "2024-03-01 04:00+01:00"
    with pytest.raises(BadInput):
        Plant(Settings(data=tmp_path, timezone="Moon/Sea"))


def test_one_is_told_in_the_singular() -> None:
    told = text("missing.draft", "en", count=1)
    assert told == "1 movement is a draft; it counts as possible"
    assert text("missing.draft", "en", count=2).startswith("2 movements are drafts; they count")
    assert text("missing.draft", "zh_CN", count=1).startswith("有 1 条")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_no_text_of_an_answer_counts_one_of_many(lang: str) -> None:
    texts = []
    for key, told in catalogue(lang).items():
        if key.startswith("missing."):
            names = [name for _, name, _, _ in string.Formatter().parse(told) if name]
            texts.append(text(key, lang, **dict.fromkeys(names, 1)))
    assert [told for told in texts if told.startswith("1 ") and told.split()[1].endswith("s")] == []
