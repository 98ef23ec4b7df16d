"""U8's OpenAPI against its emulator: a plant, tokens, pages, weeks, fields that are gone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from graph_model.errors import SourceError
from graph_model.schema import Lot
from loaders import demo_plant
from tests.emulators.base import Asked, Told, serving
from tests.emulators.u8 import APP_KEY, APP_SECRET, FROM, TO, U8Emulator, carried, forms_of
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
FEW = ("items", "receipts", "issues", "outputs", "stock")


def toml(address: str, since: str) -> str:
    """`sources.toml` with one account set."""
    return f"""
[network]
allow = ["127.0.0.1"]
private = ["127.0.0.1"]

[u8]
kind = "u8"
address = "{address}"
from_account = "{FROM}"
to_account = "{TO}"
app_key = "{APP_KEY}"
since = "{since}"
"""


@pytest.fixture(scope="module")
def sheets(demo: demo_plant.Plant) -> Sheets:
    """What the interface carries of the demo plant."""
    return carried(entered(demo.sheets), TODAY)


@pytest.fixture(scope="module")
def since(sheets: Sheets) -> str:
    """The first day of the plant."""
    return min(
        str(frame["business_date"].min())
        for frame in sheets.values()
        if "business_date" in frame.columns
    )


@pytest.fixture
def emulator(sheets: Sheets) -> U8Emulator:
    """A few documents of the demo plant: the interface is asked for each one alone."""
    return U8Emulator(forms_of({name: sheets[name].head(30) for name in FEW}))


@pytest.fixture
def pulling(emulator: U8Emulator, since: str, puller: NewPuller) -> Iterator[Puller]:
    """A plant with that account set."""
    with serving(emulator) as address:
        yield puller(toml(address, since), {"u8.app_secret": APP_SECRET})


def test_a_plant_pulled_has_the_graph_of_its_files(
    sheets: Sheets, since: str, puller: NewPuller, tmp_path: Path
) -> None:
    with serving(U8Emulator(forms_of(sheets))) as address:
        pulling = puller(toml(address, since), {"u8.app_secret": APP_SECRET})
        done = pulling.pull("u8")
        assert pulling.pull("u8").batches == []
    with from_files(sourced(sheets, "u8"), tmp_path / "files") as plant:
        assert graph_hash(pulling.plant) == graph_hash(plant)
    assert {"returns", "customer_returns", "supplier_returns"} <= done.counts.keys()
    kept = b"".join(f.read_bytes() for f in pulling.settings.data.rglob("*") if f.is_file())
    assert b"canary-u8" not in kept


def test_a_token_that_ran_out_is_fetched_anew(emulator: U8Emulator, pulling: Puller) -> None:
    count = 0
    answer = emulator.answer

    def expiring(asked: Asked) -> Told:
        nonlocal count
        count += 1
        if count == 9:
            emulator.token = "expired"
        return answer(asked)

    emulator.answer = expiring  # type: ignore[method-assign]
    assert pulling.pull("u8").batches
    asked = [one for one in emulator.asked if one.path == "/system/token"]
    assert len(asked) == 2


def test_a_page_that_lacks_rows_is_an_error(emulator: U8Emulator, pulling: Puller) -> None:
    emulator.lacking = 1
    with pytest.raises(SourceError) as failed:
        pulling.pull("u8")
    assert failed.value.code == "source_incomplete"


def test_a_field_that_is_gone_is_an_error(emulator: U8Emulator, pulling: Puller) -> None:
    for document in emulator.forms["productin"]:
        for line in document["entry"]:
            del line["serial"]
    with pytest.raises(SourceError, match="serial"):
        pulling.pull("u8")


def test_a_refusal_is_an_error_that_tells_no_secret(emulator: U8Emulator, pulling: Puller) -> None:
    emulator.secret = "another"
    with pytest.raises(SourceError, match="app_secret") as failed:
        pulling.pull("u8")
    assert APP_SECRET not in str(failed.value) + json.dumps(failed.value.params)


@pytest.mark.parametrize("fault", [Told("", 429), Told("", 502), None])
def test_what_passes_is_waited_for(
    emulator: U8Emulator, pulling: Puller, fault: Told | None
) -> None:
    emulator.faults = [lambda asked: fault] * 3
    assert pulling.pull("u8").batches


def test_free_items_belong_to_the_item(emulator: U8Emulator, pulling: Puller) -> None:
    line = emulator.forms["productin"][0]["entry"][0]
    line |= {"free1": "大", "serial": "FREE-1"}
    pulling.pull("u8")
    lot = pulling.plant.facts()[Lot].filter(lot_no="FREE-1")
    assert lot["item_code"].to_list() == [f"{line['inventorycode']}|大"]
