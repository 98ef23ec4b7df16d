"""Published EPCIS files give the lots, traces, amounts and intervals that their sources state."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from graph_model import projection
from graph_model.engines.ladybug import LadybugGraph
from graph_model.events import retracted
from graph_model.identifiers import thing
from graph_model.schema import Packed
from loaders.epcis.content import interval
from loaders.intake import read
from queries.events import event_trace
from tests.fixtures import fixture_dir
from tests.unit.epcis_case import Case, key, load

FILES = {
    "epcisquerydoc-example01": ["epcisquerydoc-example01.jsonld"],
    "beef-leather-example": ["beef-leather-example.jsonld"],
    "epcis12_querydoc": ["epcis12_querydoc.xml"],
    "epcis20_three_partners": [
        "epcis20_importer.xml", "epcis20_primary-processor.xml", "epcis20_secondary-processor.xml",
    ],
}  # fmt: skip


@cache
def case(name: str) -> Case:
    folder = fixture_dir("epcis_gdst_traceback")
    return load(*(folder / file for file in FILES[name]))


def expected(name: str) -> Any:
    folder = fixture_dir("epcis_gdst_traceback")
    return json.loads((folder / "expected" / f"{name}.json").read_text("utf-8"))


@pytest.mark.parametrize("name", FILES)
def test_every_event_is_read_and_errors_are_taken_out(name: str) -> None:
    events, want = case(name).events(), expected(name)
    assert Counter(events["event_type"]) == want["by_type"]
    assert sum(taken.counts["events"].loaded for taken in case(name).intakes) == want["events"]
    gone = retracted(events)
    assert len(events) - len(gone) == want["kept"]
    dropped = events.filter(pl.col("key").is_in(gone.implode()))["event_id"]
    assert set(dropped) == {one["event"] for one in want["dropped"]}


@pytest.mark.parametrize("name", FILES)
def test_lot_edges_and_traces_are_those_of_the_source(name: str) -> None:
    told, want = case(name), expected(name)
    assert told.edges() == {(key(e["from"]), key(e["to"])) for e in want["lot_edges"]}
    lots = {key(text): lot for text, lot in want["lots"].items()}
    assert len(lots) == len(want["lots"])  # no two of the source's lots became one
    goods = told.network.lots.filter(pl.col("rule").is_null())
    goods = goods.filter(pl.col("kind").fill_null("") != "container")
    assert set(goods["key"]) == set(lots)
    for lot, about in lots.items():
        for side, forward in (("trace_back", False), ("trace_forward", True)):
            assert told.traced(lot, forward=forward) == {key(t) for t in about[side]}, (lot, side)


@pytest.mark.parametrize("name", FILES)
def test_amounts_created_and_consumed_are_those_of_the_source(name: str) -> None:
    told, want = case(name), expected(name)
    kinds = told.network.operations.select("kind", operation="key")
    for text, about in want["lots"].items():
        made = told.network.produced.filter(lot=key(text))
        used = told.network.consumed.filter(lot=key(text)).join(kinds, on="operation")
        used = used.filter(pl.col("kind") == "produce")
        assert (made["quantity"].sum() if len(made) else None) == about["created"], text
        assert used["quantity"].sum() == about["consumed"], text
        units = {*made["uom"], *used["uom"]} - {None}
        assert units <= {about["unit"]}, text


@pytest.mark.parametrize("name", FILES)
def test_containment_is_as_intervals(name: str) -> None:
    rows = case(name).facts[Packed].filter(~pl.col("taken_out").fill_null(False))
    rows = rows.filter(pl.col("status").ne_missing("cancelled"))
    told = set(rows.select("lot", "container", "packed_at", "unpacked_at").iter_rows())
    assert told == {
        (key(one["child"]), key(one["parent"]), interval(one["from"])[0],
         interval(one["to"])[0] if one["to"] else None)
        for one in expected(name)["containment"]
    }  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_what_is_missing_or_impossible_is_reported(name: str) -> None:
    told, want = case(name), expected(name)
    bare = {finding.value for finding in told.found("event_no_origin")}
    assert bare == {key(text) for text in want["lots_without_origin"]}
    more = {finding.params["lot"]: finding.params for finding in told.found("event_consumed_more")}
    assert {tuple(p[n] for n in ("gone", "come", "uom")) for p in more.values()} == {
        (one["consumed"], one["created"], one["unit"])
        for one in want["consumed_more_than_created"].values()
    }
    assert len(told.found("event_conflict")) == len(want["same_id_other_content"])


@pytest.mark.parametrize("name", [name for name in FILES if "three" not in name])
def test_event_trace_finds_the_events_of_the_source(name: str, tmp_path: Path) -> None:
    told, want = case(name), expected(name)
    order = {event: n for n, event in enumerate(told.events().sort("_row")["key"])}
    with LadybugGraph(tmp_path, write=True) as graph:
        projection.project(told.network, told.facts, graph)
        for text, about in want["event_traceback"].items():
            rows = event_trace(graph, [key(text)])
            found = {row.event_id or f"#{order[row.event]}" for row in rows}
            assert found == set(about["event_ids"]), text
            assert len(found) == about["count"]


def test_a_pallet_that_was_shared_is_in_the_event_trace_but_in_no_lot_trace(
    tmp_path: Path,
) -> None:
    told = case("epcisquerydoc-example01")
    salmon = key("urn:gdst:wholechain.com:product:lot:class:fishcompany.sal-whole.eiwo493")
    tuna = next(
        lot for lot in told.network.lots["key"] if "processingcompany/tunafilet/" in lot
    )  # fmt: skip
    assert len(told.traced(tuna, forward=False)) == 4
    assert salmon not in told.traced(tuna, forward=False)
    with LadybugGraph(tmp_path, write=True) as graph:
        projection.project(told.network, told.facts, graph)
        rows = event_trace(graph, [tuna])
    assert salmon in {row.lot for row in rows}
    assert len({row.event for row in rows}) == 13


def examples() -> dict[str, Any]:
    folder = fixture_dir("epcis_gs1_examples")
    found = json.loads((folder / "expected" / "events.json").read_text("utf-8"))
    return dict(found["files"])


def test_every_example_of_gs1_gives_its_events_edges_and_containment() -> None:
    folder = fixture_dir("epcis_gs1_examples")
    for file, want in examples().items():
        if not want["events"]:
            continue
        told = load(folder / file)
        assert told.intakes[0].counts["events"].loaded == want["events"], file
        kinds = pl.concat([taken.tables["Event"]["event_type"] for taken in told.intakes])
        assert set(kinds) == set(want["by_type"]), file
        edges = [(a, b) for a, b in want.get("lot_edges", ()) if thing(a).lot and thing(b).lot]
        if "transformation_event_all" not in file:
            assert told.edges() == {(key(a), key(b)) for a, b in edges}, file
        packed = told.facts[Packed].filter(~pl.col("taken_out").fill_null(False))
        for child, parent, start, end in want.get("containment", ()):
            times = (interval(start)[0], interval(end)[0] if end else None)
            rows = packed.filter(lot=key(child), container=key(parent))
            assert rows.select("packed_at", "unpacked_at").rows() == [times], file


def test_one_event_in_seven_spellings_is_one_event() -> None:
    folder = fixture_dir("epcis_gs1_examples") / "XML" / "WithEventHashID"
    told = load(*sorted(folder.iterdir()))
    assert len(told.events()) == 1
    assert all(asdict(taken.counts["events"])["read"] == 1 for taken in told.intakes)


def test_documents_without_events_say_what_was_expected() -> None:
    folder = fixture_dir("epcis_gs1_examples")
    for file, want in examples().items():
        if not want["events"] and "master" not in file.lower() and "CBV" not in file:
            with pytest.raises(Exception, match="EPCIS"):
                read(folder / file, "epcis")
