"""Every way to come in with what is no longer, was never, or is not meant to be a key."""

from __future__ import annotations

import base64
import json
import re
import time
from collections.abc import Callable

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from api.auth.guard import OWN
from graph_model.access import PERMISSIONS
from graph_model.accounts import FAILURES, LOCK_SECONDS, Accounts
from tests.service.conftest import PASSWORD, Enter
from tests.service.test_attacks import _fresh_limits as _fresh_limits
from tests.service.test_attacks import issue, log_in, stranger
from tests.service.test_matrix import ask, routes

NEXT = "eight purple whales hum"

Act = Callable[[FastAPI, TestClient, TestClient], object]
"""Something that ends the session of `guest`, by the guest or by an admin."""


def _session(client: TestClient, path: str = "/api/v1/me/sessions") -> str:
    rows = client.get(path).json()["rows"]
    found: str = next((row for row in rows if row.get("current")), rows[0])["id"]
    return found


ENDS: dict[str, Act] = {
    "signing out": lambda _, guest, admin: guest.post("/logout"),
    "ending it oneself": lambda _, guest, admin: guest.delete(
        f"/api/v1/me/sessions/{_session(guest)}"),
    "an admin ends all": lambda _, guest, admin: admin.delete("/api/v1/accounts/guest/sessions"),
    "another role": lambda _, guest, admin: admin.patch(
        "/api/v1/accounts/guest", json={"roles": ["quality"]}),
    "switching it off": lambda _, guest, admin: admin.patch(
        "/api/v1/accounts/guest", json={"active": False}),
    "a password set by an admin": lambda _, guest, admin: admin.patch(
        "/api/v1/accounts/guest", json={"password": NEXT}),
    "a password changed over the API": lambda _, guest, admin: guest.post(
        "/api/v1/me/password", json={"old_password": PASSWORD, "new_password": NEXT}),
    "a password changed on the page": lambda _, guest, admin: guest.post(
        "/password", data={"old": PASSWORD, "new": NEXT}),
    "signing in again": lambda _, guest, admin: guest.post(
        "/login", data={"account": "guest", "password": PASSWORD}),
}  # fmt: skip


@pytest.fixture
def guest(service: FastAPI) -> str:
    """An account as it was made, whatever a test before did to it."""
    held: Accounts = service.state.accounts
    if "guest" not in {one.account for one in held.all()}:
        held.add("guest", ["viewer"], PASSWORD, must_change=False)
    held.change("guest", roles=["viewer"], active=True)
    held.set_password("guest", PASSWORD, must_change=False)
    return "guest"


@pytest.mark.parametrize("how", ENDS)
def test_a_session_that_ended_is_not_taken_again(
    service: FastAPI, signed_in: Enter, guest: str, how: str
) -> None:
    client = signed_in(guest)
    secret = client.cookies["lotgraph"]
    assert client.get("/api/v1/me").status_code == 200
    answer = ENDS[how](service, client, signed_in("admin"))
    assert answer.status_code < 400, answer.text  # type: ignore[attr-defined]
    replayed = stranger(service)
    replayed.cookies.set("lotgraph", secret)
    for path in ("/api/v1/me", "/", "/metrics"):
        assert replayed.get(path).status_code == 401


def test_changing_a_password_ends_the_other_sessions(
    service: FastAPI, signed_in: Enter, guest: str
) -> None:
    here, there = signed_in(guest), signed_in(guest)
    assert here.post("/password", data={"old": PASSWORD, "new": NEXT}).status_code == 303
    assert there.get("/api/v1/me").status_code == 401
    assert here.get("/api/v1/me").status_code == 200  # under a new secret


# ---------------------------------------------------------------------------- forged


def _jwt(**claims: object) -> str:
    parts = ({"alg": "none", "typ": "JWT"}, {"sub": "admin", "exp": time.time() + 9999} | claims)
    return (
        ".".join(
            base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")
            for part in parts
        )
        + "."
    )


def altered(secret: str) -> list[str]:
    """Secrets that are almost this one."""
    swapped = "A" if secret[-1] != "A" else "B"
    return [secret[:-1], secret + "A", secret[:-1] + swapped, secret.swapcase(), secret * 2,
            secret[::-1], f" {secret[:-2]}", secret + "=", f"{secret}%00",
            f'"{secret}x"']  # fmt: skip


def test_an_altered_or_foreign_secret_opens_nothing(
    service: FastAPI, signed_in: Enter, guest: str
) -> None:
    session = service.state.accounts.sessions.begin(guest)
    token = issue(signed_in(guest)).json()["secret"]
    # The same database, another key: what a copy of the records alone is worth.
    other = Accounts(service.state.records, b"another key, as long as a key has to be")
    foreign = other.sessions.begin(guest)
    user = service.state.accounts.sessions.user(session)
    foreign_token = other.tokens.issue(user, "x", ["lot.read"], 1)[0]
    for secret in [*altered(session), foreign, token, _jwt(), _jwt(alg="HS256")]:
        client = stranger(service)
        client.cookies.set("lotgraph", secret)
        assert client.get("/api/v1/me").status_code == 401, secret
    for secret in [*altered(token), foreign_token, session, _jwt()]:
        client = stranger(service, authorization=f"Bearer {secret}")
        assert client.get("/api/v1/me").status_code == 401, secret


