"""Recording on the floor over HTTP: who may what, from where, and what a list is answered with."""

from __future__ import annotations

import time
from itertools import count
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from tests.service.conftest import Enter

_numbers = count(10**7)


def entry(step: str, **fields: Any) -> dict[str, Any]:
    """An entry of now."""
    return {"id": f"T1-{next(_numbers)}", "step": step, "at": ms()} | fields


def ms() -> int:
    return int(time.time() * 1000)


def send(client: TestClient, *entries: dict[str, Any], **headers: str) -> dict[str, Any]:
    body = {"device": "T1", "sent_at": ms(), "entries": list(entries)}
    reply = client.post("/api/v1/floor/entries", json=body, headers=headers)
    told: dict[str, Any] = reply.json() | {"status": reply.status_code}
    return told


@pytest.fixture(scope="module")
def operator(signed_in: Enter) -> TestClient:
    """A person of the floor."""
    return signed_in("operator")


def received(client: TestClient, code: str) -> dict[str, Any]:
    told = send(client, entry("receive", item="FLOUR-X", code=code, quantity=5, uom="kg"))
    (done,) = told["entries"]
    assert done["state"] == "recorded", told
    found: dict[str, Any] = done
    return found


def test_a_list_is_answered_entry_by_entry(operator: TestClient) -> None:
    good = entry("receive", item="FLOUR-X", code="L-1", quantity=5, uom="kg")
    empty = entry("move", code="L-1", quantity=1)
    stopped = entry("issue", order="NO-SUCH", code="L-1", quantity=1)
    told = send(operator, good, empty, stopped, good)
    assert [one["state"] for one in told["entries"]] == ["recorded", "refused", "stopped", "known"]
    assert told["entries"][2]["rules"] == ["order_unknown"]
    assert abs(told["clock_off_ms"]) < 60_000
    assert send(operator, good)["entries"][0]["state"] == "known"
    assert send(operator, good)["batch"] == told["batch"]


def test_another_site_cannot_record_for_a_person(operator: TestClient) -> None:
    told = send(operator, entry("count", item="FLOUR-X", place="A", quantity=1),
                origin="https://elsewhere.example")  # fmt: skip
    assert (told["status"], told["code"]) == (403, "foreign_origin")


def test_going_against_a_stop_and_ending_a_hold_need_more_than_recording(
    operator: TestClient, signed_in: Enter
) -> None:
    received(operator, "L-2")
    send(operator, entry("hold", code="L-2", reason="wet"))
    use = {"code": "L-2", "quantity": 1, "delivery": "D-77"}
    assert send(operator, entry("ship", **use))["entries"][0]["state"] == "stopped"
    assert send(operator, entry("ship", **use, despite="told to"))["status"] == 403
    lift = send(operator, entry("lift", code="L-2", reason="dried"))
    assert lift["entries"][0]["state"] == "refused"
    quality = signed_in("quality")
    assert send(quality, entry("lift", code="L-2", reason="dried"))["entries"][0]["state"] == (
        "recorded"
    )
    assert send(operator, entry("ship", **use))["entries"][0]["state"] == "recorded"


def test_an_entry_is_taken_back_by_its_person_or_by_who_corrects_others(
    operator: TestClient, signed_in: Enter, service: FastAPI
) -> None:
    service.state.accounts.add("op2", ["operator"], "seven green goats sail", must_change=False)
    number = received(operator, "L-3")["id"]
    address = f"/api/v1/floor/entries/{number}/answer"
    back = {"kind": "withdraw", "reason": "wrong label"}
    assert signed_in("op2").post(address, json=back).status_code == 403
    assert operator.post(address, json={"kind": "confirm", "reason": "x"}).status_code == 422
    assert signed_in("quality").post(address, json=back).status_code == 200
    assert operator.post(address, json=back).json()["code"] == "floor_withdrawn"


def test_hours_of_others_are_for_who_may_read_them(operator: TestClient, signed_in: Enter) -> None:
    received(operator, "L-4")
    assert operator.get("/api/v1/floor/work").status_code == 403
    assert signed_in("quality").get("/api/v1/floor/work").status_code == 403
    every = signed_in("management").get("/api/v1/floor/work").json()["rows"]
    assert {"operator", "quality"} <= {row["person"] for row in every}
    own = operator.get("/api/v1/floor/work/mine").json()
    assert {row["person"] for row in own["rows"]} == {None}  # names are for others to hide
    assert sum(row["entries"] for row in own["rows"]) == sum(
        row["entries"] for row in every if row["person"] == "operator"
    )


def test_who_is_named_is_asked_and_told_by_whom(operator: TestClient, signed_in: Enter) -> None:
    named = entry("receive", item="FLOUR-X", code="L-5", quantity=2, second_person="quality")
    assert send(operator, named)["entries"][0]["state"] == "recorded"
    other = signed_in("quality")
    waiting = "/api/v1/floor/entries?waiting=true"
    (row,) = other.get(waiting).json()["rows"]
    assert (row["entry"], row["asked_by"]) == (named["id"], "operator")
    assert operator.get(waiting).json()["rows"] == []
    address = f"/api/v1/floor/entries/{named['id']}/answer"
    assert other.post(address, json={"kind": "confirm", "reason": "was there"}).status_code == 200
    assert other.get(waiting).json()["rows"] == []


def test_a_device_gets_a_plan_and_a_label(operator: TestClient) -> None:
    lot = received(operator, "L-6")["lot"]
    plan = operator.get("/api/v1/floor/plan").json()
    assert plan["me"] == "operator"
    # Every order of this plant is closed; open ones are tried in tests/unit/test_floor.py.
    assert (plan["orders"], plan["complete"]) == ([], True)
    assert any(one["no"] == "L-6" for one in plan["lots"])
    assert {"quality", "admin"} <= set(plan["people"])
    label = operator.get("/api/v1/floor/label", params={"lot": lot}).json()
    assert label["lot_no"] == "L-6"
    assert label["code"].startswith("data:image/svg+xml")
    assert operator.get("/api/v1/floor/label", params={"lot": "NO"}).status_code == 404


def test_a_batch_of_the_floor_is_not_undone_as_a_whole(
    operator: TestClient, signed_in: Enter
) -> None:
    batch = send(operator, entry("count", item="FLOUR-X", place="A", quantity=0))["batch"]
    undone = signed_in("quality").post(f"/api/v1/batches/{batch}/undo", json={"reason": "wrong"})
    assert (undone.status_code, undone.json()["code"]) == (422, "batch_of_floor")
