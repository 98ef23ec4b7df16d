"""Whose values a kill step stands on: those of that very lot, and none that speaks against it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from graph_model import network
from graph_model.lineage import Lineage
from loaders import intake
from queries.recall import report
from queries.recall.hazard import Hazard
from queries.recall.roots import Suspects
from queries.recall.rulebook import KillStep, Rulebook
from queries.recall.scope import compute
from tests.facts import fold
from tests.scenarios.test_refuted import LINE, ORDERS, TWO_LOTS, tiers

STEP = KillStep(
    step="pasteurise", agent="Salmonella", limits={"min_temp_c": 72.0, "min_seconds": 15.0}
)
VALUES = "work_order_no,operation,item_code,lot_no,process_param,measured_value\n"
GOOD = "W1,pasteurise,,,temp_c,74\nW1,pasteurise,,,seconds,16\n"
ONE, TWO = "F1,1,W1,P,P1,60\n", "F1,1,W1,P,P1,30\nF1,2,W1,P,P2,30\n"


def scope_of(folder: Path) -> dict[str, Any]:
    """The scope of lot S1 as JSON, with the kill step in force."""
    facts = fold(intake.read(folder, "plant").tables)
    lineage = Lineage.of(network.build(facts))
    found = compute(
        facts,
        lineage,
        Suspects(lots=("A/S1",)),
        hazard=Hazard(kind="microbial", agent="Salmonella"),
        rulebook=Rulebook(kill_steps=(STEP,)),
    )
    return report.to_dict(found)


@pytest.mark.parametrize(
    ("outputs", "values", "protected"),
    [
        (ONE, GOOD, True),
        (TWO, GOOD, False),
        (TWO, GOOD.replace(",,,", ",P,P1,"), True),
        (TWO, "W1,pasteurise,P,P1,temp_c,74\nW1,pasteurise,,,seconds,16\n", False),
        (ONE, f"{GOOD}W1,pasteurise,A,S1,temp_c,60\n", False),
        (ONE, f"{GOOD}W1,pasteurise,A,S1,temp_c,75\n", True),
        (ONE, GOOD.replace(",,,", ",A,S1,"), False),
        (TWO, f"{GOOD.replace(',,,', ',P,P1,')}W1,pasteurise,,,temp_c,60\n", False),
        (TWO, f"{GOOD.replace(',,,', ',P,P1,')}W1,pasteurise,P,P2,temp_c,60\n", True),
    ],
)
def test_every_limit_has_a_value_of_that_very_lot(
    outputs: str, values: str, protected: bool, tmp_path: Path
) -> None:
    sheets = {
        "work_orders": ORDERS,
        "receipts": TWO_LOTS,
        "issues": f"{LINE},operation\nI1,1,W1,A,S1,60,pasteurise\n",
        "outputs": f"{LINE}\n{outputs}",
        "process_values": VALUES + values,
    }
    for name, content in sheets.items():
        (tmp_path / f"{name}.csv").write_text(content, encoding="utf-8")
    whole = scope_of(tmp_path)
    lots = whole["lots"]
    by_recipe = tiers({"lots": [lot for lot in lots if lot["grade"] != "contact"]})
    assert ("P1" not in by_recipe or by_recipe["P1"] == "excluded") is protected
    behind = [lot for one in whole["missing"] if one["kind"] == "kill_step_contact"
              for lot in one["lots"]]  # fmt: skip
    assert behind == (["PLANT/P/P1"] if protected else [])
    assert tiers({"lots": lots})["P1"] != "excluded"


def test_a_clearance_after_the_kill_step_ends_contact_with_what_was_before_it(
    tmp_path: Path,
) -> None:
    time = "event_time,posting_method,"
    sheets = {
        "sites": "site_code,site_kind\nL1,line\n",
        "work_orders": "work_order_no,item_code,order_status,line\nW1,P,closed,L1\n",
        "receipts": TWO_LOTS,
        "issues": f"{time}{LINE},operation\n"
        "2026-03-02 08:00,scanner_clock,I1,1,W1,A,S1,60,pasteurise\n"
        "2026-03-02 12:00,scanner_clock,I2,1,W1,A,S2,60,pasteurise\n",
        "outputs": f"{time}{LINE}\n2026-03-02 14:00,scanner_clock,F1,1,W1,P,P1,60\n",
        "process_values": VALUES + GOOD,
        "cleaning": "event_time,posting_method,site_code,result,verified,clearance\n"
        "2026-03-02 10:00,scanner_clock,L1,conforming,true,true\n",
    }
    told = []
    for cleaned in (False, True):
        folder = tmp_path / str(cleaned)
        folder.mkdir()
        for name in sheets if cleaned else sheets.keys() - {"cleaning"}:
            (folder / f"{name}.csv").write_text(sheets[name], encoding="utf-8")
        whole = scope_of(folder)
        behind = {one["kind"] for one in whole["missing"]}
        told.append((tiers(whole)["P1"], "kill_step_contact" in behind))
    assert told == [("possible", True), ("excluded", False)]
