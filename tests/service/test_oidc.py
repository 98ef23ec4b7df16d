"""Signing in at a real OpenID Connect server on this machine, end to end; and attacks on it."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from pydantic import SecretStr

from api.app import create
from graph_model.settings import Settings

# What the packages that the server is made of remark on each other.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import oidc_provider_mock
    from oidc_provider_mock import User

GROUPS = {"qa": "quality"}


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    """The server, with a person of the quality group and one without any group."""
    people = [
        User(sub="mei", claims={"name": "Mei Lin", "groups": ["qa", "choir"]}),
        User(sub="tom", claims={"name": "Tom"}),
    ]
    with oidc_provider_mock.run_server_in_thread(user_claims=people) as server:
        yield f"http://localhost:{server.server_port}"


@pytest.fixture(scope="module")
def trusting(issuer: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FastAPI]:
    """A service that trusts the server."""
    settings = Settings(
        data=tmp_path_factory.mktemp("trusting"), oidc_issuer=issuer, oidc_client_id="lotgraph",
        oidc_client_secret=SecretStr("s3cret-of-the-client"), oidc_roles=GROUPS,
    )  # fmt: skip
    app = create(settings)
    with TestClient(app):
        yield app


@pytest.fixture
def browser(trusting: FastAPI) -> TestClient:
    """A fresh browser in front of it."""
    return TestClient(trusting, follow_redirects=False)


def at_the_server(browser: TestClient, person: str) -> tuple[str, dict[str, str]]:
    """Goes to the server and signs in there; the way back and its query."""
    leaving = browser.get("/login/oidc")
    assert leaving.status_code == 303, leaving.text
    asked = parse_qs(urlsplit(leaving.headers["location"]).query)
    assert asked["code_challenge_method"] == ["S256"]
    answer = httpx.post(leaving.headers["location"], data={"sub": person})
    back = urlsplit(answer.headers["location"])
    return back.path, {name: values[0] for name, values in parse_qs(back.query).items()}


def test_signing_in_at_the_company_gives_the_roles_of_its_groups(browser: TestClient) -> None:
    path, query = at_the_server(browser, "mei")
    entered = browser.get(path, params=query)
    assert (entered.status_code, entered.headers["location"]) == (303, "/"), entered.text
    me = browser.get("/api/v1/me").json()
    assert (me["name"], me["roles"]) == ("Mei Lin", ["quality"])
    again = browser.get(path, params=query)
    assert again.status_code == 401  # a code and its state are for one use


def test_somebody_without_a_known_group_sees_nothing(browser: TestClient) -> None:
    path, query = at_the_server(browser, "tom")
    assert browser.get(path, params=query).status_code == 303
    assert browser.get("/api/v1/me").status_code == 403


@pytest.mark.parametrize(
    "forged", [{"state": "made-up"}, {"state": ""}, {"code": "made-up"}, {"code": ""}]
)
def test_what_was_not_begun_here_is_refused(browser: TestClient, forged: dict[str, str]) -> None:
    path, query = at_the_server(browser, "mei")
    assert browser.get(path, params=query | forged).status_code == 401
    assert browser.get("/api/v1/me").status_code == 401


def test_a_way_back_of_another_browser_is_refused(browser: TestClient) -> None:
    path, query = at_the_server(browser, "mei")
    browser.cookies.clear()  # the victim's browser never began this sign-in
    assert browser.get(path, params=query).status_code == 401


def test_a_token_for_somebody_else_is_refused(
    browser: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, query = at_the_server(browser, "mei")
    service: Any = browser.app
    held = service.state.settings
    monkeypatch.setattr(held, "oidc_client_id", "another-service")
    assert browser.get(path, params=query).status_code == 401


def test_no_secret_of_the_sign_in_is_in_the_trail(browser: TestClient) -> None:
    path, query = at_the_server(browser, "mei")
    browser.get(path, params=query)
    service: Any = browser.app
    trail = json.dumps([vars(one) for one in service.state.audit.entries()])
    assert "session.begun" in trail
    assert query["code"] not in trail
    assert query["state"] not in trail
