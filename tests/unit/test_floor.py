"""Recording on the floor: what is scanned is a fact, once, with its stops and both clocks."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from api import floor as taking
from api.floor import Device, Given, Outcome
from api.incidents import Actor
from graph_model.errors import BadInput
from graph_model.floor import Entry, FloorEntry
from graph_model.interval import MIN
from graph_model.plant import Plant
from graph_model.schema import Consumed, Inspection, Lot, Produced, Shipped
from graph_model.settings import Settings
from loaders.entries import now
from queries.floor import entries, numbering, plan, stages, work
from queries.floor.records import Records
from tests.unit.test_incidents import loaded

SHEETS = {
    "items": "item_code,item_name,uom,shelf_life_days\nFLOUR,Flour,kg,\nSALT,Salt,kg,\n"
    "CAKE,Cake,pcs,10\n",
    "bom": "parent_item_code,item_code,quantity,uom,per_quantity\nCAKE,FLOUR,1,kg,1\n",
    "work_orders": "work_order_no,item_code,order_status\nW1,CAKE,open\nW9,CAKE,closed\n",
}
AT = 1_796_000_000_000_000  # 2026-11-30, µs
SECOND = 1_000_000


@pytest.fixture
def plant(tmp_path: Path) -> Iterator[Plant]:
    """A plant with a recipe, an open order and a closed one; nothing was received."""
    with Plant(Settings(data=tmp_path / "data")) as plant:
        loaded(plant, tmp_path / "sheets", SHEETS)
        yield plant


_number = iter(range(10**9))


def entry(step: str, **fields: Any) -> Entry:
    """An entry by scan, one second after the last one."""
    n = next(_number)
    given: dict[str, Any] = {"id": f"K7-{n:08}", "at": AT + n * SECOND, "scanned": True} | fields
    return Entry(step=step, **given)


def take(
    plant: Plant, *given: Entry, who: str = "Lin", off: int = 0, **people: str
) -> list[Outcome]:
    """Sends entries with a device whose clock is `off` seconds ahead."""
    sent = now() + off * SECOND
    listed = [Given(one, **people) for one in given]
    return taking.take(plant, who, Device("K7", sent), listed, may_lift=True)


def states(outcomes: list[Outcome]) -> list[str]:
    return [one.state for one in outcomes]


def rules(plant: Plant, number: str) -> str:
    rows = plant.facts()[FloorEntry].filter(pl.col("entry_no") == number)
    return str(rows["against"][0] or "")


def received(plant: Plant, **fields: Any) -> Outcome:
    told = {"item": "FLOUR", "code": "F1", "quantity": 10.0, "supplier": "S1", **fields}
    (done,) = take(plant, entry("receive", **told))
    assert done.state == taking.RECORDED, done
    return done


def test_goods_are_received_issued_and_made_from_scan_to_trace(plant: Plant) -> None:
    done = take(
        plant,
        entry("receive", item="FLOUR", code="(01)04012345123456(17)270131(10)F1", quantity=10.0,
              supplier="S1", to_place="WH"),
        entry("issue", order="W1", code="F1", quantity=4.0, place="WH", line="L1"),
        entry("make", order="W1", quantity=4.0, to_place="WH"),
    )  # fmt: skip
    assert states(done) == ["recorded"] * 3
    made = done[2].lot
    assert made is not None
    assert done[2].lot_no == "261130-W1-01"
    lineage = plant.lineage()
    number = lineage.number([made])
    back = set(lineage.lots["key"][lineage.backward(number).lots])
    assert {"PLANT/FLOUR/F1", "S1/FLOUR/F1", made} <= back
    facts = plant.facts()
    flour = facts[Lot].filter(pl.col("key") == "PLANT/FLOUR/F1").row(0, named=True)
    assert flour["expiry_date"] is not None
    row = facts[Consumed].filter(pl.col("operation") == "PLANT/produce/W1").row(0, named=True)
    assert (row["lot_source"], row["quantity"], row["uom"]) == ("scanned", 4, "kg")


def test_an_entry_is_recorded_once_however_often_and_in_whatever_parts_it_is_sent(
    plant: Plant,
) -> None:
    given = [entry("receive", item="FLOUR", code=f"F{n}", quantity=5.0, waited=True)
             for n in range(6)]  # fmt: skip
    given += [entry("issue", order="W1", code=f"F{n}", quantity=1.0, waited=True) for n in range(6)]
    random_ = random.Random(7)
    whole = {one.id for one in given}
    for _ in range(4):  # a queue that is cut off anywhere and sent again
        start = random_.randrange(len(given))
        take(plant, *given[start : start + random_.randrange(1, 7)])
    take(plant, *given)
    before = plant.ledger.head()
    assert set(states(take(plant, *given))) == {"known"}
    assert plant.ledger.head() == before  # nothing new, no batch
    facts = plant.facts()
    assert set(facts[FloorEntry]["entry_no"]) == whole
    issued = facts[Consumed].filter(pl.col("operation") == "PLANT/produce/W1")
    assert sorted(issued["doc_no"]) == sorted(one.id for one in given[6:])


def test_one_number_for_two_entries_is_refused(plant: Plant) -> None:
    first = entry("receive", item="FLOUR", code="F1", quantity=5.0)
    take(plant, first)
    other = entry("receive", item="FLOUR", code="F1", quantity=6.0, id=first.id, at=first.at)
    assert states(take(plant, other)) == ["refused"]


@pytest.mark.parametrize(
    ("prepare", "step", "fields", "rule"),
    [
        ([], "issue", {"order": "W1", "code": "NONE"}, "lot_unknown"),
        ([{"item": "SALT", "code": "S"}], "issue", {"order": "W1", "code": "S"}, "wrong_item"),
        ([{}], "issue", {"order": "W9", "code": "F1"}, "order_closed"),
        ([{}], "issue", {"order": "W2", "code": "F1"}, "order_unknown"),
        ([{"expiry": "2026-11-01"}], "issue", {"order": "W1", "code": "F1"}, "expired"),
        ([{"expiry": "2026-11-01"}], "ship", {"delivery": "D1", "code": "F1"}, "expired"),
    ],
)
def test_what_must_not_be_done_is_stopped_and_recorded_only_where_it_happened_already(
    plant: Plant, prepare: list[dict[str, Any]], step: str, fields: dict[str, Any], rule: str
) -> None:
    for one in prepare:
        received(plant, **one)
    before = plant.ledger.head()
    wrong = entry(step, quantity=1.0, **fields)
    (done,) = take(plant, wrong)
    assert done.state == "stopped"
    assert done.reasons
    assert plant.ledger.head() == before
    # Sent later, it has happened: leaving it out would hide where the goods went.
    (late,) = take(plant, entry(step, quantity=1.0, waited=True, **fields))
    assert late.state == "recorded"
    assert rule in rules(plant, late.id).split(";")
    (told,) = take(plant, wrong, despite="the last bag, by order of quality")
    assert told.state == "recorded"
    rows = pl.concat([plant.facts()[kind].select("doc_no") for kind in (Consumed, Shipped)])
    assert {late.id, told.id} <= set(rows["doc_no"])


def test_a_last_day_is_a_whole_day(plant: Plant) -> None:
    received(plant, expiry="2026-11-30")
    last = AT - AT % (86_400 * SECOND) + 16 * 3600 * SECOND
    on_time = entry("issue", order="W1", code="F1", quantity=1.0, at=last - SECOND)
    too_late = entry("issue", order="W1", code="F1", quantity=1.0, at=last)
    assert states(take(plant, on_time, too_late)) == ["recorded", "stopped"]


def test_a_hold_stops_use_until_another_person_lifts_it(plant: Plant) -> None:
    received(plant)
    assert states(take(plant, entry("hold", code="F1", reason="smells"))) == ["recorded"]
    use = {"order": "W1", "code": "F1", "quantity": 1.0}
    assert states(take(plant, entry("issue", **use))) == ["stopped"]
    assert states(take(plant, entry("move", code="F1", quantity=1.0, to_place="Q"))) == ["recorded"]
    lift = {"code": "F1", "reason": "tested"}
    assert states(take(plant, entry("lift", **lift))) == ["refused"]
    assert states(take(plant, entry("lift", **lift), who="Mei")) == ["recorded"]
    assert states(take(plant, entry("lift", **lift), who="Mei")) == ["stopped"]  # nothing is held
    assert states(take(plant, entry("issue", **use))) == ["recorded"]


def test_nobody_lifts_their_own_hold_of_the_same_list(plant: Plant) -> None:
    received(plant)
    both = take(plant, entry("hold", code="F1", reason="smells"),
                entry("lift", code="F1", reason="tested"))  # fmt: skip
    assert states(both) == ["recorded", "refused"]


def test_an_inspection_decides_by_the_last_result_of_each_check(plant: Plant) -> None:
    received(plant)
    use = {"order": "W1", "code": "F1", "quantity": 1.0}
    for check, result, state in (
        ("metal", "pending", "stopped"), ("metal", "conforming", "recorded"),
        ("smell", "nonconforming", "stopped"), ("metal", "conforming", "stopped"),
        ("smell", "concession", "recorded"),
    ):  # fmt: skip
        take(plant, entry("inspect", code="F1", check=check, result=result))
        assert states(take(plant, entry("issue", **use))) == [state], (check, result)
    assert len(plant.facts()[Inspection]) == 5


def test_a_number_of_several_lots_is_chosen_by_recipe_or_person(plant: Plant) -> None:
    received(plant, item="SALT", code="X")
    received(plant, item="FLOUR", code="X")
    (issued,) = take(plant, entry("issue", order="W1", code="X", quantity=1.0))
    assert issued.lot == "PLANT/FLOUR/X"
    (moved,) = take(plant, entry("move", code="X", quantity=1.0, to_place="B"))
    assert moved.state == "stopped"
    assert {one["item"] for one in moved.choices} == {"SALT", "FLOUR"}
    chosen = entry("move", code="X", lot="PLANT/SALT/X", quantity=1.0, to_place="B")
    assert take(plant, chosen)[0].lot == "PLANT/SALT/X"


def test_goods_on_paper_are_recorded_by_item_and_number(plant: Plant) -> None:
    (done,) = take(plant, entry("issue", order="W1", code="OLD", item="FLOUR", quantity=1.0))
    assert done.lot == "PLANT/FLOUR/OLD"
    (opened,) = take(plant, entry("make", order="W7", order_item="CAKE", quantity=1.0, lot_no="C7"))
    assert opened.lot == "PLANT/CAKE/C7"
    assert take(plant, entry("issue", order="W7", code="OLD", quantity=1.0))[0].state == "recorded"
    (taken,) = take(plant, entry("make", order="W1", quantity=1.0, lot_no="C7"))
    assert taken.state == "stopped"  # another order made that number


@pytest.mark.parametrize("off", [0, 60, -60, 3600, -3600, 864_000])
@pytest.mark.parametrize("scanned", [True, False])
def test_a_clock_bounds_times_only_where_it_goes_right(
    plant: Plant, off: int, scanned: bool
) -> None:
    moment = now()
    one = entry("receive", item="FLOUR", code="F1", quantity=1.0, scanned=scanned,
                at=moment + (off - 30) * SECOND)  # fmt: skip
    take(plant, one, off=off)
    row = plant.facts()[FloorEntry].row(0, named=True)
    assert row["occurred_at"] == one.at
    assert abs(row["sent_at"] - row["received_at"] - off * SECOND) < 10 * SECOND
    flow = plant.network().produced.filter(pl.col("doc_no") == one.id).row(0, named=True)
    trusted = scanned and abs(off) < 900
    assert (flow["t0"] > MIN) == trusted
    if trusted:
        assert flow["t0"] <= moment <= flow["t1"]


def test_who_is_named_confirms_or_refuses_and_hours_follow(plant: Plant) -> None:
    (done,) = take(plant, entry("receive", item="FLOUR", code="F1", quantity=3.0),
                   second_person="Mei", responsible="Bao")  # fmt: skip
    records = plant.ledger.records
    (row,) = entries.listing(plant.facts()).to_dicts()
    assert set(row["waits_for"]) == {records.pseudonym("Mei"), records.pseudonym("Bao")}
    with pytest.raises(BadInput):  # nobody asked Lin
        taking.say(plant, Actor("Lin", "operator", "was there"), done.id, "confirm")
    taking.say(plant, Actor("Mei", "operator", "was there"), done.id, "confirm")
    taking.say(plant, Actor("Bao", "operator", "my shift"), done.id, "confirm")
    (row,) = entries.listing(plant.facts()).to_dicts()
    assert row["waits_for"] is None
    rows = work.hours(plant.facts(), "Asia/Shanghai")
    assert set(rows["person"]) == {records.pseudonym("Lin"), records.pseudonym("Mei")}
    assert rows["hour"].unique().to_list()[0] % work.HOUR == 0
    alone = entry("receive", item="FLOUR", code="F2", quantity=3.0)
    assert states(take(plant, alone, second_person=" ｌｉｎ ")) == ["refused"]


def test_an_entry_that_is_taken_back_moves_nothing_and_counts_for_nobody(plant: Plant) -> None:
    received(plant)
    wrong = entry("issue", order="W1", code="F1", quantity=400.0)
    take(plant, wrong)
    taking.say(plant, Actor("Lin", "operator", "typed wrong"), wrong.id, "withdraw")
    row = plant.facts()[Consumed].filter(pl.col("doc_no") == wrong.id).row(0, named=True)
    assert row["status"] == "cancelled"
    assert work.hours(plant.facts(), "UTC")["step"].to_list() == ["receive"]
    with pytest.raises(BadInput):
        taking.say(plant, Actor("Lin", "operator", "again"), wrong.id, "withdraw")
    with pytest.raises(BadInput):
        plant.ledger.undo(plant.ledger.head()[0], who="Lin", reason="all of it")


def test_a_device_gets_what_it_needs_by_first_expiry(plant: Plant) -> None:
    received(plant, code="LATE", expiry="2027-03-01")
    received(plant, code="NEVER")
    received(plant, code="SOON", expiry="2026-12-24")
    take(plant, entry("hold", code="LATE", reason="smells"))
    found = plan.plan(plant.facts(), plant.lineage(), "PLANT", AT)
    assert [(one["no"], one["blocked"]) for one in found["lots"]] == [
        ("SOON", ""), ("LATE", "held"), ("NEVER", "")]  # fmt: skip
    (order,) = found["orders"]
    assert (order["no"], order["needs"]) == ("W1", ["FLOUR"])
    assert found["complete"]


def test_coverage_grows_from_receipt_to_quality(plant: Plant) -> None:
    received(plant)
    take(plant, entry("inspect", code="F1", result="conforming", scanned=False))
    found = stages.stages(plant.facts())
    shares = [(one.step, one.total, one.recorded, one.scanned) for one in found if one.total]
    assert shares == [("receive", 1, 1, 1), ("inspect", 1, 1, 0)]
    assert [one.share for one in found] == [1, None, None, None, None, None, 1]


def test_numbers_follow_the_rule_and_are_never_given_twice() -> None:
    taken: set[str] = set()
    for _ in range(120):
        taken.add(
            numbering.following("{yy}{mm}{dd}-{order}-{nn}", taken, at=AT, zone="Asia/Shanghai",
                                order="W1", item="CAKE")
        )  # fmt: skip
    assert len(taken) == 120
    assert {"261130-W1-01", "261130-W1-120"} <= taken
    bare = numbering.following("{order}/{item}.{n}", (), at=AT, zone="UTC", order="", item="A")
    assert bare == "A.1"
    for rule in ("{dd}", "{n}{nn}", "{day}-{n}"):
        with pytest.raises(BadInput):
            numbering.check(rule)


def test_what_is_known_before_is_known_to_the_next_entry_of_a_list(plant: Plant) -> None:
    """Records that learned answer as those of the facts once they are written."""
    take(plant, entry("receive", item="FLOUR", code="A", quantity=1.0),
         entry("hold", code="A", reason="torn"))  # fmt: skip
    done = take(plant, entry("receive", item="FLOUR", code="B", quantity=1.0),
                entry("hold", code="B", reason="torn"),
                entry("issue", order="W1", code="B", quantity=1.0),
                entry("issue", order="W1", code="A", quantity=1.0))  # fmt: skip
    assert states(done) == ["recorded", "recorded", "stopped", "stopped"]
    records = Records(plant.facts(), "PLANT")
    assert records.blocked("PLANT/FLOUR/A") == records.blocked("PLANT/FLOUR/B") == ("held", "torn")


def test_what_was_made_on_the_floor_is_in_stock_and_leaves(plant: Plant) -> None:
    done = take(plant, entry("make", order="W1", quantity=5.0, lot_no="C1", to_place="WH"),
                entry("ship", code="C1", quantity=2.0, customer="K1", place="WH"))  # fmt: skip
    assert states(done) == ["recorded", "recorded"]
    (shipped,) = plant.facts()[Shipped].to_dicts()
    assert shipped["lot"] == "PLANT/CAKE/C1"
    assert plant.facts()[Produced].filter(pl.col("lot") == "PLANT/CAKE/C1").height == 1
    (left,) = plan.plan(plant.facts(), plant.lineage(), "PLANT", AT)["lots"]
    assert (left["no"], left["quantity"]) == ("C1", 3)
