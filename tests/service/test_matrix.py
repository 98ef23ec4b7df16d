"""Every route x every role: allowed exactly where the table says so."""

from __future__ import annotations

import re

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from api.auth.guard import guarded
from graph_model.access import PERMISSIONS, ROLES
from tests.service.conftest import Enter


def routes(service: FastAPI) -> list[tuple[str, str, str]]:
    """(method, path, permission) of every guarded route."""
    return [
        (method, re.sub(r"\{\w+\}", "1", route.path or ""), found[0].permission)
        for route, found in guarded(service)
        for method in sorted((route.methods or set()) - {"HEAD"})
    ]


def ask(client: TestClient, method: str, path: str) -> int:
    """The status of a request without any content."""
    status: int = client.request(
        method, path, json=None if method in ("GET", "DELETE") else {}
    ).status_code
    return status


def test_every_permission_is_needed_somewhere_or_awaited(service: FastAPI) -> None:
    named = {permission for _, _, permission in routes(service)}
    assert named <= PERMISSIONS.keys()
    assert len(routes(service)) > 80


@pytest.mark.parametrize("role", [*ROLES, "nobody"])
def test_a_role_reaches_what_the_table_allows_and_nothing_else(
    service: FastAPI, signed_in: Enter, role: str
) -> None:
    client, wrong = signed_in(role), []
    for method, path, permission in routes(service):
        status = ask(client, method, path)
        allowed = role in PERMISSIONS[permission]
        if (status == 403) == allowed or status in (401, 500):
            wrong.append((method, path, permission, status))
    assert not wrong


def test_a_stranger_reaches_no_route(service: FastAPI) -> None:
    stranger = TestClient(service, follow_redirects=False)
    assert {ask(stranger, method, path) for method, path, _ in routes(service)} == {401}


def test_a_token_reaches_what_its_scopes_name(service: FastAPI, signed_in: Enter) -> None:
    made = signed_in("quality").post(
        "/api/v1/tokens", json={"label": "erp", "scopes": ["lot.read"], "days": 1}
    )
    secret = made.json()["secret"]
    client = TestClient(service, headers={"authorization": f"Bearer {secret}"})
    wrong = [
        (method, path, status)
        for method, path, permission in routes(service)
        if ((status := ask(client, method, path)) == 403) == (permission == "lot.read")
    ]
    assert not wrong
    assert client.get("/").status_code == 403  # no screens for a machine
