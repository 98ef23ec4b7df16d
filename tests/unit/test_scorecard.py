"""Scorecard, mass balance and early warnings on small plants with known figures."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from graph_model import network
from graph_model.cases import MOCK, Deed, Hypothesis, Incident
from graph_model.errors import BadInput
from graph_model.ledger import Facts
from graph_model.lineage import Lineage
from graph_model.schema import (
    Complaint,
    Consumed,
    Inspection,
    Item,
    Lot,
    Operation,
    Produced,
    Shipment,
    Shipped,
    Stock,
)
from queries import balance, scorecard
from queries.early_warnings import DAY, EarlyWarning, warnings
from queries.recall.exposure import exposure, supplied_lots
from tests.unit.test_exposure import folded, random_plant

Rows = dict[type, list[dict[str, Any]]]
NOW = 400 * DAY


def plant(failed: dict[str, list[int]], days: dict[str, list[int]] | None = None) -> Rows:
    """Each supplier's lots, inspected every ten days; the first of each goes into one product."""
    rows: Rows = {kind: [] for kind in (
        Item, Lot, Operation, Consumed, Produced, Inspection, Complaint, Shipment, Shipped, Stock
    )}  # fmt: skip
    for item in ("A", "P"):
        rows[Item].append({"key": f"P/{item}", "company": "P", "item_code": item, "uom": "kg",
                           "tolerance": 0.01, "unit_cost": 2.0})  # fmt: skip
    rows[Operation].append(step("produce", "W"))
    lot(rows, "P", "P", "X")
    rows[Produced].append(move("o", "P/P/X", "P/produce/W", 10.0 * len(failed), "P/P"))
    for supplier, results in failed.items():
        for n, bad in enumerate(results):
            name = f"{supplier}-{n}"
            lot(rows, supplier, "A", name)
            lot(rows, "P", "A", name, supplier=supplier)
            rows[Operation].append(step("receive", name))
            rows[Consumed].append(move(f"c{name}", f"{supplier}/A/{name}", f"P/receive/{name}", 10))
            rows[Produced].append(move(f"p{name}", f"P/A/{name}", f"P/receive/{name}", 10))
            at = (days or {}).get(supplier, [10 * m for m in range(len(results))])[n] * DAY
            result = "nonconforming" if bad else "conforming"
            rows[Inspection].append(
                {"key": f"P/{name}", "company": "P", "inspection_no": name, "result": result,
                 "lot": f"P/A/{name}", "earliest": at, "latest": at}
            )  # fmt: skip
        rows[Consumed].append(move(f"i{supplier}", f"P/A/{supplier}-0", "P/produce/W", 10))
    return rows


def lot(rows: Rows, owner: str, item: str, number: str, **more: Any) -> None:
    """A lot."""
    rows[Lot].append({"key": f"{owner}/{item}/{number}", "owner": owner, "item_code": item,
                      "lot_no": number, "item": f"P/{item}", "uom": "kg"} | more)  # fmt: skip


def step(kind: str, number: str) -> dict[str, Any]:
    """A closed operation."""
    return {"key": f"P/{kind}/{number}", "company": "P", "kind": kind, "number": number,
            "status": "closed"}  # fmt: skip


def move(key: str, lot: str, operation: str, amount: float, item: str = "P/A") -> dict[str, Any]:
    """A movement in kg."""
    return {"key": key, "lot": lot, "operation": operation, "quantity": float(amount),
            "uom": "kg", "item": item, "basis": "by_order", "status": "posted"}  # fmt: skip


def folds(rows: Rows) -> tuple[Facts, Lineage]:
    """Facts and arrays."""
    facts = folded(rows)
    return facts, Lineage.of(network.build(facts))


def signs(rows: Rows, kind: str) -> list[EarlyWarning]:
    """Warnings of a kind."""
    facts, lineage = folds(rows)
    found = exposure(facts, lineage)
    return [sign for sign in warnings(facts, lineage, found, now=NOW) if sign.kind == kind]


