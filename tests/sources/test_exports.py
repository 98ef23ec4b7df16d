"""Exports of an MES and a WMS: recognised by headings, read once; a plant over three systems."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from graph_model.errors import BadInput, SourceError
from graph_model.plant import Plant
from graph_model.schema import ProcessValue
from loaders import demo_plant, importing
from loaders.sources.forms import profile
from queries.recall import report
from queries.recall.hazard import Hazard
from queries.recall.roots import Suspects
from queries.recall.scope import compute
from tests.emulators import exports, kingdee
from tests.emulators.base import serving
from tests.emulators.kingdee import APP_SECRET, KingdeeEmulator
from tests.sources.conftest import (
    NewPuller,
    Puller,
    Sheets,
    entered,
    from_files,
    graph_hash,
    sourced,
)
from tests.sources.test_kingdee import toml as erp_toml

TODAY = f"{datetime.now(ZoneInfo('Asia/Shanghai')):%Y-%m-%d}"
MES = '[mes]\nkind = "sie_mes"\nfolder = "mes"\n'
WMS = '[wms]\nkind = "yidu_wms"\nfolder = "wms"\n'
MES_FORMS, WMS_FORMS = ["投料", "产出", "工艺参数"], ["入库", "出库", "库存"]


def write(puller: Puller, kind: str, sheets: Sheets) -> Path:
    """The sheets as exports in the folder of a source, in three ways of writing."""
    folder = puller.settings.data / kind[:3].replace("sie", "mes").replace("yid", "wms")
    folder.mkdir(parents=True, exist_ok=True)
    ways = (".xlsx", ".gbk.csv", ".utf8.csv")
    forms = [form for form in profile(kind).values() if form.title != "过站记录"]
    for nth, form in enumerate(forms):
        if form.sheet in sheets:
            file = folder / f"export{nth}{ways[nth % 3]}"
            if file.suffix == ".xlsx" or form.name == "工艺参数":
                exports.write_workbook(form, sheets[form.sheet], file.with_suffix(".xlsx"))
            else:
                encoding = "gb18030" if "gbk" in file.name else "utf-8-sig"
                exports.write_csv(form, sheets[form.sheet], file, encoding)
    return folder


@pytest.mark.parametrize(("kind", "toml", "forms"), [
    ("sie_mes", MES, MES_FORMS), ("yidu_wms", WMS, WMS_FORMS),
])  # fmt: skip
def test_a_plant_read_from_exports_has_the_graph_of_its_files(
    demo: demo_plant.Plant, puller: NewPuller, tmp_path: Path, kind: str, toml: str,
    forms: list[str],
) -> None:  # fmt: skip
    sheets = exports.carried(entered(demo.sheets), kind, forms)
    pulling = puller(toml, {})
    write(pulling, kind, sheets)
    name = toml[1:4]
    done = pulling.pull(name)
    with from_files(sourced(sheets, name), tmp_path / "files") as plant:
        assert graph_hash(pulling.plant) == graph_hash(plant)
    assert sum(done.rows.values()) == sum(frame.height for frame in sheets.values())
    assert pulling.pull(name).batches == []


def test_headings_over_two_rows_are_read(demo: demo_plant.Plant, puller: NewPuller) -> None:
    pulling = puller(MES, {})
    sheets = exports.carried(entered(demo.sheets), "sie_mes", ["工艺参数"])
    folder = write(pulling, "sie_mes", sheets)
    assert [file.suffix for file in folder.iterdir()] == [".xlsx"]
    pulling.pull("mes")
    values = pulling.plant.facts()[ProcessValue]
    assert values["measured_value"].null_count() == 0
    assert set(values["_row"]) == set(range(4, 4 + sheets["process_values"].height))
    assert values["_sheet"].str.contains("xlsx/Sheet1").all()


def test_a_changed_file_is_read_again(demo: demo_plant.Plant, puller: NewPuller) -> None:
    pulling = puller(WMS, {})
    sheets = exports.carried(entered(demo.sheets), "yidu_wms", ["入库"])
    form, folder = profile("yidu_wms")["入库"], pulling.settings.data / "wms"
    folder.mkdir()
    exports.write_csv(form, sheets["receipts"].head(3), folder / "a.csv", "utf-8")
    assert pulling.pull("wms").rows["入库"] == 3
    exports.write_csv(form, sheets["receipts"].head(5), folder / "a.csv", "utf-8")
    again = pulling.pull("wms")
    assert again.counts["receipts"].already_known == 3
    assert again.counts["receipts"].loaded == 2


def test_a_file_that_fits_no_form_is_an_error(puller: NewPuller) -> None:
    pulling = puller(WMS, {})
    folder = pulling.settings.data / "wms"
    folder.mkdir()
    (folder / "b.csv").write_text("入库单号,商品,批次\nR1,A,L1\n", encoding="utf-8")
    with pytest.raises(SourceError, match=r"b\.csv"):
        pulling.pull("wms")
    with pytest.raises(BadInput):
        puller(WMS.replace('"wms"\n', '"../elsewhere"\n'), {}).pull("wms")


@pytest.fixture
def split(demo: demo_plant.Plant, puller: NewPuller) -> Iterator[Puller]:
    """One plant in three systems; the MES calls items by numbers of its own."""
    whole = kingdee.carried(entered(demo.sheets), TODAY)
    erp = {name: frame for name, frame in whole.items()
           if name not in ("issues", "outputs", "stock")}  # fmt: skip
    mes = exports.carried(entered(demo.sheets), "sie_mes", ["投料", "产出"])
    mes = {
        name: frame.with_columns(item_code="M-" + pl.col("item_code"))
        for name, frame in mes.items()
    }
    wms = exports.carried(entered(demo.sheets), "yidu_wms", ["库存"])
    with serving(KingdeeEmulator(kingdee.forms_of(erp))) as address:
        pulling = puller(erp_toml(address) + MES + WMS, {"erp.app_secret": APP_SECRET})
        write(pulling, "sie_mes", mes)
        write(pulling, "yidu_wms", wms)
        for name in ("erp", "mes", "wms"):
            pulling.pull(name)
        yield pulling


def reached(plant: Plant, demo: demo_plant.Plant) -> tuple[set[str], set[str]]:
    """(lots, customers) that the supplier lot which was reported can be in."""
    asked = Suspects(supplier=demo.incident.supplier, supplier_lot=demo.incident.supplier_lot_no)
    found = compute(plant.facts(), plant.lineage(), asked, hazard=Hazard(kind="dimension"))
    told = report.to_dict(found)
    lots = {lot["key"].rpartition("/")[2] for lot in told["lots"] if lot["tier"] != "excluded"}
    return lots, {party["customer"] for party in told["customers"]}


def test_a_plant_over_three_systems_is_one_plant_by_aliases(
    demo: demo_plant.Plant, split: Puller, tmp_path: Path
) -> None:
    whole = kingdee.carried(entered(demo.sheets), TODAY)
    whole |= exports.carried(entered(demo.sheets), "sie_mes", ["投料", "产出"])
    whole |= exports.carried(entered(demo.sheets), "yidu_wms", ["库存"])
    with from_files(whole, tmp_path / "whole") as plant:
        lots, customers = reached(plant, demo)
    codes = demo.sheets["items"]["item_code"]
    rows = "".join(f"item,M-{code},{code}\n" for code in codes)
    aliases = split.settings.data / "aliases.csv"
    aliases.write_text("alias_kind,alias,code\n" + rows, encoding="utf-8")
    importing.load(
        split.plant, aliases, kind="plant", source=None, who="Tester", dry_run=False,
        tell=lambda _: None,
    )  # fmt: skip
    joined = reached(split.plant, demo)
    # One lot under two codes is one by inference: nothing is lost, and nobody is left out.
    assert joined[0] >= lots
    assert joined[1] >= customers
    assert len(lots) < demo.lots
