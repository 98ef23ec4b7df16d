"""Each address with an id in it, asked with the id of something that is not the asker's to see."""

from __future__ import annotations

import re
import urllib.parse
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from api.auth.guard import guarded
from graph_model.access import PERMISSIONS, ROLES
from tests.service.conftest import Enter
from tests.service.test_answers import lot as lot
from tests.service.test_attacks import issue, stranger
from tests.service.test_epcis import captured, despatched
from tests.service.test_epcis import customers as customers
from tests.service.test_imports import finished, upload
from tests.unit.epcis_case import document

WHY = {"reason": "customer found metal"}
OWNED = {
    "/tokens/{token}", "/me/sessions/{session}", "/epcis/capture/{job}",
    "/epcis/events/{event_id:path}", "/report-jobs/{job}", "/report-jobs/{job}/events",
    "/report-jobs/{job}/file",
}  # fmt: skip
"""Addresses of what has an owner: the permission alone does not open it."""

OF_THE_PLANT = {
    "/accounts/{account}", "/accounts/{account}/sessions", "/alerts/{alert:path}/seen",
    "/batches/{batch}/undo", "/deadlines/{rule}", "/evidence/{evidence:path}/accept",
    "/evidence/{evidence:path}/revoke", "/floor/entries/{number}/answer", "/imports/{job}",
    "/imports/{job}/events", "/imports/{job}/findings", "/people/{person}/erase",
    "/presets/{name}", "/pulls/{name}", "/retention/{rule}",
}  # fmt: skip
"""Addresses of what is the plant's: whoever has the permission sees all of it. So is everything
below an incident."""

INCIDENT = "/incidents/{number}"


def templates(service: FastAPI) -> Iterator[tuple[str, str, str]]:
    """(method, path, permission) of every route with an id in it."""
    for route, found in guarded(service):
        path = (route.path or "").removeprefix("/api/v1")
        if "{" in path:
            for method in sorted((route.methods or set()) - {"HEAD"}):
                yield method, path, found[0].permission


def test_every_address_with_an_id_says_whose_it_is(service: FastAPI) -> None:
    paths = {path for _, path, _ in templates(service)}
    unsaid = {path for path in paths - OWNED - OF_THE_PLANT if not path.startswith(INCIDENT)}
    assert not unsaid
    assert not (OWNED | OF_THE_PLANT) - paths


@pytest.fixture(scope="module")
def ids(service: FastAPI, signed_in: Enter, lot: str, customers: list[str]) -> dict[str, str]:
    """Things that there are, by the parameter that names them."""
    client = signed_in("quality")
    opened = WHY | {"title": "Metal", "suspected": {"lot": [lot]}, "number": "Q9"}
    assert client.post("/api/v1/incidents", json=opened).status_code == 201
    assert client.post("/api/v1/incidents/Q9/notify", json=WHY).status_code == 200
    told = client.get("/api/v1/incidents/Q9/notices").json()["rows"]
    rule = client.get("/api/v1/deadlines").json()["rows"][0]["rule"]
    job = upload(client, 901)
    assert finished(client, job)["state"] == "done"
    return {"number": "Q9", "customer": told[0]["customer"], "job": job, "account": "quality",
            "batch": "1", "person": "P002", "rule": rule}  # fmt: skip


def filled(path: str, ids: dict[str, str]) -> str:
    """The address with ids of things that there are."""
    return "/api/v1" + re.sub(
        r"\{(\w+)(:path)?\}", lambda m: urllib.parse.quote(ids.get(m[1], "1"), safe="/"), path
    )


@pytest.mark.parametrize("role", [*ROLES, "nobody", "partner0", "stranger"])
def test_who_lacks_the_permission_gets_nothing_by_a_right_id(
    service: FastAPI, signed_in: Enter, ids: dict[str, str], role: str
) -> None:
    client = stranger(service) if role == "stranger" else signed_in(role)
    before, wrong = service.state.plant.now().batch, []
    for method, path, permission in templates(service):
        if role.rstrip("0") in PERMISSIONS[permission]:
            continue
        answer = client.request(method, filled(path, ids), json=WHY)
        refused = 401 if role == "stranger" else 403
        if answer.status_code != refused or set(answer.json()) - PROBLEM:
            wrong.append((method, path, answer.status_code))
    assert not wrong
    assert service.state.plant.now().batch == before


