"""Scopes over mixed stock, gaps, tanks and codes against all that can have happened.

What holds suspect material in some history that leaves these records is in the scope; what the
scope calls certain holds it in each of them.
"""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import polars as pl
import pytest

from graph_model import network
from graph_model.derived.pools import anywhere
from graph_model.ledger import Facts
from graph_model.lineage import Lineage
from graph_model.schema import Lot, Shipment
from queries.recall.cone import Cone
from queries.recall.recipe import Recipe
from queries.recall.rules import Case
from queries.recall.worlds import explore
from tests.facts import stated
from tests.histories import History, Rows
from tests.history_plants import histories, setting

PLANTS = 40


def facts_of(plants: list[Rows]) -> Facts:
    """Plants side by side."""
    kinds = {kind for plant in plants for kind in plant}
    return stated(
        {kind: [row for plant in plants for row in plant.get(kind, [])] for kind in kinds}
    )


def labels(history: History) -> dict[str, list[str]]:
    """What is tracked -> keys of the lots or the shipment that records know it by."""
    found = defaultdict(list)
    for row in history.rows[Lot]:
        theirs = row["owner"] != history.setting.company
        item = "A" if row["item_code"] == "A2" else row["item_code"]
        number = row["lot_no"].removeprefix("S")
        found[f"V:{item}{number}" if theirs else f"{item}:{number}"].append(row["key"])
    for row in history.rows[Shipment]:
        found[f"D:{row['delivery_no'].removeprefix('D')}"].append(row["key"])
    return dict(found)


@pytest.mark.parametrize("few", [0, anywhere.FEW])
@pytest.mark.parametrize("block", range(6))
def test_scopes_hold_what_can_have_happened(
    block: int, few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(anywhere, "FEW", few)
    plants = [histories(setting(seed)) for seed in range(block * PLANTS, (block + 1) * PLANTS)]
    groups = [max(groups, key=len) for groups in plants if groups]
    facts = facts_of([group[0].rows for group in groups])
    lineage = Lineage.of(network.build(facts))
    case = Case(facts, Recipe.of(facts))
    keys = lineage.lots["key"]
    for group in groups:
        names = labels(group[0])
        for root in [name for name in names if not name.startswith("D:")]:
            start = np.sort(lineage.number(names[root]))
            worlds = explore(Cone.of(lineage, start), case, start, start[:0])
            reached = worlds.cone.lots
            held = set(keys[reached[worlds.grade > 0]])
            sent = lineage.shipped.filter(pl.col("lot").is_in(reached[worlds.grade > 0]))
            held |= set(sent["shipment"])
            certain = set(keys[reached[worlds.certain]])
            for name, known in names.items():
                true = [name == root or root in history.held[name] for history in group]
                where = (group[0].setting.company, root, name)
                assert not any(true) or set(known) <= held, where
                assert all(true) or not (set(known) & certain), where
