"""Contact of orders whose issues say for which output they are: each part ran within its order."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.trials import facts_of
from graph_model import network
from graph_model.lineage import Lineage
from loaders import entries, intake
from queries.recall.hazard import Hazard
from queries.recall.roots import Suspects
from queries.recall.scope import compute

MOVE = "event_time,posting_method,source"
CLOCK = "scanner_clock,s"


@pytest.mark.parametrize("paired", [True, False])
def test_a_cleaning_ends_the_contact_of_paired_parts_too(*, paired: bool, tmp_path: Path) -> None:
    pair = ",output_lot_no" if paired else ""
    of_p, of_q = (",P1", ",Q1") if paired else ("", "")
    sheets = {
        "sites": "site_code,site_kind\nL,line\n",
        "receipts": f"{MOVE},supplier_code,item_code,lot_no,quantity,uom\n"
        f"2026-03-01 08:00,{CLOCK},V,A,A1,10,kg\n2026-03-01 08:00,{CLOCK},V,B,B1,10,kg\n",
        "work_orders": "work_order_no,item_code,order_status,line,started_at,finished_at,source\n"
        "1,P,closed,L,2026-03-02 08:00,2026-03-02 11:00,s\n"
        "2,Q,closed,L,2026-03-03 08:00,2026-03-03 11:00,s\n",
        "issues": f"{MOVE},work_order_no,item_code,lot_no,quantity,uom{pair}\n"
        f"2026-03-02 08:10,{CLOCK},1,A,A1,10,kg{of_p}\n"
        f"2026-03-03 08:10,{CLOCK},2,B,B1,10,kg{of_q}\n",
        "outputs": f"{MOVE},work_order_no,item_code,lot_no,quantity,uom\n"
        f"2026-03-02 10:00,{CLOCK},1,P,P1,10,kg\n2026-03-03 10:00,{CLOCK},2,Q,Q1,10,kg\n",
        "cleaning": "site_code,event_time,result,verified,clearance,source\n"
        "L,2026-03-02 20:00,conforming,true,true,s\n",
    }
    for name, rows in sheets.items():
        (tmp_path / f"{name}.csv").write_text(rows, "utf-8")
    tables = intake.read(tmp_path, "plant").tables
    sure = entries.decision(
        "delay", "s", person="manager", role="quality", reason="measured", late=0, early=0
    )
    facts = facts_of({**tables, "Decision": sure})
    lineage = Lineage.of(network.build(facts))
    scope = compute(facts, lineage, Suspects(lots=("A/A1",)), hazard=Hazard(kind="chemical"))
    tiers = {lineage.lots["lot_no"][lot]: tier for lot, tier in scope.tiers.items()}
    assert tiers["P1"] == "certain"
    assert tiers["Q1"] == "excluded"
