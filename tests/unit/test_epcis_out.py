"""What is written as EPCIS is valid, the same each time, and read back the same graph."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import jsonschema_rs
import polars as pl
import pytest

from api.reports import epcis
from api.reports.edition import Edition
from graph_model import keys, network
from graph_model.ledger.fold import Facts
from graph_model.lineage import Lineage
from graph_model.quantity import factor
from graph_model.schema import Lot, Shipment
from tests.conformance import plant
from tests.fixtures import fixture_dir
from tests.unit.epcis_case import Case, load

EDITION = Edition(1, "1:x", datetime(2026, 1, 1, tzinfo=UTC), ZoneInfo("Asia/Shanghai"), "P")
GDST = [
    "epcisquerydoc-example01.jsonld", "beef-leather-example.jsonld", "epcis12_querydoc.xml",
    "epcis20_importer.xml", "epcis20_primary-processor.xml", "epcis20_secondary-processor.xml",
]  # fmt: skip


def validator() -> Any:
    """The schema that GS1 publishes; it may be read, not redistributed."""
    file = fixture_dir("epcis_gs1_examples") / "EPCIS-JSON-Schema.json"
    return jsonschema_rs.validator_for(json.loads(file.read_text("utf-8")), validate_formats=True)


def written(facts: Facts, lots: pl.Series | None = None) -> tuple[str, epcis.Written]:
    target = io.StringIO()
    told = epcis.write(facts, lots, EDITION, target)
    return target.getvalue(), told


def again(text: str, folder: Path) -> Case:
    path = folder / "out.jsonld"
    path.write_text(text, "utf-8")
    return load(path)


def test_events_go_out_valid_and_come_back_the_same(tmp_path: Path) -> None:
    folder, schema = fixture_dir("epcis_gdst_traceback"), validator()
    cases = [load(folder / name) for name in GDST]
    cases.append(load(*(folder / name for name in GDST)))
    for case in cases:
        text, told = written(case.facts)
        assert [str(error) for error in schema.iter_errors(json.loads(text))] == []
        back = again(text, tmp_path)
        assert back.hash == case.hash
        assert told.events == len(case.events())
        assert written(back.facts)[1].digest == told.digest


def test_the_json_examples_of_gs1_go_out_valid_and_come_back_the_same(tmp_path: Path) -> None:
    files = sorted((fixture_dir("epcis_gs1_examples") / "JSON").rglob("*.jsonld"))
    case = load(*files)
    text, _ = written(case.facts)
    assert [str(error) for error in validator().iter_errors(json.loads(text))] == []
    assert again(text, tmp_path).hash == case.hash


# ------------------------------------------------------------------ a plant without events


def mine(facts: Facts) -> Facts:
    """The facts of the shared plant that files, not events, recorded."""
    tables = dict(facts.tables)
    for kind in ("Event", "Mentioned"):
        tables[kind] = tables[kind].clear()
    return Facts(facts.batch, facts.head, tables)


def carried(told: network.Network, facts: Facts) -> dict[str, list[tuple[Any, ...]]]:
    """What EPCIS can say: which amounts of which lots went where, and when that can have been.

    Without keys of lines, persons, and what only moved or came back; amounts in kilograms.
    """
    both = told.consumed.select("operation", "lot").join(
        told.produced.select("operation", "lot"), on=["operation", "lot"]
    )  # fmt: skip
    rows: dict[str, list[tuple[Any, ...]]] = {}
    for name, frame, end in (
        ("in", told.consumed, "operation"), ("out", told.produced, "operation"),
        ("sent", told.shipped, "shipment"),
    ):  # fmt: skip
        lines = frame.filter(pl.col("rule").is_null())
        if end == "operation":
            lines = lines.join(both, on=["operation", "lot"], how="anti")
        else:
            heads = facts[Shipment].select("customer", head="status", shipment="key")
            lines = lines.join(heads, on="shipment")
            lines = lines.filter(pl.col("head").ne_missing("planned"))
        rows[name] = sorted(
            (row[end], row["lot"], row["t0"], row["t1"], row.get("customer") or "",
             round(row["quantity"] * (factor(row["uom"], "kg") or 1), 6))
            for row in lines.iter_rows(named=True)
        )  # fmt: skip
    return rows


def test_a_plant_goes_out_and_comes_back_in_all_that_epcis_can_say(tmp_path: Path) -> None:
    facts = mine(plant.facts())
    built = network.build(facts)
    text, told = written(facts)
    assert [str(e) for e in validator().iter_errors(json.loads(text))] == []
    back = again(text, tmp_path)
    assert carried(back.network, back.facts) == carried(built, facts)
    assert written(back.facts)[1].events == told.events
    assert told.left_out == {
        "not_shipped": 1, "given_back": 1, "persons": 8, "lot_source": 32, "stock": 2,
        "inspections": 2, "complaints": 1, "recipes": 6,
    }  # fmt: skip
    there, here = back.lineage, Lineage.of(built)
    for lot in facts[Lot].filter(pl.col("kind").is_null())["key"]:
        if lot in set(there.lots["key"]):
            for way in ("forward", "backward"):
                reached = [
                    {
                        key
                        for key in one.lots["key"][getattr(one, way)(one.number([lot])).lots]
                        if not keys.lot_parts(key)[0].startswith("~") and "~pool" not in key
                    }
                    for one in (there, here)
                ]
                assert reached[0] == reached[1], (lot, way)


def test_a_trace_names_only_its_lots(tmp_path: Path) -> None:
    facts = mine(plant.facts())
    lots = epcis.traced(Lineage.of(network.build(facts)), ["S2/F/77"], ["forward"])
    text, _ = written(facts, lots)
    back = again(text, tmp_path)
    assert set(back.facts[Lot]["key"]) == {"S2/F/77", "P/F/F2", "P/D/D2", "P/D/D3", "P/C/C2",
                                           "P//PAL1"}  # fmt: skip


def test_times_are_as_sure_as_their_source(tmp_path: Path) -> None:
    facts = mine(plant.facts())
    tables = dict(facts.tables)
    for kind in ("Consumed", "Produced", "Shipped"):
        tables[kind] = tables[kind].with_columns(posting_method=pl.lit("manual"))
    clerk = Facts(facts.batch, facts.head, tables)
    back = again(written(clerk)[0], tmp_path)
    assert back.network.consumed.filter(pl.col("rule").is_null())["earliest"].null_count() == len(
        back.network.consumed.filter(pl.col("rule").is_null())
    )


@pytest.mark.parametrize("uom", ["kg", "KGM", "公斤"])
def test_units_go_out_as_codes(uom: str) -> None:
    facts = mine(plant.facts())
    tables = dict(facts.tables)
    tables["Consumed"] = tables["Consumed"].with_columns(uom=pl.lit(uom))
    text, _ = written(Facts(facts.batch, facts.head, tables))
    assert '"uom":"KGM"' in text
    assert '"uom":"kg"' not in text
