"""Evidence, rules and what to do about a scope, by HTTP."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI

from tests.service.conftest import PASSWORD, Enter
from tests.service.test_answers import lot as lot

URL = "/api/v1/evidence"
WHY = {"reason": "seen by eye", "role": "lab"}
KILL = '[[kill_step]]\nstep = "bake"\nagent = "Salmonella"\nlimits = { min_temp_c = 72.0 }\n'


def inspection(lot: str) -> dict[str, Any]:
    """An inspection of every unit that found nothing."""
    return WHY | {
        "kind": "inspection", "lot": lot, "result": "pass", "hazard": "foreign_body:metal",
        "full": True, "method": "x-ray", "at": "2026-06-01",
    }  # fmt: skip


def tier_of(client: Any, root: str, lot: str) -> str:
    """The tier of a lot in the scope of a root."""
    whole = client.get("/api/v1/scope", params={"lot": root, "hazard": "foreign_body:metal"}).json()
    found: str = next(one["tier"] for one in whole["lots"] if one["key"] == lot)
    return found


def test_evidence_acts_while_it_is_accepted(signed_in: Enter, lot: str) -> None:
    client = signed_in("quality")
    scope = client.get(
        "/api/v1/scope", params={"lot": lot, "hazard": "foreign_body:metal"}
    ).json()  # fmt: skip
    one = next(x["key"] for x in scope["lots"] if x["tier"] != "excluded" and x["key"] != lot)
    before = tier_of(client, lot, one)
    made = client.post(URL, json=inspection(one))
    assert made.status_code == 201, made.text
    key = made.json()["result"]["key"]
    assert (made.json()["result"]["state"], tier_of(client, lot, one)) == ("proposed", before)
    assert client.post(f"{URL}/{key}/accept", json=WHY).json()["result"]["state"] == "accepted"
    assert tier_of(client, lot, one) == "excluded"
    again = client.get("/api/v1/scope", params={"lot": lot, "hazard": "foreign_body:metal"}).json()
    (used,) = [piece for piece in again["evidence"] if piece["key"] == key]
    assert set(used["persons"]) == {"quality"}
    assert client.post(f"{URL}/{key}/revoke", json=WHY).json()["result"]["state"] == "revoked"
    assert tier_of(client, lot, one) == before
    listed = client.get(URL).json()["rows"]
    assert [(row["state"], row["person"]) for row in listed] == [("revoked", "quality")]
    assert signed_in("management").get(URL).status_code == 200
    assert signed_in("management").post(URL, json=inspection(one)).status_code == 403


def test_a_judgement_needs_a_second_person(service: FastAPI, signed_in: Enter, lot: str) -> None:
    service.state.accounts.add("judge", ["quality"], PASSWORD, must_change=False)
    first, second = signed_in("quality"), signed_in("judge")
    asked = WHY | {"kind": "decision", "lot": lot, "hazard": "chemical"}
    key = first.post(URL, json=asked).json()["result"]["key"]
    alone = first.post(f"{URL}/{key}/accept", json=WHY)
    assert (alone.status_code, alone.json()["code"]) == (422, "evidence_same_person")
    service.state.accounts.add("spelt", ["quality"], PASSWORD, name=" QUALITY", must_change=False)
    again = signed_in("spelt").post(f"{URL}/{key}/accept", json=WHY)
    assert (again.status_code, again.json()["code"]) == (422, "evidence_same_person")
    assert second.post(f"{URL}/{key}/accept", json=WHY).json()["result"]["state"] == "accepted"
    seen = signed_in("purchasing").get(URL).json()
    assert {(row["person"], row["judged_by"]) for row in seen["rows"]} == {(None, None)}
    assert seen["withheld"] == ["judged_by", "person"]
    assert first.post(f"{URL}/evidence/none/accept", json=WHY).status_code == 404
    assert first.post(URL, json=WHY | {"kind": "decision", "lot": lot}).status_code == 422


def test_rules_that_are_sent_judge_the_scope_and_stay_with_the_incident(
    service: FastAPI, signed_in: Enter, lot: str
) -> None:
    client = signed_in("quality")
    asked = {"lot": [lot], "hazard": "microbial:Salmonella"}
    plain = client.post("/api/v1/scope", json=asked).json()["rules"]["rulebook"]
    ruled = client.post("/api/v1/scope", json=asked | {"rules": KILL}).json()["rules"]["rulebook"]
    assert ruled["kill_steps"] != plain["kill_steps"]
    for wrong in ("[[kill_step]", "unknown = 1", "[" * 5000):
        answer = client.post("/api/v1/scope", json=asked | {"rules": wrong})
        assert answer.status_code == 422, answer.text
        opened = WHY | {"title": "x", "suspected": {"lot": [lot]}, "rules": wrong}
        assert client.post("/api/v1/incidents", json=opened).status_code == 422
    opened = WHY | {"title": "x", "suspected": {"lot": [lot]}, "number": "QR", "rules": KILL}
    assert client.post("/api/v1/incidents", json=opened).status_code == 201
    pivot = {"lot": [lot], "choose": lot, "hazard": "microbial:Salmonella", "rules": KILL}
    assert client.post("/api/v1/scope/pivot", json=pivot).status_code == 200
    guesses = [{"name": "a", "suspected": {"lot": [lot]}, "rules": KILL},
               {"name": "b", "suspected": {"lot": [lot]}, "hazard": "allergen"}]  # fmt: skip
    compared = client.post("/api/v1/scope/compare", json={"guesses": guesses})
    assert compared.status_code == 200, compared.text
    assert [one["name"] for one in compared.json()["hypotheses"]] == ["a", "b"]


def test_what_something_costs_is_told_to_who_may_see_prices_only(
    signed_in: Enter, lot: str
) -> None:
    """Also where a cost stands under another name than `cost`: weights, bounds, blanket recalls."""
    quality, viewer = signed_in("quality"), signed_in("viewer")
    contain = "/api/v1/scope/contain"
    mine = quality.get(contain, params={"lot": lot}).json()
    assert mine["by"] == "cost"
    assert mine["cost"] >= 0
    theirs = viewer.get(contain, params={"lot": lot}).json()
    assert (theirs["cost"], [step["cost"] for step in theirs["cut"]]) == (
        None, [None for _ in mine["cut"]]
    )  # fmt: skip
    by_amount = viewer.get(contain, params={"lot": lot, "by": "amount"}).json()
    assert by_amount["amount"] is not None
    test = {"lot": lot, "probability": 0.5, "tests": 2}
    rows = quality.get("/api/v1/scope/next-test", params=test).json()["candidates"]
    assert all(abs(row["expected_cost"] - row["cost"] / 2) < 0.01 for row in rows)
    opened = WHY | {"title": "x", "suspected": {"lot": [lot]}, "number": "QV"}
    assert quality.post("/api/v1/incidents", json=opened).status_code == 201
    seen = viewer.get("/api/v1/incidents/QV").json()
    assert [(one["cost"], one["blanket"]) for one in seen["scopes"]] == [(None, None)]
    assert viewer.get("/api/v1/scope", params={"lot": lot}).json()["blanket"]["lots"]
    figures = viewer.get("/api/v1/incident-figures").json()
    assert figures["cost_open"] is None
    assert {one["claimed"] for one in figures["incidents"]} == {None}


def test_spread_and_cover_are_those_of_the_records(
    service: FastAPI, signed_in: Enter, lot: str
) -> None:
    client = signed_in("purchasing")
    spread = client.get("/api/v1/scope/spread", params={"lot": lot}).json()
    assert spread["links"]
    left = sum(one["amount"] for one in spread["links"] if one["from_kind"] == "root")
    assert abs(left - spread["total"]) < 1e-6 * max(left, 1)
    supplier = service.state.plant.now().lineage.lots.drop_nulls("supplier")["supplier"][0]
    whole = client.get("/api/v1/cover", params={"supplier": supplier}).json()
    assert whole["items"]
    narrow = client.get("/api/v1/cover", params={"supplier": supplier, "lot": lot}).json()
    assert set(narrow["suspect_lots"]) != set(whole["suspect_lots"])
    assert client.get("/api/v1/cover").status_code == 422


def test_a_case_is_read_by_list(signed_in: Enter, lot: str) -> None:
    client = signed_in("quality")
    opened = WHY | {"title": "x", "suspected": {"lot": [lot]}, "number": "QL"}
    client.post("/api/v1/incidents", json=opened)
    for path in ("waiting", "progress", "alerts", "clocks", "notices", "claims"):
        answer = client.get(f"/api/v1/incidents/QL/{path}")
        assert (answer.status_code, answer.json()["complete"]) == (200, True), path
    assert client.get("/api/v1/incidents/QL/diff").json()["rows"] == []
    assert client.get("/api/v1/incidents/QL/diff", params={"since": 99}).status_code == 422
    assert client.get("/api/v1/incidents/QL/report").json()["incident"]["number"] == "QL"
    assert client.get("/api/v1/waiting").status_code == 200
    deeds = client.get("/api/v1/incidents/QL").json()["deeds"]
    assert {one["person"] for one in deeds} == {"quality"}


def test_a_person_is_made_unreadable_by_http(service: FastAPI, signed_in: Enter) -> None:
    admin = signed_in("admin")
    people = admin.get("/api/v1/people").json()["rows"]
    one = next(row for row in people if row["name"])
    answer = admin.post(f"/api/v1/people/{one['person']}/erase", json={"reason": "asked"})
    assert answer.json()["result"] == {"erased": one["person"]}
    after = admin.get("/api/v1/people").json()["rows"]
    assert next(row for row in after if row["person"] == one["person"])["name"] is None
    rules = admin.get("/api/v1/retention").json()["rows"]
    assert rules
    kept = {"reason": "law", "months": 1.0, "subject": rules[0]["subject"]}
    assert admin.put(f"/api/v1/retention/{rules[0]['rule']}", json=kept).status_code == 200
    assert signed_in("quality").get("/api/v1/people").status_code == 403
