"""Whose values a kill step stands on: those of that very lot, and none that speaks against it."""

from __future__ import annotations

from pathlib import Path

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
    facts = fold(intake.read(tmp_path, "plant").tables)
    lineage = Lineage.of(network.build(facts))
    found = compute(
        facts,
        lineage,
        Suspects(lots=("A/S1",)),
        hazard=Hazard(kind="microbial", agent="Salmonella"),
        rulebook=Rulebook(kill_steps=(STEP,)),
    )
    lots = report.to_dict(found)["lots"]
    by_recipe = tiers({"lots": [lot for lot in lots if lot["grade"] != "contact"]})
    assert ("P1" not in by_recipe or by_recipe["P1"] == "excluded") is protected
