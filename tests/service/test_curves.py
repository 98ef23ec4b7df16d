"""An incident over time, and what of its cost is committed: held against what was entered."""

from __future__ import annotations

import polars as pl
import pytest
from fastapi import FastAPI

from graph_model.schema import Item
from queries.incidents import cases, curves, holds, notices, scopes
from queries.recall import cost, tables
from tests.service.conftest import Enter
from tests.service.test_answers import lot as lot

WHY = {"reason": "metal in a jar"}
URL = "/api/v1/incidents/Q8"


@pytest.fixture(scope="module")
def opened(service: FastAPI, signed_in: Enter, lot: str) -> str:
    """An incident that is held and told; its key."""
    client = signed_in("quality")
    told = WHY | {"title": "Metal", "suspected": {"lot": [lot]}, "number": "Q8"}
    assert client.post("/api/v1/incidents", json=told).status_code == 201
    for path in ("holds", "notify"):
        assert client.post(f"{URL}/{path}", json=WHY).status_code == 200
    facts = service.state.plant.now().facts
    key: str = cases.find(facts, "Q8")["key"]
    return key


def test_what_is_scrapped_and_sent_back_is_committed_at_its_price(
    service: FastAPI, signed_in: Enter, opened: str
) -> None:
    client, plant = signed_in("quality"), service.state.plant
    moment = plant.now()
    assert curves.committed(moment.facts, moment.lineage, opened) == 0
    line = next(one for one in holds.lines(moment.facts, opened) if one.held.expected > 0
                and one.hold["place"] == "on_hand")  # fmt: skip
    amount = {"lot": line.hold["key"], "quantity": line.held.expected}
    assert client.post(f"{URL}/found", json=WHY | amount).status_code == 200
    scrapped = client.post(f"{URL}/dispositions", json=WHY | amount | {"disposition": "scrap"})
    assert scrapped.status_code == 200, scrapped.text
    party = next(one for one in notices.listing(moment.facts, opened)
                 if [row["lot"] for row in one["lots"]] != [None])  # fmt: skip
    row = next(row for row in party["lots"] if row["lot"])
    said = {"customer": party["customer"], "lot": row["lot"], "uom": row["uom"],
            "amounts": {"recovered": row["shipped"]}}  # fmt: skip
    assert client.post(f"{URL}/answers", json=WHY | said).status_code == 200

    moment = plant.now()
    prices = cost.prices(tables.costs(moment.facts), moment.lineage, moment.facts[Item]).lines
    all_of = sum(one["shipped"] for other in notices.listing(moment.facts, opened)
                 for one in other["lots"] if one["lot"] == row["lot"])  # fmt: skip

    def price(key: str, place: str) -> float:
        number = int(moment.lineage.number([key])[0])
        own = prices.filter((pl.col("lot") == number) & (pl.col("place") == place))
        return float(own["cost"].sum())

    wanted = price(line.hold["lot"], "on_hand")
    wanted += price(row["lot"], "shipped") * row["shipped"] / all_of
    assert wanted > 0
    found = curves.committed(moment.facts, moment.lineage, opened)
    assert found == pytest.approx(wanted, abs=0.02)


def test_the_curves_end_where_the_incident_stands(service: FastAPI, opened: str) -> None:
    moment = service.state.plant.now()
    home = cases.Home.of(service.state.settings)
    rows = curves.over_time(moment.facts, moment.lineage, opened, home)
    last = {row["unit"]: row for row in rows if row["day"] == rows[-1]["day"]}
    lost = scopes.lost(moment.facts, moment.lineage, opened)
    assert {unit: one["unaccounted"] for unit, one in last.items() if unit in lost} == {
        unit: one["total"] for unit, one in lost.items()
    }
    found = sum(line.held.found for line in holds.lines(moment.facts, opened))
    assert sum(row["back"] for row in last.values()) >= found > 0
    assert [row["day"] for row in rows] == sorted(row["day"] for row in rows)