def test_suppliers_are_marked_by_what_is_recorded() -> None:
    rows = plant({"S1": [1, 0, 0, 0], "S2": [0, 0, 0, 0], "S3": [0, 0, 1, 1]})
    rows[Complaint].append({"key": "P/C1", "company": "P", "complaint_no": "C1", "lot": "P/P/X"})
    rows[Lot][1] |= {"lot_no": "", "sublot": "r1"}
    facts, lineage = folds(rows)
    found = scorecard.scorecard(facts, lineage, exposure(facts, lineage))
    card = {row["supplier"]: row for row in found.to_dicts()}
    assert {name: row["rejected"] for name, row in card.items()} == {"S1": 1, "S2": 0, "S3": 2}
    assert {name: row["inspected"] for name, row in card.items()} == {"S1": 4, "S2": 4, "S3": 4}
    assert [card[name]["trend"] for name in ("S1", "S2", "S3")] == [-0.5, 0.0, 1.0]
    assert card["S1"]["unnumbered"] == 1
    # The complaint can come from each of the three: a third each.
    assert [row["complaints"] for row in card.values()] == [1, 1, 1]
    assert sum(row["complaints_shared"] for row in card.values()) == pytest.approx(1, abs=1e-5)
    assert found["supplier"].to_list()[-1] == "S2"
    assert card["S2"]["mark"] > card["S1"]["mark"]


def test_recalls_are_traced_to_the_supplier_that_they_suspect() -> None:
    rows = plant({"S1": [0, 0], "S2": [0, 0]})
    asked = [
        {"lots": ["S1/A/S1-0"]}, {"lots": ["P/A/S1-1"]}, {"lots": ["P/P/X"]},
        {"complaint": "C1"}, {"lots": ["P/A/gone"]}, {"lots": ["S2/A/S2-0"]},
    ]  # fmt: skip
    rows[Incident] = [
        {"key": f"P/{n}", "company": "P", "incident_no": str(n), "asked": json.dumps(question),
         "kind": MOCK if n == 5 else "test"} for n, question in enumerate(asked)
    ]  # fmt: skip
    rows[Complaint].append({"key": "P/C1", "company": "P", "complaint_no": "C1", "lot": "P/P/X"})
    facts, lineage = folds(rows)
    found = scorecard.scorecard(facts, lineage, exposure(facts, lineage))
    assert dict(found.select("supplier", "recalls").iter_rows()) == {"S1": 2, "S2": 0}
    assert found["supplier"].to_list() == ["S1", "S2"]
    # A hypothesis that was chosen is what is suspected now.
    rows[Hypothesis] = [
        {"key": "h", "incident": "P/3", "name": "S2", "asked": json.dumps(asked[5])}
    ]
    rows[Deed] = [{"key": "d", "incident": "P/3", "kind": "choose", "subject": "h", "at": 1}]
    facts, lineage = folds(rows)
    found = scorecard.scorecard(facts, lineage, exposure(facts, lineage))
    assert dict(found.select("supplier", "recalls").iter_rows()) == {"S1": 2, "S2": 1}


def test_weights_without_recalls_still_count(tmp_path: Path) -> None:
    old = "\n".join(
        f"[{name}]\nweight = 1.0\nworst = 1.0" for name in scorecard.FIGURES if name != "recalls"
    )
    (tmp_path / "old.toml").write_text(old, encoding="utf-8")
    assert scorecard.load(tmp_path / "old.toml").weight["recalls"] == 0.0


@pytest.mark.parametrize("seed", range(15))
def test_shared_complaints_add_up_to_those_that_a_supplier_can_have_caused(seed: int) -> None:
    facts = random_plant(seed)
    lineage = Lineage.of(network.build(facts))
    made = [key for key in lineage.lots["key"] if key.startswith("P/")]
    about = [
        {"key": f"P/{n}", "company": "P", "complaint_no": str(n), "lot": key}
        for n, key in enumerate(made)
    ]
    facts.tables["Complaint"] = folded({Complaint: about})[Complaint]
    lots = supplied_lots(lineage)
    found = scorecard.complaints(facts, lineage, lots)
    reached = 0
    told = dict.fromkeys(lots["supplier"].unique(), 0)
    for key in made:
        before = set(lineage.backward(lineage.number([key])).lots.tolist())
        owners = {row["supplier"] for row in lots.to_dicts() if row["lot"] in before}
        reached += bool(owners)
        for owner in owners:
            told[owner] += 1
    assert dict(found.select("supplier", "complaints").iter_rows()) == told
    assert found["complaints_shared"].sum() == pytest.approx(reached, abs=1e-4)


