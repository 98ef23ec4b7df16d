"""Lots of which the records use several units: amounts, places, cost and actions add up."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.scenarios.test_refuted import RECEIPTS, SHIPMENTS, answer

ITEMS = "item_code,uom,pack_uom,units_per_pack,unit_cost\nA,kg,bag,25,2\nP,kg,,,3\n"
NO_UNIT = "item_code,unit_cost\nA,2\nP,3\n"
ISSUES = "doc_no,doc_line_no,work_order_no,item_code,lot_no,quantity,uom"
OUTPUTS = f"{ISSUES}\nF1,1,W1,P,P1,600,kg\n"


def scope(folder: Path, received: str, used: str, items: str = ITEMS, sent: str = "") -> Any:
    """The scope of lot S1, of which these amounts came, were used and were sent away."""
    sheets = {
        "items": items,
        "receipts": f"{RECEIPTS},uom\n"
        + "".join(f"R{n},1,V,A,S1,SL1,{one}\n" for n, one in enumerate(received.split())),
        "issues": f"{ISSUES}\nI1,1,W1,A,S1,{used}\n",
        "outputs": OUTPUTS,
    }
    if sent:
        sheets["shipments"] = f"{SHIPMENTS},uom\nD1,1,N1,C1,A,S1,{sent}\n"
    return answer(folder, sheets, lots=("A/S1",))


def of_root(found: dict[str, Any]) -> dict[str, Any]:
    """What the scope says of S1."""
    lots: list[dict[str, Any]] = found["lots"]
    return next(lot for lot in lots if lot["lot_no"] == "S1")


@pytest.mark.parametrize(
    ("received", "used", "items"),
    [
        ("1,t", "100,kg", ITEMS),
        ("40,bag", "100,kg", ITEMS),
        ("20,bag 500,kg", "4,bag", ITEMS),
        ("500,kg 20,bag", "100,", ITEMS),
        ("1000,kg", "200,jin", NO_UNIT),
        ("0.5,t 500,kg", "100,kg", NO_UNIT),
    ],
)
def test_what_came_in_other_units_than_it_went_is_still_there(
    received: str, used: str, items: str, tmp_path: Path
) -> None:
    found = scope(tmp_path, received, used, items)
    root, unit = of_root(found), {"kg": 1.0, "t": 0.001, "jin": 2.0}
    factor = unit[root["unit"]]
    assert root["quantity"] == root["affected_at_most"] == pytest.approx(1000 * factor)
    assert root["places"]["on_hand"] == {"": pytest.approx(900 * factor)}
    held = [one for one in found["actions"] if one["lot"] == root["key"]]
    assert ("block", pytest.approx(900 * factor)) in [
        (one["action"], one["quantity"]) for one in held
    ]
    balance = root["balance"]
    if balance["state"] == "balanced":
        assert balance["on_hand"] == pytest.approx(900)
        assert balance["unexplained"] == 0


def test_what_was_sent_in_packs_is_priced_in_the_item_unit(tmp_path: Path) -> None:
    (tmp_path / "packs").mkdir()
    (tmp_path / "kilograms").mkdir()
    packs = scope(tmp_path / "packs", "40,bag", "100,kg", sent="8,bag")
    plain = scope(tmp_path / "kilograms", "1000,kg", "100,kg", sent="200,kg")
    assert packs["totals"]["cost"] == plain["totals"]["cost"]
    assert packs["totals"]["quantity"] == plain["totals"]["quantity"]
    assert of_root(packs)["places"] == of_root(plain)["places"]


def test_an_amount_in_an_unknown_unit_is_unknown_and_still_held(tmp_path: Path) -> None:
    found = scope(tmp_path, "40,crate", "100,kg")
    root = of_root(found)
    assert root["quantity"] is None
    assert "search" not in root["places"]
    assert "on_hand" in root["places"]
    assert found["totals"]["cost_unbounded"] == 1
