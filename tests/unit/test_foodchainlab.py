"""FoodChain-Lab networks give the traces that their source states."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from graph_model.errors import BadFile
from graph_model.lineage import Lineage
from loaders.intake import Intake, read
from tests.fixtures import fixture_dir
from tests.unit.plant_case import lineage

RUNS = ["no_cross_contamination", "no_cross_contamination_temporal_order"]


@dataclass(frozen=True)
class Traces:
    """Traces of an intake in the words of the source: ids of deliveries and stations."""

    intake: Intake

    @cached_property
    def lineage(self) -> Lineage:
        return lineage(self.intake.tables)

    @cached_property
    def ends(self) -> dict[str, tuple[str, str]]:
        """Supplier and recipient of each delivery."""
        sent = self.intake.tables["Shipment"]
        return {row["delivery_no"]: (row["company"], row["customer"]) for row in sent.to_dicts()}

    def reached(self, deliveries: Iterable[str], *, forward: bool) -> set[str]:
        """Deliveries reached, with the given ones."""
        lots = self.lineage.lots
        roots = lots["sublot"].is_in(list(deliveries)).arg_true().to_numpy()
        search = self.lineage.forward if forward else self.lineage.backward
        return set(lots["sublot"][search(roots).lots])

    def stations(self, deliveries: Iterable[str], *, forward: bool) -> set[str]:
        """Recipients forward, suppliers backward."""
        return {self.ends[delivery][forward] for delivery in deliveries}

    def of_delivery(self, delivery: str) -> dict[str, set[str]]:
        found = {}
        for name, forward in (("forward", True), ("backward", False)):
            reached = self.reached([delivery], forward=forward)
            found[f"{name}_deliveries"] = reached - {delivery}
            found[f"{name}_stations"] = self.stations(reached, forward=forward)
        return found

    def of_station(self, station: str) -> dict[str, set[str]]:
        found = {}
        for name, forward in (("forward", True), ("backward", False)):
            own = [key for key, ends in self.ends.items() if ends[not forward] == station]
            reached = self.reached(own, forward=forward)
            found[f"{name}_deliveries"] = reached
            found[f"{name}_stations"] = self.stations(reached, forward=forward)
        return found


def expected(folder: Path) -> Any:
    return json.loads((folder / "expected" / "traces.json").read_text(encoding="utf-8"))


def as_sets(traces: dict[str, Any]) -> dict[str, set[str]]:
    return {name: set(ids) for name, ids in traces.items() if name.endswith(("tions", "eries"))}


@pytest.fixture(scope="module")
def tea() -> tuple[Traces, Any]:
    folder = fixture_dir("fcl_babytea")
    return Traces(read(next(folder.glob("*.json")))), expected(folder)


def test_baby_tea_traces(tea: tuple[Traces, Any]) -> None:
    traces, wanted = tea
    assert len(traces.ends) == len(wanted["deliveries"]) == 16
    for delivery, of in wanted["deliveries"].items():
        assert traces.of_delivery(delivery) == as_sets(of), delivery


def test_baby_tea_lots_keep_number_amount_and_source_identity(tea: tuple[Traces, Any]) -> None:
    traces, wanted = tea
    lots = {row["sublot"]: row for row in traces.intake.tables["Lot"].to_dicts()}
    for delivery, of in wanted["deliveries"].items():
        row = lots[delivery]
        assert (row["lot_no"], row["quantity"], row["uom"]) == (of["lot"] or "", of["kg"], "kg")
    for number, ids in wanted["lot_ids_by_lot_number"].items():
        found = {row["source_lot_id"] or "" for row in lots.values() if row["lot_no"] == number}
        assert found == set(ids) or not number


def test_cause_of_both_baby_teas_is_common(tea: tuple[Traces, Any]) -> None:
    traces, wanted = tea
    teas = [key for key, ends in traces.ends.items() if ends[1] == "-880266550"]
    behind = [traces.of_delivery(key) for key in teas]
    common = set.intersection(*(of["backward_deliveries"] for of in behind))
    assert common == set(wanted["common_backward_deliveries_of_both_tea_deliveries"])
    stations = set.intersection(*(of["backward_stations"] for of in behind))
    assert stations == set(wanted["common_backward_stations"])


@pytest.mark.parametrize("run", RUNS)
def test_cake_traces(run: str) -> None:
    folder = fixture_dir("fcl_cake_tutorial")
    traces, wanted = Traces(read(folder)), expected(folder)
    groups = {"patients": set(wanted["outbreak_stations"]), "customers": set(wanted["customers"])}

    def grouped(stations: set[str]) -> dict[str, Any]:
        others = sorted(stations - groups["patients"] - groups["customers"])
        return {name: len(stations & ids) for name, ids in groups.items()} | {"others": others}

    codes = {name: code for code, name in wanted["names"].items()}
    answers = wanted["runs"][run]
    for name, of in answers["forward_stations"].items():
        assert grouped(traces.of_station(codes[name])["forward_stations"]) == of, name
    milk = traces.of_delivery("614199335")["forward_stations"]
    assert grouped(milk) == answers["milk_lot_Mi05_forward_stations"]
    for delivery, count in answers["forward_deliveries_count"].items():
        assert len(traces.of_delivery(delivery)["forward_deliveries"]) == count, delivery


def restated(scenario: Any, folder: Path) -> Traces:
    """The scenario as the three files of a network."""
    deliveries = scenario["deliveries"]
    stations = {row[end] for row in deliveries for end in ("supplier", "recipient")}
    tables = {
        "stations": [["ID", "Name"], *([name, name] for name in sorted(stations))],
        "deliveries": [
            ["ID", "from", "to", "Name", "Date Delivery", "Date Delivery Arrival"],
            *(
                [row["id"], row["supplier"], row["recipient"], "", row["departure"], row["arrival"]]
                for row in deliveries
            ),
        ],
        "delivery_relations": [
            ["from", "to"],
            *([row["id"], follower] for row in deliveries for follower in row["next"]),
        ],
    }
    for name, rows in tables.items():
        with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as stream:
            csv.writer(stream).writerows(rows)
    return Traces(read(folder))


@pytest.mark.parametrize("parameters", ["base", "base_no_temporal_order"])
def test_scenario_traces(parameters: str, tmp_path: Path) -> None:
    folder = fixture_dir("fcl_tracingtest")
    scenario = json.loads((folder / "scenario.json").read_text(encoding="utf-8"))
    wanted, traces = expected(folder), restated(scenario, tmp_path)
    changed = wanted[parameters].get("same_as_base_except", {})
    for kind, answer in (("deliveries", traces.of_delivery), ("stations", traces.of_station)):
        answers = wanted["base"][kind] | changed.get(kind, {})
        for name, of in answers.items():
            assert answer(name) == as_sets(of), name


def test_relation_to_an_unknown_delivery_is_set_aside(tmp_path: Path) -> None:
    row = {"id": "1", "supplier": "a", "recipient": "b", "departure": None, "arrival": None}
    traces = restated({"deliveries": [row | {"next": ["2"]}]}, tmp_path)
    counts = traces.intake.counts["delivery_relations"]
    assert (counts.read, counts.loaded, counts.set_aside) == (1, 0, 1)
    assert [finding.rule for finding in traces.intake.findings] == ["relation_broken"]
    assert traces.intake.tables["SetAside"]["row"].to_list() == [2]


@pytest.mark.parametrize("content", ["{}", "[]", '{"data": 1}', "[" * 100_000, "\ufeff", "nul\0"])
def test_other_json_is_refused(content: str, tmp_path: Path) -> None:
    (tmp_path / "network.json").write_text(content, encoding="utf-8")
    with pytest.raises(BadFile, match=r"network\.json"):
        read(tmp_path)


def test_partial_dates_stay_intervals(tmp_path: Path) -> None:
    row = {"id": "1", "supplier": "a", "recipient": "b", "departure": "2016-02", "arrival": None}
    sent = restated({"deliveries": [row | {"next": []}]}, tmp_path).intake.tables["Shipment"]
    days = sent.select(pl.col("ship_latest") - pl.col("ship_earliest") + 1).item() / 86_400_000_000
    assert days == 29
    assert sent["arrival_latest"].item() == sent["ship_latest"].item()