PROBLEM = {"type", "title", "status", "code", "request", "params"}


def told(answer: Any) -> tuple[int, str]:
    """What an answer gives away."""
    return answer.status_code, answer.json()["code"]


def test_what_somebody_owns_is_to_others_as_if_it_were_not(
    service: FastAPI, signed_in: Enter, customers: list[str], ids: dict[str, str]
) -> None:
    owner, other = signed_in("partner0"), signed_in("partner1")
    sent = despatched("urn:epc:class:lgtin:4012345.012345.OWN", customers[0],
                      eventID="urn:uuid:own")  # fmt: skip
    quality = signed_in("quality")
    begun = quality.get("/api/v1/reports/drill", headers={"prefer": "respond-async"})
    of_quality = begun.headers["location"].removeprefix("/api/v1")
    for who in (signed_in("admin"), signed_in("auditor"), other):
        for path in (of_quality, f"{of_quality}/events", f"{of_quality}/file"):
            made_up = path.replace(begun.json()["id"], "0" * 16)
            assert told(who.get(f"/api/v1{path}")) == told(who.get(f"/api/v1{made_up}"))
            assert who.get(f"/api/v1{path}").status_code == 404
    assert quality.get(f"/api/v1{of_quality}").status_code == 200
    mine = {
        "/tokens/": issue(owner, scopes=["epcis.query"]).json()["id"],
        "/me/sessions/": owner.get("/api/v1/me/sessions").json()["rows"][0]["id"],
        "/epcis/capture/": captured(owner, document(sent))["captureID"],
        "/epcis/events/": "urn:uuid:own",
    }
    assert {re.sub(r"\{.*", "", path) for path in OWNED} == {*mine, "/report-jobs/"}
    for who in (other, signed_in("partner"), signed_in("purchasing"), signed_in("viewer")):
        for path, thing in mine.items():
            method = "GET" if "epcis" in path else "DELETE"
            real = told(who.request(method, f"/api/v1{path}{thing}"))
            assert real == told(who.request(method, f"/api/v1{path}{'0' * len(thing)}"))
            assert real[0] in (403, 404), (path, real)
    assert owner.get("/api/v1/me").status_code == 200
    for path in ("/epcis/capture/", "/epcis/events/"):
        assert owner.get(f"/api/v1{path}{mine[path]}").status_code == 200
    # An import is no capture, whoever asks for it there.
    assert other.get(f"/api/v1/epcis/capture/{ids['job']}").status_code == 404
    assert owner.delete(f"/api/v1/tokens/{mine['/tokens/']}").status_code == 204


def test_no_answer_to_a_partner_names_another(
    service: FastAPI, signed_in: Enter, customers: list[str], ids: dict[str, str]
) -> None:
    """Every address that a partner may ask, with and without ids of others."""
    client, seen = signed_in("partner0"), 0
    other, lots = customers[1], lots_of(signed_in("auditor"), customers[1])
    assert lots
    mine = lots_of(signed_in("auditor"), customers[0])
    for route, found in guarded(service):
        if "partner" not in PERMISSIONS[found[0].permission] or "GET" not in (route.methods or ()):
            continue
        path = filled((route.path or "").removeprefix("/api/v1"), ids)
        for query in ({}, {"MATCH_anyEPC": lots[0]}, {"all": "true"}, {"account": "partner1"}):
            answer = client.get(path, params=query)
            if "openapi" in path or answer.status_code != 200:
                continue
            seen += 1
            assert other not in answer.text, path
            assert not [lot for lot in lots if lot not in mine and lot in answer.text], path
    assert seen > 8


def lots_of(client: TestClient, customer: str) -> list[str]:
    """The lots that were sent to a customer, as events name them."""
    events = client.get("/api/v1/epcis/events", params={"perPage": 1000, "EQ_bizStep": "shipping"})
    assert events.status_code == 200, events.text
    found = events.json()["epcisBody"]["queryResults"]["resultsBody"]["eventList"]
    return sorted({
        line["epcClass"] for one in found for line in one.get("quantityList", ())
        if any(to["destination"].endswith(f":{customer}") for to in one["destinationList"])
    })  # fmt: skip
