"""Contact as people read it: what ran after a suspect lot, and what keeps lots out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from bench.trials import facts_of
from graph_model import network
from graph_model.errors import NotFound
from graph_model.i18n import use_language
from graph_model.interval import in_force
from graph_model.lineage import Lineage
from graph_model.schema import Decision
from loaders import entries, intake
from queries.deciding import resolved
from queries.recall import report
from queries.recall.hazard import Hazard
from queries.recall.roots import Suspects
from queries.recall.scope import Scope, compute
from queries.recall.words import why

MOVE = "event_time,posting_method,work_order_no,item_code,lot_no,quantity,uom"
SHEETS = {
    "sites": "site_code,site_kind\nL1,line\n",
    "items": "item_code,uom\nA,kg\nB,kg\nP,kg\n",
    "work_orders": "work_order_no,item_code,order_status,line\n"
    + "".join(f"W{n},P,closed,L1\n" for n in (1, 2, 3)),
    "issues": f"{MOVE}\n2026-03-02 08:00,scanner_clock,W1,A,A1,10,kg\n"
    "2026-03-02 12:00,scanner_clock,W2,B,B1,10,kg\n2026-03-03 08:00,scanner_clock,W3,B,B1,10,kg\n",
    "outputs": f"{MOVE}\n2026-03-02 10:00,scanner_clock,W1,P,P1,10,kg\n"
    "2026-03-02 14:00,scanner_clock,W2,P,P2,10,kg\n2026-03-03 10:00,scanner_clock,W3,P,P3,10,kg\n",
    "cleaning": "event_time,site_code,result,verified\n2026-03-02 20:00,L1,conforming,true\n",
}
HOUR = 3_600_000_000


def scope_of(folder: Path, *told: pl.DataFrame, hazard: str = "allergen", **sheets: str) -> Scope:
    """The scope of lot A1."""
    for name, content in (SHEETS | sheets).items():
        (folder / f"{name}.csv").write_text(content, encoding="utf-8")
    tables = intake.read(folder, "plant", pseudonym=lambda name: name).tables
    if told:
        tables = {**tables, "Decision": pl.concat(told)}
    facts = facts_of(tables)
    lineage = Lineage.of(network.build(facts))
    return compute(facts, lineage, Suspects(lots=("A/A1",)), hazard=Hazard(kind=hazard))


def decided(kind: str, subject: str, **values: Any) -> pl.DataFrame:
    """A decision of a named person."""
    return entries.decision(
        kind, subject, person="mei", role="quality", reason="validated", **values
    )


def clean_times() -> pl.DataFrame:
    """The clock of cleaning records is confirmed."""
    return decided("delay", "cleaning", late=0, early=0)


def lots(scope: Scope) -> dict[str, dict[str, Any]]:
    """Lots as JSON by number."""
    return {lot["lot_no"]: lot for lot in report.to_dict(scope)["lots"]}


def test_the_next_lot_is_possible_until_the_line_was_clean(tmp_path: Path) -> None:
    scope = scope_of(tmp_path, clean_times())
    found = lots(scope)
    assert (found["P2"]["tier"], found["P2"]["grade"]) == ("possible", "contact")
    assert found["P2"]["reason"].startswith("ran on line L1 after")
    assert found["P2"]["affected_share"] is None
    assert found["P3"]["tier"] == "excluded"
    (cut,) = [cut for cut in found["P3"]["cuts"] if cut["rule"] == "clean_break"]
    assert cut["by"] == "records"
    assert cut["from"].split("/")[-1] in ("A1", "P1")
    assert cut["records"][-1].startswith("PLANT/cleaning")
    totals = report.to_dict(scope)["totals"]["lots"]
    assert (totals["certain"], totals["possible"]["contact"]) == (2, 1)
    number = int(scope.lineage.number(["PLANT/P/P2"])[0])
    use_language("zh")
    assert any("产线 L1" in line for line in why(scope, number))


@pytest.mark.parametrize(
    ("cleaning", "known"),
    [
        ("2026-03-02 20:00,L1,conforming,false\n", True),
        ("2026-03-02 20:00,L1,nonconforming,true\n", True),
        ("2026-03-02 20:00,L1,conforming,true\n", False),
        ("2026-03-02 13:00,L1,conforming,true\n", True),
    ],
)
def test_what_is_not_surely_a_clean_break_keeps_nothing_out(
    tmp_path: Path, cleaning: str, known: bool
) -> None:
    sheet = "event_time,site_code,result,verified\n" + cleaning
    scope = scope_of(tmp_path, *([clean_times()] if known else []), cleaning=sheet)
    assert lots(scope)["P3"]["grade"] == "contact"
    assert lots(scope)["P2"]["grade"] == "contact"


def test_a_horizon_takes_out_by_judgement_and_gives_back_when_revoked(tmp_path: Path) -> None:
    horizon = decided("horizon", "PLANT/L1", target="allergen", late=HOUR)
    scope = scope_of(tmp_path, horizon)
    found = lots(scope)
    cuts = {(cut["rule"], cut["by"]) for cut in found["P2"]["cuts"]}
    assert ("horizon", "judgement") in cuts
    assert report.to_dict(scope)["totals"]["lots"]["excluded_by"]["judgement"] == 2
    (piece,) = [one for one in report.to_dict(scope)["evidence"] if one["rule"] == "horizon"]
    assert (piece["key"], piece["lots"]) == (horizon["key"][0], 2)
    other = lots(scope_of(tmp_path, horizon, hazard="microbial"))
    assert other["P2"]["grade"] == other["P3"]["grade"] == "contact"
    revoked = decided("revoke", horizon["key"][0])
    assert lots(scope_of(tmp_path, horizon, revoked))["P3"]["grade"] == "contact"


def test_a_horizon_is_of_a_line_that_there_is(tmp_path: Path) -> None:
    scope = scope_of(tmp_path)
    ask = (None, scope.facts, scope.lineage, "PLANT")
    assert resolved("horizon", "L1", *ask)[1] == "PLANT/L1"
    with pytest.raises(NotFound):
        resolved("horizon", "L9", *ask)
    assert in_force(scope.facts[Decision]).is_empty()
