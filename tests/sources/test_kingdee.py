"""Kingdee against its emulator, asked through the vendor's own kit: a plant, faults, sessions."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from k3cloud_webapi_sdk.main import K3CloudApiSdk

from graph_model.errors import SourceError
from graph_model.schema import Consumed, Lot, Produced
from loaders import demo_plant
from loaders.sources.base import Page
from loaders.sources.forms import profile
from tests.emulators.base import Told, serving
from tests.emulators.kingdee import (
    ACCT,
    APP_ID,
    APP_SECRET,
    USER,
    KingdeeEmulator,
    carried,
    forms_of,
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

TODAY = f"{datetime.now(ZoneInfo('Asia/Shanghai')):%Y-%m-%d}"
FEW = ("receipts", "work_orders", "issues", "outputs", "stock")


def toml(address: str, more: str = "") -> str:
    """`sources.toml` with one account set."""
    return f"""
[network]
allow = ["127.0.0.1"]
private = ["127.0.0.1"]

[erp]
kind = "kingdee"
address = "{address}/k3cloud"
acct_id = "{ACCT}"
user = "{USER}"
app_id = "{APP_ID}"
{more}
"""


@pytest.fixture(scope="module")
def sheets(demo: demo_plant.Plant) -> Sheets:
    """What Kingdee carries of the demo plant."""
    return carried(entered(demo.sheets), TODAY)


@pytest.fixture
def emulator(sheets: Sheets) -> KingdeeEmulator:
    """Some of the demo plant as bills."""
    return KingdeeEmulator(forms_of({name: sheets[name] for name in FEW}))


@pytest.fixture
def pulling(emulator: KingdeeEmulator, puller: NewPuller) -> Iterator[Puller]:
    """A plant with that account set."""
    with serving(emulator) as address:
        yield puller(toml(address), {"erp.app_secret": APP_SECRET})


def test_the_vendors_kit_itself_is_understood(emulator: KingdeeEmulator) -> None:
    asked = {"FormId": "PRD_PickMtrl", "FieldKeys": "FBillNo,FLot,FLot.FNumber", "Limit": 3,
             "FilterString": "FDocumentStatus='C' and (FBillNo>='IS' or FID=1)"}  # fmt: skip
    with serving(emulator) as address:
        kit = K3CloudApiSdk(f"{address}/k3cloud")
        kit.InitConfig(ACCT, USER, APP_ID, APP_SECRET, f"{address}/k3cloud")
        rows = json.loads(kit.ExecuteBillQuery(asked))
        wrong = K3CloudApiSdk(f"{address}/k3cloud")
        wrong.InitConfig(ACCT, USER, APP_ID, "another secret", f"{address}/k3cloud")
        refused = json.loads(wrong.ExecuteBillQuery(asked))
    assert len(rows) == 3
    assert isinstance(rows[0][1], int)
    assert isinstance(rows[0][2], str)
    assert not refused[0][0]["Result"]["ResponseStatus"]["IsSuccess"]


def test_a_plant_pulled_has_the_graph_of_its_files(
    sheets: Sheets, puller: NewPuller, tmp_path: Path
) -> None:
    with serving(KingdeeEmulator(forms_of(sheets))) as address:
        pulling = puller(toml(address), {"erp.app_secret": APP_SECRET})
        done = pulling.pull("erp")
        assert pulling.pull("erp").batches == []
    with from_files(sourced(sheets, "erp"), tmp_path / "files") as plant:
        assert graph_hash(pulling.plant) == graph_hash(plant)
    assert done.counts.keys() == sheets.keys()
    facts = pulling.plant.facts()[Consumed].filter(source="erp.issues")
    assert set(facts["_file"]) == {"erp:PRD_PickMtrl"}


def test_pages_may_end_anywhere(emulator: KingdeeEmulator, pulling: Puller) -> None:
    whole = emulator.forms["PRD_PickMtrl"]
    for nth, row in enumerate(whole):  # bills of seven lines
        row |= {"FID": 1000 + nth // 7, "FBillNo": f"B{nth // 7}", "FEntity_FSeq": nth % 7 + 1}
    emulator.short = 5
    done = pulling.pull("erp")
    assert done.rows["PRD_PickMtrl"] == len(whole)
    taken = pulling.plant.facts()[Consumed].filter(source="erp.issues")
    assert len(taken) == len(whole)


def test_only_what_changed_is_asked_for_again(emulator: KingdeeEmulator, pulling: Puller) -> None:
    pulling.pull("erp")
    row = emulator.forms["PRD_PickMtrl"][3]
    row |= {"FCancelStatus": "B", "FCancelDate": "2026-11-27T09:00:00"}
    done = pulling.pull("erp")
    assert len(done.batches) == 1
    taken = pulling.plant.facts()[Consumed].filter(source="erp.issues", status="cancelled")
    assert row["FBillNo"] in set(taken["_sheet"])
    assert pulling.pull("erp").rows["PRD_PickMtrl"] == 1
    asked = [one.json()["data"] for one in emulator.asked if "PRD_PickMtrl" in one.body]
    assert "FCancelDate >= '2026-11-27T08:50:00'" in asked[-1]["FilterString"]
    assert "<=" not in asked[-1]["FilterString"]


def test_a_lot_that_changes_its_number_keeps_its_past(
    emulator: KingdeeEmulator, pulling: Puller
) -> None:
    changes = {"change_kind": ["rename"] * 2, "doc_no": ["LA1", "LA2"], "doc_line_no": ["1", "1"],
               "item_code": ["A", "A"], "parent_lot_no": ["L1", "L2"],
               "child_lot_no": ["L1-R", "L2-R"], "quantity": [5.0, 6.0], "uom": ["kg", "kg"],
               "business_date": ["2026-11-02"] * 2, "doc_status": ["posted"] * 2}  # fmt: skip
    emulator.forms["STK_LOTADJUST"] = forms_of({"lot_changes": pl.DataFrame(changes)})[
        "STK_LOTADJUST"
    ]
    pulling.pull("erp")
    facts = pulling.plant.facts()
    before = facts[Consumed].filter(source="erp.lot_changes").sort("operation")
    after = facts[Produced].filter(source="erp.lot_changes").sort("operation")
    assert before["lot_no"].to_list() == ["L1", "L2"]
    assert after["lot_no"].to_list() == ["L1-R", "L2-R"]
    assert before["operation"].to_list() == after["operation"].to_list()


def test_the_lot_master_brings_dates_and_no_movement(
    emulator: KingdeeEmulator, pulling: Puller
) -> None:
    record = dict.fromkeys(["FLOTID", "FModifyDate", "FCreateDate", "FProduceDate"])
    emulator.forms["BD_BatchMainFile"] = [
        record | {"FLOTID": 1, "FNumber": "L-9", "FMaterialId.FNumber": "A", "FExpiryDate":
                  "2027-01-31T00:00:00", "FSupplyId.FNumber": "S1", "FCreateDate": "2026-11-01"}
    ]  # fmt: skip
    pulling.pull("erp")
    lot = pulling.plant.facts()[Lot].filter(lot_no="L-9").row(0, named=True)
    assert lot["supplier"] == "S1"
    assert lot["expiry_date"] is not None
    assert lot["key"] not in set(pulling.plant.facts()[Produced]["lot"])


@pytest.mark.parametrize("wrapped", [2, 1, 0])
def test_a_wrong_field_is_an_error_and_never_no_rows(
    emulator: KingdeeEmulator, pulling: Puller, wrapped: int
) -> None:
    def wrap(told: object) -> object:
        for _ in range(wrapped):
            told = [told]
        return told

    emulator.wrap = wrap
    for row in emulator.forms["PRD_INSTOCK"]:
        del row["FLot.FNumber"]
    with pytest.raises(SourceError, match="字段不存在"):
        pulling.pull("erp")


def test_a_lost_session_is_begun_again(emulator: KingdeeEmulator, pulling: Puller) -> None:
    source = pulling.open("erp")
    form = profile("kingdee")["PRD_PickMtrl"]
    first: Page = next(iter(source.pages(form, {})))
    assert first.records
    emulator.session = "session-2"
    before = len(emulator.asked)
    assert next(iter(source.pages(form, {}))).records
    assert len(emulator.asked) > before + 1
    source.close()


@pytest.mark.parametrize("fault", [Told("", 429), Told("", 503), None])
def test_what_passes_is_waited_for(
    emulator: KingdeeEmulator, pulling: Puller, fault: Told | None
) -> None:
    emulator.faults = [lambda asked: fault] * 3
    assert pulling.pull("erp").batches


def test_a_wrong_secret_is_an_error(emulator: KingdeeEmulator, pulling: Puller) -> None:
    emulator.secret = "another"
    with pytest.raises(SourceError, match="签名"):
        pulling.pull("erp")


def test_stock_is_taken_once_a_day_and_never_for_gone(
    emulator: KingdeeEmulator, pulling: Puller
) -> None:
    assert pulling.pull("erp").rows["STK_Inventory"] > 0
    emulator.forms["STK_Inventory"] = []
    assert pulling.pull("erp").rows["STK_Inventory"] == 0  # not asked again today
    with pytest.raises(SourceError) as failed:
        pulling.pull("erp", full=True)
    assert failed.value.code == "source_empty"