def test_weights_are_editable(tmp_path: Path) -> None:
    facts, lineage = folds(plant({"S1": [1, 1], "S2": [0, 0]}))
    found = exposure(facts, lineage)
    shipped = scorecard.load()
    own = tmp_path / "w.toml"
    lines = [f"[{n}]\nweight = {float(n == 'rejected')}\nworst = 0.5\n" for n in scorecard.FIGURES]
    own.write_text("".join(lines), encoding="utf-8")
    marks = scorecard.scorecard(facts, lineage, found, scorecard.load(own))
    assert dict(marks.select("supplier", "mark").iter_rows()) == {"S1": 0.0, "S2": 100.0}
    assert scorecard.scorecard(facts, lineage, found, shipped)["mark"].to_list() != [0.0, 100.0]
    own.write_text("[rejected]\nweight = 1\n", encoding="utf-8")
    with pytest.raises(BadInput, match=r"scorecard\.toml"):
        scorecard.load(own)


def test_balance_counts_what_came_went_and_is_there() -> None:
    rows = plant({"S1": [0, 0, 0]})
    rows[Stock] += [
        {"key": "s1", "lot": "P/A/S1-1", "item": "P/A", "quantity": 10.0, "uom": "kg"},
        {"key": "s2", "lot": "P/A/S1-2", "item": "P/A", "quantity": 7.0, "uom": "kg"},
    ]
    facts, lineage = folds(rows)
    found = balance.balances(facts, lineage)
    told = {lineage.lots["key"][row["lot"]]: row["unexplained"] for row in found.to_dicts()}
    assert told["P/A/S1-0"] == told["P/A/S1-1"] == 0
    assert told["P/A/S1-2"] == 3
    assert found.filter(balance.is_off())["share"].to_list() == [0.3]
    (sign,) = signs(rows, "balance")
    assert (sign.subject, sign.value) == ("P/A/S1-2", 0.3)


def test_supplier_that_fails_more_than_before_is_told_with_the_statistic() -> None:
    past, now = list(range(0, 200, 5)), [350 + n for n in range(10)]
    days = {"S1": past + now, "S2": past + now}
    rows = plant({"S1": [0] * 40 + [1] * 6 + [0] * 4, "S2": [0] * 49 + [1]}, days)
    (sign,) = signs(rows, "supplier_fails_more")
    assert sign.subject == "S1"
    assert sign.also == "6/10, 0/40"
    assert sign.value is not None
    assert sign.value < 0.001
    assert "Fisher" in sign.statistic


def test_lots_near_their_last_day_and_lots_without_origin_are_told() -> None:
    rows = plant({"S1": [0, 0]})
    rows[Lot][-1]["expiry_date"] = NOW + 5 * DAY
    lot(rows, "P", "A", "GHOST")
    rows[Consumed].append(move("ghost", "P/A/GHOST", "P/produce/W", 1))
    assert [(s.subject, s.value) for s in signs(rows, "expires")] == [("P/A/S1-1", 5.0)]
    assert [s.subject for s in signs(rows, "no_origin")] == ["P/A/GHOST"]


def test_material_issued_after_its_last_day_is_told() -> None:
    rows = plant({"S1": [0]})
    rows[Lot][-1]["expiry_date"] = 10 * DAY
    rows[Consumed][-1] |= {"earliest": 15 * DAY, "latest": 15 * DAY}
    (sign,) = signs(rows, "expired_in_product")
    assert (sign.subject, sign.value, sign.also) == ("P/A/S1-0", 5.0, "P/P/X")


def test_lot_in_far_more_products_than_its_like_is_told() -> None:
    rows = plant({"S1": [0] * 10})
    for n in range(12):
        rows[Operation].append(step("produce", f"V{n}"))
        lot(rows, "P", "P", f"V{n}")
        rows[Consumed].append(move(f"v{n}", "P/A/S1-3", f"P/produce/V{n}", 0.5))
        rows[Produced].append(move(f"w{n}", f"P/P/V{n}", f"P/produce/V{n}", 0.5, "P/P"))
    for row in rows[Item]:
        row["item_type"] = "finished" if row["item_code"] == "P" else "raw"
    (sign,) = signs(rows, "dispersion")
    assert (sign.subject, sign.value) == ("S1/A/S1-3", 12)
