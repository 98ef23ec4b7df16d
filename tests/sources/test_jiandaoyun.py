"""Jiandaoyun against its emulator: the whole demo plant, faults, pushes, what is confirmed."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from graph_model.errors import BadInput, NotSignedIn, SourceError
from graph_model.i18n import text
from graph_model.schema import Consumed
from graph_model.settings import Settings
from loaders import demo_plant
from loaders.plant.sheets import BY_NAME
from loaders.sources import config
from loaders.sources.forms import written
from loaders.sources.jiandaoyun import Jiandaoyun, check_push
from loaders.sources.state import States
from tests.emulators.base import Told, serving
from tests.emulators.jiandaoyun import (
    APP,
    KEY,
    PUSH_SECRET,
    JiandaoyunEmulator,
    forms_of,
    push,
)
from tests.sources.conftest import (
    NewPuller,
    Puller,
    Sheets,
    entered,
    from_files,
    graph_hash,
    sourced,
)

SECRETS = {"jdy.key": KEY, "jdy.push_secret": PUSH_SECRET}


def toml(address: str) -> str:
    """`sources.toml` without any mapping."""
    return f"""
[network]
allow = ["127.0.0.1"]
private = ["127.0.0.1"]

[jdy]
kind = "jiandaoyun"
address = "{address}/api"
app_id = "{APP}"
"""


def confirm(puller: Puller) -> None:
    """Keeps what is proposed, as `--confirm` does."""
    with closing(puller.open("jdy")) as source:
        proposed = source.propose()
    with config.path(puller.settings).open("a", encoding="utf-8") as file:
        file.writelines("\n" + written("jdy", each.form) for each in proposed.proposals)


FEW = ("receipts", "work_orders", "issues", "outputs", "complaints")


def serves(sheets: Sheets) -> JiandaoyunEmulator:
    """Sheets as forms, without the vendor's limit."""
    made = JiandaoyunEmulator(forms_of(entered(sheets)))
    made.per_second = 10_000
    return made


@pytest.fixture
def emulator(demo: demo_plant.Plant) -> JiandaoyunEmulator:
    """Some of the demo plant as forms."""
    return serves({name: demo.sheets[name] for name in FEW})


@pytest.fixture
def pulling(emulator: JiandaoyunEmulator, puller: NewPuller) -> Iterator[Puller]:
    """A plant whose mapping is confirmed."""
    with serving(emulator) as address:
        made = puller(toml(address), SECRETS)
        confirm(made)
        yield made


def test_a_plant_pulled_has_the_graph_of_its_files(
    demo: demo_plant.Plant, puller: NewPuller, tmp_path: Path
) -> None:
    with serving(serves(demo.sheets)) as address:
        pulling = puller(toml(address), SECRETS)
        confirm(pulling)
        assert pulling.pull("jdy").batches
    with from_files(sourced(entered(demo.sheets), "jdy"), tmp_path / "files") as plant:
        assert graph_hash(pulling.plant) == graph_hash(plant)
    facts = pulling.plant.facts()[Consumed].filter(source="jdy.issues")
    assert set(facts["_file"]) == {"jdy:生产领料"}
    assert facts["_sheet"].str.contains("^(IS|RW)").all()


def test_a_second_pull_adds_nothing(pulling: Puller) -> None:
    first = pulling.pull("jdy")
    again = pulling.pull("jdy")
    assert first.batches
    assert again.batches == []
    assert all(count.read == count.already_known for count in again.counts.values())
    whole = pulling.pull("jdy", full=True)
    assert whole.batches == []
    assert whole.rows.keys() == first.rows.keys()


def test_nothing_is_pulled_before_a_mapping_is_confirmed(
    emulator: JiandaoyunEmulator, puller: NewPuller
) -> None:
    with serving(emulator) as address, pytest.raises(BadInput, match="propose"):
        puller(toml(address), SECRETS).pull("jdy")


def test_the_production_template_is_recognised(
    emulator: JiandaoyunEmulator, puller: NewPuller
) -> None:
    usual = {"work_orders": "生产工单", "issues": "生产领料", "outputs": "生产入库"}
    by_sheet = {form.name: form for form in emulator.forms.values()}
    for sheet, title in usual.items():
        by_sheet[text(f"import.sheet.{sheet}", "zh_CN")].name = title
    by_sheet["客诉"].name = "下午茶订购"
    with serving(emulator) as address:
        opened = puller(toml(address), SECRETS).open("jdy")
        with closing(opened) as source:
            proposed = source.propose()
    found = {each.form.title: each.form for each in proposed.proposals}
    assert {found[title].sheet for title in usual.values()} == usual.keys()
    assert proposed.unread == ("下午茶订购",)
    issues = found["生产领料"]
    assert issues.part == "明细"
    assert issues.fields["lot_no"] == ("明细.批次号",)
    assert set(issues.fields) <= set(BY_NAME["issues"].fields)


