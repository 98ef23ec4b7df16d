"""Times that contradict each other, and stock of no known time, never keep contact out."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import pytest

from graph_model import network
from graph_model.lineage import Lineage
from graph_model.schema import (
    Cleaning,
    Consumed,
    Decision,
    Item,
    Lot,
    Operation,
    Produced,
    Returned,
    Site,
)
from queries.recall import contact
from queries.recall.cone import Cone
from queries.recall.hazard import Hazard
from queries.recall.recipe import Recipe
from queries.recall.rulebook import Rulebook
from queries.recall.rules import Case
from queries.recall.worlds import explore
from tests.facts import stated

Span = tuple[int | None, int | None]


class Book:
    """Records of a plant with lines M, N, K and tank T: R is in order 1, on M from 60 to 70."""

    def __init__(self) -> None:
        self.rows: dict[type, list[dict[str, Any]]] = defaultdict(list)
        self.rows[Decision] = [
            {"key": "d", "kind": "delay", "subject": "s", "late": 0, "early": 0, "decided_at": 1}
        ]
        for code, kind in {"M": "line", "N": "line", "K": "line", "T": "tank"}.items():
            self.rows[Site].append(
                {"key": f"C/{code}", "company": "C", "site_code": code, "kind": kind}
            )
        for lot in ("R", "X", "A", "L", "F", "P"):
            about = {"company": "C", "item_code": lot}
            self.rows[Item].append({"key": f"C/{lot}", **about})
            self.rows[Lot].append(
                {"key": f"C/{lot}/1", "owner": "C", "item_code": lot, "lot_no": "1",
                 "item": f"C/{lot}"}
            )  # fmt: skip
        self.order("1", "M", (60, 70))
        self.move(Consumed, "1", "R", (60, 60))
        self.move(Produced, "1", "X", (70, 70))

    def order(
        self, number: str, site: str | None, ran: Span = (None, None),
        part_of: str | None = None, status: str | None = "closed",
    ) -> None:  # fmt: skip
        """An order or a part of one."""
        self.rows[Operation].append(
            {"key": f"C/produce/{number}", "company": "C", "kind": "produce", "number": number,
             "source": "s", "site": site and f"C/{site}", "earliest": ran[0], "latest": ran[1],
             "status": status, "order": part_of and f"C/produce/{part_of}"}
        )  # fmt: skip

    def move(
        self, kind: type, order: str, lot: str, time: Span, *, named: bool = True, **more: Any
    ) -> None:
        """A movement with an exact clock."""
        self.rows[kind].append(
            {"key": f"m{sum(map(len, self.rows.values()))}", "item": f"C/{lot}",
             "lot": f"C/{lot}/1" if named else None, "operation": f"C/produce/{order}",
             "earliest": time[0], "latest": time[1], "basis": "by_order",
             "posting_method": "network", **more}
        )  # fmt: skip

    def reached(self, hazard: str = "microbial") -> set[str]:
        """Lots that R reaches."""
        facts = stated(self.rows)
        lineage = Lineage.of(network.build(facts))
        case = Case(facts, Recipe.of(facts), hazard=Hazard(kind=hazard))
        root = lineage.number(["C/R/1"])
        cone = Cone.of(contact.extended(facts, lineage, case.hazard, Rulebook()), root)
        found = explore(cone, case, root, root[:0])
        kept = cone.lots[(found.grade > 0) & cone.recorded]
        return {key.split("/")[1] for key in lineage.lots["key"][kept]}


@pytest.mark.parametrize("used", [(100, 105), (100, 200)])
def test_what_was_used_before_it_was_posted_was_there(used: Span) -> None:
    book = Book()
    book.order("2", "M", (80, 180))
    book.move(Consumed, "2", "A", (80, 80))
    book.move(Produced, "2", "L", (180, 180))
    book.order("3", "N", (100, 110))
    book.move(Consumed, "3", "L", used)
    book.move(Produced, "3", "F", (110, 110))
    book.order("4", "K", (120, 130))
    book.move(Consumed, "4", "F", (120, 120))
    book.move(Produced, "4", "P", (130, 130))
    assert book.reached() == {"R", "X", "L", "F", "P"}


@pytest.mark.parametrize("paired", [False, True])
def test_an_order_did_not_begin_after_its_product_was_used(paired: bool) -> None:
    book = Book()
    book.order("2", "M", (200, 300))
    part, basis = ("2-1", "exact") if paired else ("2", "by_order")
    if paired:
        book.order("2-1", None, part_of="2")
    for kind, lot in ((Consumed, "A"), (Produced, "L")):
        book.move(kind, part, lot, (None, None), basis=basis, posting_method=None)
    book.order("3", "N")
    book.move(Consumed, "3", "L", (100, 105))
    book.move(Produced, "3", "F", (110, 110))
    assert book.reached() == {"R", "X", "L", "F"}


@pytest.mark.parametrize("named", [True, False])
@pytest.mark.parametrize("place", ["C/T", None])
def test_a_draw_without_a_lot_meets_what_came_to_the_tank_later(
    named: bool, place: str | None
) -> None:
    book = Book()
    book.order("2", "K", (75, 80))
    book.move(Consumed, "2", "A", (75, 75))
    book.move(Produced, "2", "L", (80, 80), to_place="C/T")
    book.order("5", "M", (85, 90))
    book.move(Consumed, "5", "R", (85, 85))
    book.move(Produced, "5", "P", (90, 90), to_place="C/T")
    book.order("3", "N", (110, 120))
    book.move(Consumed, "3", "L", (110, 110), named=named, from_place=place)
    book.move(Produced, "3", "F", (120, 120))
    assert book.reached() == {"R", "X", "P", "L", "F"}


@pytest.mark.parametrize("named", [True, False])
def test_a_return_without_a_lot_brings_back_what_lay_on_the_line(named: bool) -> None:
    book = Book()
    book.order("2", "M", (80, 100))
    book.move(Consumed, "2", "A", (80, 80))
    book.move(Produced, "2", "L", (100, 100))
    book.move(Returned, "2", "A", (105, 105), named=named)
    book.order("3", "N", (110, 120))
    book.move(Consumed, "3", "A", (112, 112))
    book.move(Produced, "3", "F", (120, 120))
    assert book.reached() == {"R", "X", "A", "L", "F"}


@pytest.mark.parametrize(("cleaned", "met"), [((72, 75), set()), ((200, 72), {"L"})])
def test_what_ended_before_it_began_parts_nothing(cleaned: Span, met: set[str]) -> None:
    book = Book()
    book.rows[Cleaning].append(
        {"key": "c", "site": "C/M", "verified": True, "clearance": False, "source": "s",
         "earliest": cleaned[0], "latest": cleaned[1], "result": "conforming"}
    )  # fmt: skip
    book.order("2", "M", (80, 100))
    book.move(Consumed, "2", "A", (80, 80))
    book.move(Produced, "2", "L", (100, 100))
    assert book.reached() == {"R", "X"} | met


def test_an_issue_that_ended_before_it_began_may_be_in_every_output() -> None:
    book = Book()
    book.order("2", "N", (1, 100))
    book.move(Consumed, "2", "R", (95, 10))
    book.move(Produced, "2", "L", (50, 50))
    book.move(Produced, "2", "F", (100, 100))
    assert book.reached("dimension") == {"R", "X", "L", "F"}


@pytest.mark.parametrize(("status", "met"), [("closed", False), ("open", True), (None, True)])
def test_an_end_of_an_order_that_is_not_closed_may_be_a_plan(status: str | None, met: bool) -> None:
    book = Book()
    book.order("2", "M", (10, 50), status=status)
    book.move(Consumed, "2", "A", (10, 10))
    book.move(Produced, "2", "L", (20, None))
    assert ("L" in book.reached()) is met
