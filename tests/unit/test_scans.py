"""Scanned codes are read by a library and find the lot, whatever form they have."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from graph_model import projection
from graph_model.engines.ladybug import LadybugGraph
from queries.candidates import candidates
from queries.lookup import find
from queries.recall.roots import one_lot
from queries.scans import read
from tests.unit.epcis_case import Case, document, event, load

GTIN, LOT, SERIAL, SSCC = "04012345123456", "A-7", "S7", "040123451111111110"
GOODS, PIECE, PALLET = f"GS1/{GTIN}/{LOT}", f"GS1/{GTIN}/#{SERIAL}", f"GS1//{SSCC}"
OTHER = f"GS1/04012345222227/{LOT}"
CODES = [
    (f"(01){GTIN}(17)261231(10){LOT}", GOODS),
    (f"]C101{GTIN}1726123110{LOT}", GOODS),
    (f"https://id.gs1.org/01/{GTIN}/10/{LOT}?17=261231", GOODS),
    ("urn:epc:class:lgtin:4012345.012345.A-7", GOODS),
    (f"(01){GTIN}(21){SERIAL}", PIECE),
    (f"https://example.com/some/01/{GTIN}/21/{SERIAL}", PIECE),
    ("urn:epc:id:sgtin:4012345.012345.S7", PIECE),
    (f"(00){SSCC}", PALLET),
    (f"00{SSCC}", PALLET),
    ("urn:epc:id:sscc:4012345.0111111111", PALLET),
]


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Case:
    lots = ["urn:epc:class:lgtin:4012345.012345.A-7", "urn:epc:class:lgtin:4012345.022222.A-7"]
    made = event(
        action="ADD", quantityList=[{"epcClass": lot, "quantity": 1} for lot in lots],
        epcList=["urn:epc:id:sgtin:4012345.012345.S7", "urn:epc:id:sscc:4012345.0111111111"],
    )  # fmt: skip
    path: Path = tmp_path_factory.mktemp("scans") / "e.jsonld"
    path.write_text(json.dumps(document(made)), "utf-8")
    return load(path)


@pytest.fixture(scope="module")
def graph(case: Case, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LadybugGraph]:
    with LadybugGraph(tmp_path_factory.mktemp("graph"), write=True) as graph:
        projection.project(case.network, case.facts, graph)
        yield graph


@pytest.mark.parametrize(("code", "key"), CODES)
def test_a_code_finds_its_lot_and_no_other_of_that_number(
    case: Case, graph: LadybugGraph, code: str, key: str
) -> None:
    assert {row.key for row in find(graph, code)} == {key}
    assert {one.key for one in candidates(case.facts, case.lineage, code)} == {key}
    assert case.lineage.lots["key"][one_lot(case.lineage, code)] == key


def test_a_code_of_another_numbering_finds_its_lot_number(case: Case, graph: LadybugGraph) -> None:
    code = f"(01)05012345678900(10){LOT}"
    assert {row.key for row in find(graph, code)} == {GOODS, OTHER}


def test_what_a_code_says_is_kept() -> None:
    scan = read(f"(01){GTIN}(17)261231(10){LOT}(21){SERIAL}")
    assert scan.elements == {"01": GTIN, "17": "261231", "10": LOT, "21": SERIAL}
    assert scan.numbers == (LOT, SERIAL)
    assert read("B-17").numbers == ("B-17",)
    assert read("urn:other:thing").key is not None
