"""What may be unexplained of an item, as a named person decides it, counts until it is revoked."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from graph_model import network
from graph_model.derived.tolerances import tolerances
from graph_model.errors import BadInput, NotFound
from graph_model.ledger import Facts
from graph_model.lineage import Lineage
from loaders import entries
from queries.deciding import resolved
from tests.facts import fold
from tests.unit.plant_case import loaded

SHEETS = {
    "items": [{"item_code": "R", "uom": "kg", "tolerance": "2%"},
              {"item_code": "P", "uom": "kg"}],
    "bom": [{"parent_code": "P", "item_code": "R", "quantity": "1", "uom": "kg"}],
    "work_orders": [{"work_order_no": order, "item_code": "P", "order_status": "closed"}
                    for order in ("W1", "W2")],
    "issues": [{"doc_no": f"I{order}", "work_order_no": order, "item_code": "R", "lot_no": lot,
                "quantity": amount, "uom": "kg", "event_time": f"{day} 08:00"}
               for order, lot, amount, day in (("W1", "R1", "105", "2026-01-05"),
                                               ("W2", "R2", "95", "2026-01-06"))],
    "outputs": [{"doc_no": f"O{order}", "work_order_no": order, "item_code": "P", "lot_no": order,
                 "quantity": "100", "uom": "kg", "event_time": f"{day} 10:00"}
                for order, day in (("W1", "2026-01-05"), ("W2", "2026-01-06"))],
}  # fmt: skip


@pytest.fixture
def tables(tmp_path: Path) -> dict[str, pl.DataFrame]:
    """A plant that issued 105 kg where its recipe needs 100, and 95 for the next order."""
    return dict(loaded(tmp_path, SHEETS, chinese=False).tables)


def facts(tables: dict[str, pl.DataFrame], *decisions: pl.DataFrame) -> Facts:
    return fold({**tables, "Decision": pl.concat(decisions)} if decisions else tables)


def decision(at: Facts, share: str) -> pl.DataFrame:
    kind, subject, target = resolved(
        "tolerance", "R", share, at, Lineage.of(network.build(at)), "PLANT"
    )
    return signed(kind, subject, target)


def signed(kind: str, subject: str, target: str | None = None) -> pl.DataFrame:
    return entries.decision(
        kind, subject, target=target, person="p-1", role="QA", reason="weighed for a month"
    )


def pools(at: Facts) -> int:
    """Mixed stock that the amounts tell of."""
    return network.build(at).lots.filter(rule="pool").height


def test_the_latest_decision_counts_and_a_revoked_one_does_not(
    tables: dict[str, pl.DataFrame],
) -> None:
    plain = facts(tables)
    assert pools(plain) == 1
    wide = decision(plain, "10%")
    widened = facts(tables, wide)
    assert pools(widened) == 0
    assert tolerances(widened).filter(item="PLANT/R")["tolerance"].item() == 0.1
    narrow = decision(plain, "0.01")
    assert pools(facts(tables, wide, narrow)) == 1
    back = signed("revoke", narrow["key"][0])
    assert pools(facts(tables, wide, narrow, back)) == 0


@pytest.mark.parametrize("share", ["", "two", "-1%", "101%", "1.5"])
def test_what_is_no_share_is_refused(tables: dict[str, pl.DataFrame], share: str) -> None:
    with pytest.raises(BadInput):
        decision(facts(tables), share)


def test_an_item_that_is_not_recorded_is_refused(tables: dict[str, pl.DataFrame]) -> None:
    at = facts(tables)
    with pytest.raises(NotFound):
        resolved("tolerance", "NONE", "2%", at, Lineage.of(network.build(at)), "PLANT")
