"""Changes come from our own pages: every route that changes something, asked from elsewhere."""

from __future__ import annotations

import re

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute, iter_route_contexts
from fastapi.testclient import TestClient

from api.auth.gate import SAFE
from tests.service.conftest import PASSWORD, Enter

SCREENS = {"/_dash-update-component"}
"""What the mounted screens change things through; the service sees no routes of theirs."""

FOREIGN: list[dict[str, str]] = [
    {"origin": "https://evil.example"},
    {"origin": "null"},
    {"origin": ""},
    {"origin": "http://testserver.evil.example"},
    {"origin": "http://evil.example/http://testserver"},
    {"origin": "http://testserver:81"},
    {"origin": "https://testserver"},
    {"origin": "http://TESTSERVER@evil.example"},
    {"sec-fetch-site": "cross-site"},
    {"sec-fetch-site": "same-site"},
    {"origin": "https://evil.example", "sec-fetch-site": "same-origin"},
    {"origin": "https://evil.example", "x-forwarded-host": "evil.example"},
    {"origin": "https://evil.example", "referer": "http://testserver/"},
]


EVERYWHERE = (0, 8)
"""Which of them every route is tried with; the others only at some doors of each kind."""

DOORS = {
    "/login", "/logout", "/password", "/push/1", "/api/v1/accounts", "/api/v1/imports", *SCREENS,
}  # fmt: skip


def changing(service: FastAPI) -> list[tuple[str, str]]:
    """Every address that is asked by a method that changes something, public ones too."""
    found = {
        (method, re.sub(r"\{[\w:]+\}", "1", route.path or ""))
        for route in iter_route_contexts(service.routes)
        if isinstance(route.original_route, APIRoute)
        for method in route.methods or ()
        if method not in SAFE
    }
    return sorted(found | {("POST", path) for path in SCREENS})


def refused(client: TestClient, method: str, path: str, headers: dict[str, str]) -> bool:
    """Whether a change is refused for where it comes from."""
    for sent in ({"content": b"{}"}, {"data": {"account": "quality", "password": PASSWORD}}):
        kind = {"content-type": "text/plain"} if "content" in sent else {}
        answer = client.request(method, path, headers=headers | kind, **sent)
        if (answer.status_code, answer.json().get("code")) != (403, "foreign_origin"):
            return False
        if "set-cookie" in answer.headers or "access-control-allow-origin" in answer.headers:
            return False
    return True


@pytest.mark.parametrize("headers", FOREIGN, ids=str)
def test_no_change_is_taken_from_another_site(
    service: FastAPI, signed_in: Enter, headers: dict[str, str]
) -> None:
    client, before = signed_in("admin"), service.state.plant.now().batch
    routes = changing(service)
    assert len(routes) > 60
    assert {path for _, path in routes} >= DOORS
    if FOREIGN.index(headers) not in EVERYWHERE:
        routes = [one for one in routes if one[1] in DOORS]
    assert not [one for one in routes if not refused(client, *one, headers)]
    assert service.state.plant.now().batch == before
    assert client.get("/api/v1/me").status_code == 200  # nobody was signed out


def test_nothing_is_changed_by_a_method_that_reads(service: FastAPI, signed_in: Enter) -> None:
    client, before = signed_in("admin"), service.state.plant.now().batch
    over = {"x-http-method-override": "POST", "x-http-method": "DELETE", "x-method-override": "PUT"}
    for _, path in changing(service):
        for method in ("HEAD", "OPTIONS", "TRACE", "GET"):
            answer = client.request(method, path, headers=over, params={"_method": "DELETE"})
            assert "access-control-allow-origin" not in answer.headers
            assert answer.status_code != 201
    assert service.state.plant.now().batch == before
    assert client.get("/api/v1/me").status_code == 200
