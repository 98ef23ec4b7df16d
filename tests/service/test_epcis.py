"""Partners capture and query events by the standard's binding, each within its own view."""

from __future__ import annotations

import json
import time
from typing import Any

import polars as pl
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from graph_model.schema import Shipment, Shipped
from tests.fixtures import fixture_dir
from tests.service.conftest import PASSWORD, Enter
from tests.unit.epcis_case import document, event

BASE = "/api/v1/epcis"
LOT = "urn:epc:class:lgtin:4012345.012345.REST"


@pytest.fixture(scope="module")
def customers(service: FastAPI) -> list[str]:
    """Two customers that got something, each with an account of its own."""
    facts = service.state.plant.now().facts
    lines = facts[Shipped].select("shipment").unique()
    got = facts[Shipment].join(lines, left_on="key", right_on="shipment", how="semi")
    found: list[str] = got.filter(status="shipped")["customer"].unique().sort().to_list()[:2]
    for n, company in enumerate(found):
        name = f"partner{n}"
        service.state.accounts.add(name, ["partner"], PASSWORD, must_change=False)
        service.state.accounts.belongs(name, company)
    return found


def by_token(service: FastAPI, signed_in: Enter, account: str) -> TestClient:
    """A machine with a token of the account."""
    made = signed_in(account).post("/api/v1/tokens", json={
        "label": "edi", "scopes": ["epcis.capture", "epcis.query"], "days": 1})  # fmt: skip
    secret = made.json()["secret"]
    return TestClient(service, headers={"authorization": f"Bearer {secret}"})


def captured(client: TestClient, content: Any, kind: str = "application/ld+json") -> dict[str, Any]:
    """The job of a capture, when it is over."""
    sent = content if isinstance(content, bytes) else json.dumps(content).encode()
    answer = client.post(f"{BASE}/capture", content=sent, headers={"content-type": kind})
    assert answer.status_code == 202
    where = answer.headers["location"]
    for _ in range(300):
        job: dict[str, Any] = client.get(where).json()
        if not job["running"]:
            return job
        time.sleep(0.1)
    raise TimeoutError


def asked(client: TestClient, **query: Any) -> list[dict[str, Any]]:
    """All events of a query, page by page."""
    url, found = f"{BASE}/events", []
    answer = client.get(url, params=query)
    while True:
        assert answer.status_code == 200, answer.text
        body = answer.json()["epcisBody"]["queryResults"]["resultsBody"]
        found += body["eventList"]
        if "next" not in answer.links:
            return found
        answer = client.get(answer.links["next"]["url"])


def despatched(lot: str, to: str, **fields: Any) -> dict[str, Any]:
    return event(
        action="OBSERVE", bizStep="shipping", quantityList=[{"epcClass": lot}],
        destinationList=[{"type": "owning_party", "destination": f"urn:lotgraph:party:{to}"}],
        **fields,
    )  # fmt: skip


def test_a_partner_sees_its_own_deliveries_and_nobody_elses(
    service: FastAPI, signed_in: Enter, customers: list[str]
) -> None:
    seen = []
    for n, company in enumerate(customers):
        found = asked(by_token(service, signed_in, f"partner{n}"), perPage=7)
        assert found
        for one in found:
            assert (one["bizStep"], one["action"]) == ("shipping", "OBSERVE")
            told = [line["destination"] for line in one["destinationList"]]
            assert told == [f"urn:lotgraph:party:{company}"]
        seen.append({one["eventID"] for one in found})
    assert not seen[0] & seen[1]
    everything = asked(signed_in("auditor"), perPage=1000)
    assert seen[0] | seen[1] < {one["eventID"] for one in everything}
    assert "TransformationEvent" in {one["type"] for one in everything}


def test_a_partner_account_reaches_nothing_else(service: FastAPI, signed_in: Enter) -> None:
    client = signed_in("partner")
    for path in ("/api/v1/find?number=1", "/api/v1/trace?lot=1", "/", "/trace"):
        assert client.get(path).status_code == 403
    assert asked(client) == []  # it belongs to no company


def test_what_is_captured_is_seen_by_whom_it_concerns(
    service: FastAPI, signed_in: Enter, customers: list[str]
) -> None:
    mine, other = (by_token(service, signed_in, f"partner{n}") for n in (0, 1))
    secret = event(action="ADD", quantityList=[{"epcClass": LOT, "quantity": 5, "uom": "KGM"}],
                   eventID="urn:uuid:rest-1")  # fmt: skip
    sent = despatched(LOT, customers[1], eventID="urn:uuid:rest-2")
    job = captured(mine, document(secret, sent))
    assert (job["success"], job["errors"]) == (True, [])
    link = "https://id.gs1.org/01/04012345123456/10/REST"
    assert [e["eventID"] for e in asked(mine, MATCH_anyEPC=link)] == [
        "urn:uuid:rest-1", "urn:uuid:rest-2"
    ]  # fmt: skip
    assert [e["eventID"] for e in asked(other, MATCH_anyEPC=link)] == ["urn:uuid:rest-2"]
    assert mine.get(f"{BASE}/events/urn:uuid:rest-1").status_code == 200
    assert other.get(f"{BASE}/events/urn:uuid:rest-1").status_code == 404
    assert [e["eventID"] for e in asked(mine, EQ_action="ADD", EQ_bizStep="shipping|x")] == []
    assert asked(mine, GE_eventTime="2026-01-02T03:04:06Z", MATCH_anyEPC=link) == []
    # The other partner sees neither the capture nor its errors, and may not take the event back.
    assert other.get(f"{BASE}/capture/{job['captureID']}").status_code == 404
    wrong = {"errorDeclaration": {"declarationTime": "2026-01-03T00:00:00Z"}}
    refused = captured(other, document(sent | wrong))
    assert [error["title"] for error in refused["errors"]] == ["epcis_not_yours"]
    assert "errorDeclaration" not in asked(other, EQ_eventID="urn:uuid:rest-2")[0]
    # Its own partner may.
    assert captured(mine, document(sent | wrong))["success"]
    assert asked(other, EQ_eventID="urn:uuid:rest-2") == []
    assert "errorDeclaration" in asked(mine, EQ_eventID="urn:uuid:rest-2")[0]


