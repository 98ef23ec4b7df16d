"""Nothing passes the gate without a user, and nothing leaves it without its entry in the trail."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path

import pytest
from fastapi import APIRouter, FastAPI
from fastapi.testclient import TestClient

from api import docs
from api.app import create
from api.auth import guard
from graph_model.errors import BadInput
from graph_model.settings import Settings
from tests.service.conftest import PASSWORD, Enter


def anybody(service: FastAPI) -> TestClient:
    """A client that is not signed in."""
    return TestClient(service, follow_redirects=False)


@pytest.mark.parametrize("path", ["/", "/metrics", "/api/v1/questions", "/assets/x.js", "/nothing",
                                  "/worker.js", "/app.webmanifest"])  # fmt: skip
def test_strangers_get_nothing(service: FastAPI, path: str) -> None:
    answer = anybody(service).get(path)
    assert answer.status_code == 401
    assert answer.json()["code"] == "not_signed_in"
    page = anybody(service).get(path, headers={"accept": "text/html"})
    assert page.status_code == (401 if path.startswith("/api") else 303)


@pytest.mark.parametrize("path", ["/health", "/ready", "/login"])
def test_health_and_the_sign_in_page_are_open(service: FastAPI, path: str) -> None:
    assert anybody(service).get(path).status_code == 200


def test_every_answer_carries_the_security_headers(service: FastAPI) -> None:
    for path in ("/login", "/health", "/nothing"):
        headers = anybody(service).get(path).headers
        assert "default-src 'self'" in headers["content-security-policy"]
        assert (
            "'unsafe-inline'" not in headers["content-security-policy"].partition("script-src")[2]
        )
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-request-id"]


def test_signing_in_and_out(service: FastAPI) -> None:
    browser = anybody(service)
    entered = browser.post(
        "/login", data={"account": "quality", "password": PASSWORD, "next": "//evil.example"}
    )
    assert (entered.status_code, entered.headers["location"]) == (303, "/")
    cookie = entered.headers["set-cookie"]
    assert {"HttpOnly", "SameSite=lax", "Path=/"} <= set(cookie.split("; "))
    kept = browser.cookies["lotgraph"]
    assert browser.get("/api/v1/unknown").status_code == 404
    assert browser.post("/logout").status_code == 303
    browser.cookies.set("lotgraph", kept)
    assert browser.get("/api/v1/unknown").status_code == 401


def test_a_cookie_over_https_is_held_to_the_host(service: FastAPI) -> None:
    browser = TestClient(service, base_url="https://testserver", follow_redirects=False)
    entered = browser.post("/login", data={"account": "quality", "password": PASSWORD})
    cookie = entered.headers["set-cookie"]
    assert cookie.startswith("__Host-lotgraph=")
    assert {"Secure", "Path=/"} <= set(cookie.split("; "))
    assert "strict-transport-security" in entered.headers


def test_a_change_from_another_site_is_refused(service: FastAPI, signed_in: Enter) -> None:
    browser = signed_in("quality")
    for headers in ({"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"},
                    {"origin": "null"}):  # fmt: skip
        answer = browser.post("/logout", headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (403, "foreign_origin")
    assert browser.get("/api/v1/unknown").status_code == 404
    assert browser.post("/logout", headers={"origin": "http://testserver"}).status_code == 303


def test_an_account_without_role_sees_nothing(signed_in: Enter) -> None:
    answer = signed_in("nobody").get("/")
    assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed")


def test_a_route_without_guard_does_not_start() -> None:
    app, router = FastAPI(), APIRouter()
    router.add_api_route("/bare", lambda: None)
    app.include_router(router)
    with pytest.raises(RuntimeError, match="/bare"):
        guard.check(app)


def test_a_trail_that_cannot_be_written_stops_the_answers(tmp_path: Path) -> None:
    app = create(Settings(data=tmp_path))
    app.state.accounts.add("boss", ["admin"], PASSWORD, must_change=False)
    with TestClient(app, follow_redirects=False) as browser:
        browser.cookies.set("lotgraph", app.state.accounts.sessions.begin("boss"))
        assert browser.get("/metrics").status_code == 200
        with sqlite3.connect(tmp_path / "audit.sqlite") as database:
            database.execute("DROP TABLE audit")
        answer = browser.get("/metrics")
        assert (answer.status_code, answer.json()["code"]) == (503, "audit_unwritable")
        assert "python_info" not in answer.text


@pytest.mark.parametrize(
    "settings",
    [
        {"session_key": "change-me"},
        {"admin_password": "changeme"},
        {"neo4j_password": "neo4j"},
        {"session_key": "short"},
        {"demo": True, "host": "0.0.0.0"},
    ],
)
def test_sample_secrets_and_an_open_demo_do_not_start(
    tmp_path: Path, settings: dict[str, str]
) -> None:
    with pytest.raises(BadInput):
        create(Settings(data=tmp_path, **settings))  # type: ignore[arg-type]


def test_the_demo_answers_on_this_machine_only(tmp_path: Path) -> None:
    app = create(Settings(data=tmp_path, demo=True))
    with TestClient(app, base_url="http://localhost", client=("127.0.0.1", 1)) as near:
        assert near.get("/metrics").status_code == 200
        # A site that rebinds its name to this machine is not the demo.
        assert near.get("/metrics", headers={"host": "evil.example"}).status_code == 422
        far = TestClient(app, base_url="http://localhost", client=("192.0.2.7", 1))
        assert far.get("/metrics").status_code == 403


def test_every_route_permission_and_setting_is_documented(service: FastAPI) -> None:
    assert docs.FILE.read_text(encoding="utf-8") == docs.render(service)


def test_every_line_of_the_security_checklist_names_a_test_that_there_is() -> None:
    page = (docs.FILE.parent / "security.md").read_text(encoding="utf-8")
    root = docs.FILE.parents[1]
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", page)
    assert len(named) > 25
    missing = [
        (file, name)
        for file, name in named
        if f"def {name}(" not in (root / file).read_text(encoding="utf-8")
    ]
    assert not missing
