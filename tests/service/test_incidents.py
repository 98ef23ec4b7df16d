"""A case from opening to release, by HTTP: two people, and nobody signs for somebody else."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI

from tests.service.conftest import PASSWORD, Enter
from tests.service.test_answers import lot as lot

URL = "/api/v1/incidents"


def test_a_case_from_opening_to_release(service: FastAPI, signed_in: Enter, lot: str) -> None:
    service.state.accounts.add("second", ["quality"], PASSWORD, must_change=False)
    quality, second, viewer = (signed_in(name) for name in ("quality", "second", "viewer"))
    why = {"reason": "customer found metal"}

    def post(client: Any, path: str, **more: Any) -> Any:
        answer = client.post(f"{URL}{path}", json=why | more)
        assert answer.status_code in (200, 201), answer.text
        return answer.json()["result"]

    whole = post(quality, "", title="Metal in bread", suspected={"lot": [lot]}, number="Q1")
    assert whole["number"] == "Q1"
    assert quality.get(URL).json()["rows"][0]["status"] == "open"
    assert quality.get(f"{URL}/Q1/clocks").status_code == 200
    assert post(quality, "/Q1/holds")["places"] > 0
    # What is held is let go by a release of two persons, not by an undo of one.
    last = service.state.plant.now().batch
    undone = quality.post(f"/api/v1/batches/{last}/undo", json=why)
    assert (undone.status_code, undone.json()["code"]) == (422, "batch_of_incident")
    line = next(one for one in quality.get(f"{URL}/Q1/holds").json()["lines"] if one["lot"])
    hold = {"lot": line["hold"]}
    post(quality, "/Q1/found", quantity=5, **hold)
    release = post(quality, "/Q1/releases", quantity=1, **hold)
    alone = quality.post(f"{URL}/Q1/judge", json=why | {"release": release, "approve": True})
    assert (alone.status_code, alone.json()["code"]) == (422, "second_person_same")
    # Nobody can sign in another's name: who acts is who is signed in.
    forged = quality.post(
        f"{URL}/Q1/judge", json=why | {"release": release, "approve": True, "by": "second"}
    )
    assert forged.status_code == 422
    post(second, "/Q1/judge", release=release, approve=True)
    shown = viewer.get(f"{URL}/Q1").json()
    assert "cost" in shown.get("withheld", ["cost"])
    refused = viewer.post(f"{URL}/Q1/holds", json=why)
    assert refused.status_code == 403
    events = [
        (one.event, one.account, one.status)
        for one in service.state.audit.entries()
        if one.event.startswith(("hold.", "release.", "incident.opened"))
    ]
    assert ("incident.opened", "quality", 201) in events
    assert ("release.judged", "second", 200) in events
    assert ("release.judged", "quality", 422) in events
    assert ("hold.placed", "viewer", 403) in events