def test_a_change_is_taken_and_a_short_page_is_not_the_end(
    emulator: JiandaoyunEmulator, pulling: Puller
) -> None:
    emulator.short = 37
    pulling.pull("jdy")
    issues = next(form for form in emulator.forms.values() if form.name == "生产领料")
    assert len(pulling.plant.facts()[Consumed].filter(source="jdy.issues")) == len(issues.rows)
    lot = next(widget for widget in issues.widgets if widget["type"] == "subform")
    name = next(inner["name"] for inner in lot["items"] if inner["label"] == "批次号")
    row = issues.rows[3]
    row[lot["name"]][0][name] = "L-CHANGED"
    row["updateTime"] = "2026-11-27T08:00:00.000Z"
    assert len(pulling.pull("jdy").batches) == 1
    assert "L-CHANGED" in set(pulling.plant.facts()[Consumed]["lot_no"])
    # From now on only what changed since the day before that is asked for.
    assert pulling.pull("jdy").rows["生产领料"] == 1


@pytest.mark.parametrize("fault", [
    Told({"code": 8303, "msg": "超出请求频率限制"}, 400),
    Told("too many", 429, {"retry-after": "0"}),
    Told("bad gateway", 502),
    None,
])  # fmt: skip
def test_what_passes_is_waited_for(
    emulator: JiandaoyunEmulator, pulling: Puller, fault: Told | None
) -> None:
    emulator.faults = [lambda asked: fault] * 3
    assert pulling.pull("jdy").batches


def test_an_expired_key_is_an_error_and_the_next_pull_goes_on(
    emulator: JiandaoyunEmulator, pulling: Puller
) -> None:
    emulator.key = "another"
    with pytest.raises(SourceError, match="API Key"):
        pulling.pull("jdy")
    assert pulling.plant.ledger.head()[0] == 0
    assert "source_refused" in str(States(pulling.plant.ledger.records).get("jdy").error)
    emulator.key = KEY
    assert pulling.pull("jdy").batches
    assert States(pulling.plant.ledger.records).get("jdy").error is None


def test_a_field_that_is_gone_is_an_error(emulator: JiandaoyunEmulator, pulling: Puller) -> None:
    issues = next(form for form in emulator.forms.values() if form.name == "生产领料")
    issues.widgets[-1]["items"][0]["label"] = "另一个标题"
    with pytest.raises(SourceError) as failed:
        pulling.pull("jdy")
    assert failed.value.code == "source_field_missing"


def test_an_empty_answer_where_there_was_data_is_an_error(
    emulator: JiandaoyunEmulator, pulling: Puller
) -> None:
    pulling.pull("jdy")
    issues = next(form for form in emulator.forms.values() if form.name == "生产领料")
    kept, issues.rows = issues.rows, []
    for full in (False, True):
        with pytest.raises(SourceError) as failed:
            pulling.pull("jdy", full=full)
        assert failed.value.code == "source_empty"
    issues.rows = kept
    assert pulling.pull("jdy").batches == []
    issues.rows = []
    assert pulling.pull("jdy", accept_empty=True).batches == []


def test_the_vendors_limit_is_kept(emulator: JiandaoyunEmulator, pulling: Puller) -> None:
    emulator.per_second = 30
    settings = Settings.model_validate({"source_secrets": SECRETS})
    source = Jiandaoyun(pulling.configured("jdy"), settings)
    forms = [next(iter(emulator.forms.values()))] * 32
    emulator.forms = {str(nth): replace(form, entry_id=str(nth)) for nth, form in enumerate(forms)}
    before, begun = len(emulator.asked), time.monotonic()
    with closing(source):
        source.offers()
    asked = len(emulator.asked) - before
    assert asked == len(emulator.forms) + 2  # none was refused, so none was asked again
    assert asked > 30
    assert time.monotonic() - begun >= 1


def test_a_push_is_taken_once(emulator: JiandaoyunEmulator, pulling: Puller) -> None:
    pulling.pull("jdy")
    issues = next(form for form in emulator.forms.values() if form.name == "生产领料")
    row = {**issues.rows[0], "_id": "f" * 24, "updateTime": "2026-11-28T01:00:00.000Z"}
    number = next(widget["name"] for widget in issues.widgets if widget["label"] == "单据编号")
    row[number] = "IS-PUSHED"
    states = States(pulling.plant.ledger.records)
    assert states.keep("jdy", "d-1", {"op": "data_create", "data": row})
    assert not states.keep("jdy", "d-1", {"op": "data_create", "data": row})
    assert len(pulling.pull("jdy").batches) == 1
    assert states.waiting("jdy") == {}
    assert not states.keep("jdy", "d-1", {"op": "data_create", "data": row})
    pushed = pulling.plant.facts()[Consumed].filter(_sheet="IS-PUSHED")
    assert set(pushed["status"]) == {"posted"}
    states.keep("jdy", "d-2", {"op": "data_remove", "data": row})
    pulling.pull("jdy")
    pushed = pulling.plant.facts()[Consumed].filter(_sheet="IS-PUSHED")
    assert set(pushed["status"]) == {"cancelled"}


def test_a_push_has_to_be_signed_and_fresh() -> None:
    now = time.time()
    query, headers, payload = push({"_id": "1"}, "data_create", "deliver-1", now)
    nonce, timestamp = (part.partition("=")[2] for part in query.split("&"))
    said = headers["X-JDY-Signature"]
    check_push(PUSH_SECRET, payload, nonce, timestamp, said, now + 300)
    for wrong in (
        (PUSH_SECRET, payload + " ", nonce, timestamp, said, now),
        ("another", payload, nonce, timestamp, said, now),
        (PUSH_SECRET, payload, nonce, timestamp, said, now + 900),
        (PUSH_SECRET, payload, nonce, timestamp, "", now),
    ):
        with pytest.raises(NotSignedIn):
            check_push(*wrong)