@pytest.mark.parametrize(
    "name", ["token", "access_token", "api_key", "apikey", "authorization", "key", "session",
             "lotgraph", "secret", "jwt"],
)  # fmt: skip
def test_a_secret_in_an_address_or_a_header_of_its_own_opens_nothing(
    service: FastAPI, signed_in: Enter, guest: str, name: str
) -> None:
    token = issue(signed_in(guest)).json()["secret"]
    session = service.state.accounts.sessions.begin(guest)
    for secret in (token, f"Bearer {token}", session):
        client = stranger(service)
        assert client.get("/api/v1/me", params={name: secret}).status_code == 401
        assert client.get("/api/v1/me", headers={f"x-{name}": secret}).status_code == 401
        assert client.post("/api/v1/find", json={name: secret}).status_code == 401
    # One that was put there by mistake is in no trail.
    signed_in("admin").get("/api/v1/find", params={"number": f"x{token}"})
    signed_in("admin").get("/api/v1/audit", params={name: token})
    trail = json.dumps([vars(one) for one in service.state.audit.entries()])
    assert token not in trail


# ---------------------------------------------------------------------------- scopes


def test_a_token_has_no_permission_beyond_its_scopes(service: FastAPI, signed_in: Enter) -> None:
    """Each permission by itself beside some others, in the hands of an admin."""
    admin, wrong = signed_in("admin"), []
    asked: dict[str, tuple[str, str, str]] = {}
    for method, path, permission in routes(service):
        asked.setdefault(permission, (method, path, permission))
    scopes = sorted(PERMISSIONS.keys() & asked.keys())
    for number, scope in enumerate(scopes):
        secret = issue(admin, scopes=[scope]).json()["secret"]
        machine = stranger(service, authorization=f"Bearer {secret}")
        for permission in [*scopes, *scopes][number : number + 5]:
            method, path, _ = asked[permission]
            status = ask(machine, method, path)
            if (status == 403) == (permission == scope):
                wrong.append((scope, method, path, status))
    assert not wrong


def test_no_token_makes_a_token_or_a_session(service: FastAPI, signed_in: Enter) -> None:
    everything = sorted(PERMISSIONS)
    secret = issue(signed_in("admin"), scopes=everything).json()["secret"]
    machine = stranger(service, authorization=f"Bearer {secret}")
    bred = issue(machine, scopes=["lot.read"])
    assert (bred.status_code, bred.json()["code"]) == (403, "token_by_token")
    for path in sorted(OWN):
        answer = machine.post(path, data={"old": "x", "new": NEXT})
        assert "set-cookie" not in answer.headers or "Max-Age=0" in answer.headers["set-cookie"]
    narrow = issue(signed_in("admin")).json()["secret"]
    for path in sorted(OWN):
        answer = stranger(service, authorization=f"Bearer {narrow}").post(path, data={})
        assert answer.status_code == 403, path


# ---------------------------------------------------------------------------- states of accounts


@pytest.mark.parametrize("by", ["session", "token"])
def test_before_the_first_password_is_changed_nothing_is_open(
    service: FastAPI, signed_in: Enter, guest: str, by: str
) -> None:
    held: Accounts = service.state.accounts
    held.change(guest, roles=["admin"])
    token = issue(signed_in(guest)).json()["secret"]
    held.set_password(guest, NEXT, must_change=True)
    client = signed_in(guest) if by == "session" else stranger(
        service, authorization=f"Bearer {token}"
    )  # fmt: skip
    try:
        some = routes(service) if by == "session" else routes(service)[::7]
        wrong = [
            (method, path)
            for method, path, _ in [*some, ("POST", "/_dash-update-component", "")]
            if client.request(method, path, json={}).json().get("code") != "password_must_change"
        ]
        assert not wrong
        page = client.get("/", headers={"accept": "text/html"})
        assert page.headers["location"] == "/password"
        if by == "session":
            same = client.post("/password", data={"old": NEXT, "new": NEXT})
            assert same.status_code == 422  # the first password does not stay
            assert client.post("/password", data={"old": NEXT, "new": PASSWORD}).status_code == 303
            assert client.get("/api/v1/me").status_code == 200
    finally:
        held.change(guest, roles=["viewer"])


def test_a_locked_account_opens_to_nobody_and_keeps_who_is_in(
    service: FastAPI, signed_in: Enter, guest: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside, client = signed_in(guest), stranger(service)
    for _ in range(FAILURES):
        log_in(client, guest, "wrong password")
    refused = client.post("/login", data={"account": guest, "password": PASSWORD})
    assert refused.status_code == 429
    assert "set-cookie" not in refused.headers
    # Locking a stranger's account throws nobody out: else guessing would be a weapon.
    assert inside.get("/api/v1/me").status_code == 200
    over = time.time() + LOCK_SECONDS + 1
    monkeypatch.setattr(time, "time", lambda: over)
    assert service.state.accounts.verify(guest, PASSWORD).account == guest


# ---------------------------------------------------------------------------- cookies


def test_every_cookie_over_https_is_for_this_host_and_no_script(
    service: FastAPI, guest: str
) -> None:
    browser = TestClient(service, base_url="https://testserver", follow_redirects=False)
    told = [
        browser.post("/login", data={"account": guest, "password": PASSWORD}),
        browser.post("/password", data={"old": PASSWORD, "new": NEXT}),
        browser.get("/?lang=zh"),
        browser.post("/logout"),
    ]
    cookies = [line for answer in told for line in answer.headers.get_list("set-cookie")]
    assert len(cookies) >= 4
    for line in cookies:
        name, flags = line.partition("=")[0], {part.strip().lower() for part in line.split(";")}
        assert {"secure", "samesite=lax", "path=/"} <= flags, line
        assert not any(flag.startswith("domain") for flag in flags), line
        if name != "lotgraph_lang":  # what language a page speaks is no secret
            assert name.startswith("__Host-"), line
            assert "httponly" in flags, line
    assert told[-1].headers["clear-site-data"]
    secret = re.search(r"__Host-lotgraph=([\w-]{43})", cookies[0])
    assert secret  # 256 bits
    assert all(secret[1] not in answer.text for answer in told)