def test_no_partner_takes_back_what_others_stated(
    service: FastAPI, signed_in: Enter, customers: list[str]
) -> None:
    mine, other = (by_token(service, signed_in, f"partner{n}") for n in (0, 1))
    sent = despatched(LOT.replace("REST", "KEPT"), customers[1], eventID="urn:uuid:kept-1")
    assert captured(mine, document(sent))["success"]
    wrong = {"errorDeclaration": {"declarationTime": "2026-01-03T00:00:00Z"}}
    # An event of its own under the same id, and the very event that it sees.
    for copy in (event(action="OBSERVE", epcList=["urn:x:7"], eventID="urn:uuid:kept-1"), sent):
        assert captured(other, document(copy))["success"]
        # Nobody is told of what was found in the captures of others.
        alone = event(action="OBSERVE", epcList=["urn:x:6"], eventID="urn:uuid:alone")
        assert captured(mine, document(alone))["errors"] == []
        refused = captured(other, document(copy | wrong))
        assert [error["title"] for error in refused["errors"]] == ["epcis_not_yours"]
    lines = service.state.plant.now().facts[Shipped]
    kept = lines.filter(pl.col("lot").str.ends_with("/KEPT"))
    assert kept["status"].to_list() == [None]
    # What is one's own alone, one may take back.
    own = event(action="OBSERVE", epcList=["urn:x:8"], eventID="urn:uuid:kept-2")
    assert captured(other, document(own))["success"]
    assert captured(other, document(own | wrong))["success"]


@pytest.mark.parametrize(
    "elements", [7, ["x"], [{"id": ["a"]}, {"id": "urn:x:1", "attributes": ["y"]}], {"id": "x"}]
)
def test_names_in_no_order_harm_no_events(
    service: FastAPI, signed_in: Enter, customers: list[str], elements: Any
) -> None:
    paper = document(event(action="OBSERVE", epcList=["urn:x:1"], eventID="urn:uuid:names"))
    words = {"type": "urn:epcglobal:epcis:vtype:EPCClass", "vocabularyElementList": elements}
    paper["epcisHeader"] = {"epcisMasterData": {"vocabularyList": [words]}}
    assert captured(by_token(service, signed_in, "partner0"), paper)["errors"] == []


def test_a_partner_adds_nothing_to_our_operations_and_renames_nothing(
    service: FastAPI, signed_in: Enter, customers: list[str]
) -> None:
    client = by_token(service, signed_in, "partner0")
    before = service.state.plant.now()
    operation = before.facts.tables["Operation"].filter(kind="produce").row(0, named=True)
    ours = f"urn:lotgraph:operation:{operation['company']}:produce:{operation['number']}"
    added = event("TransformationEvent", transformationID=ours, inputEPCList=["urn:x:1"])
    refused = captured(client, document(added))
    assert (refused["success"], refused["errors"][0]["title"]) == (False, "epcis_not_yours")
    item = before.facts.tables["Item"].drop_nulls("item_name").row(0, named=True)
    named = {
        "id": f"urn:lotgraph:item:{item['company']}:{item['item_code']}",
        "attributes": [{"id": "urn:epcglobal:cbv:mda#name", "attribute": "Poison"}],
    }
    paper = document(event(action="OBSERVE", epcList=["urn:x:2"], eventID="urn:uuid:rest-9"))
    words = {"type": "urn:epcglobal:epcis:vtype:EPCClass", "vocabularyElementList": [named]}
    paper["epcisHeader"] = {"epcisMasterData": {"vocabularyList": [words]}}
    assert captured(client, paper)["success"]
    names = service.state.plant.now().facts.tables["Item"].filter(key=item["key"])["item_name"]
    assert names.to_list() == [item["item_name"]]


def test_bad_captures_and_questions_say_what_is_wrong(
    service: FastAPI, signed_in: Enter, customers: list[str]
) -> None:
    client = by_token(service, signed_in, "partner0")
    for content, code in [
        (b"{", "epcis_not_json"),
        (b'{"type": "EPCISDocument"}', "epcis_no_events"),
        (b'<!DOCTYPE x [<!ENTITY a "b">]><EPCIS>&a;</EPCIS>', "epcis_xml_refused"),
    ]:
        kind = "application/xml" if content.startswith(b"<") else "application/json"
        assert captured(client, content, kind)["errors"][0]["title"] == code
    bad = client.post(f"{BASE}/capture", content=b"a,b", headers={"content-type": "text/csv"})
    assert (bad.status_code, bad.json()["code"]) == (422, "epcis_media_type")
    for query in ({"GE_eventTime": "soon"}, {"nextPageToken": "x"}, {"EQ_color": "red"},
                  {"perPage": 0}):  # fmt: skip
        assert client.get(f"{BASE}/events", params=query).status_code == 422
    assert client.get(BASE).headers["gs1-epcis-version"] == "2.0"


def test_published_files_go_in_as_xml(service: FastAPI, signed_in: Enter) -> None:
    file = fixture_dir("epcis_gdst_traceback") / "epcis20_importer.xml"
    client = signed_in("quality")
    assert captured(client, file.read_bytes(), "application/xml")["success"]
    assert len(asked(client, MATCH_anyEPC="urn:epc:class:lgtin:08600031303.00.abc12320250825"))
