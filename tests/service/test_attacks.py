"""What an attacker tries with sessions, tokens, accounts and the things of others."""

from __future__ import annotations

import io
import json
import logging
import sqlite3
from contextlib import redirect_stderr
from typing import Any

import pytest
import structlog
from fastapi import FastAPI
from fastapi.testclient import TestClient

from api import logs
from graph_model.accounts import FAILURES, sessions
from graph_model.accounts.tables import TOKEN
from tests.service.conftest import PASSWORD, Enter

CANARY = "canary-9f3b2c-sings"


@pytest.fixture(autouse=True)
def _fresh_limits(service: FastAPI) -> None:
    """Attempts of one test do not count in the next."""
    service.state.attempts.__init__()


def stranger(service: FastAPI, **headers: str) -> TestClient:
    """A client that is not signed in."""
    return TestClient(service, follow_redirects=False, headers=headers)


def log_in(client: TestClient, account: str, password: str = PASSWORD) -> int:
    """Status of a sign-in."""
    status: int = client.post("/login", data={"account": account, "password": password}).status_code
    return status


def issue(client: TestClient, **fields: Any) -> Any:
    """The answer to the wish for a token."""
    wanted = {"label": "x", "scopes": ["lot.read"], "days": 1} | fields
    return client.post("/api/v1/tokens", json=wanted)


# ---------------------------------------------------------------------------- sessions


@pytest.mark.parametrize("cookie", ["", "x", "a" * 5000, "' OR 1=1 --", "../../etc/passwd"])
def test_a_made_up_session_opens_nothing(service: FastAPI, cookie: str) -> None:
    client = stranger(service)
    client.cookies.set("lotgraph", cookie)
    assert client.get("/api/v1/me").status_code == 401


def test_a_session_planted_before_the_sign_in_is_not_taken_over(service: FastAPI) -> None:
    planted = service.state.accounts.sessions.begin("viewer")
    client = stranger(service)
    client.cookies.set("lotgraph", planted)
    assert log_in(client, "quality") == 303
    fresh = [one for one in client.cookies.jar if one.value != planted]
    assert fresh
    old = stranger(service)
    old.cookies.set("lotgraph", planted)
    assert old.get("/api/v1/me").status_code == 401


def test_the_hash_in_the_database_is_no_session(service: FastAPI, signed_in: Enter) -> None:
    client = signed_in("viewer")
    shown = client.get("/api/v1/me/sessions").json()["rows"][0]["id"]
    thief = stranger(service)
    thief.cookies.set("lotgraph", shown)
    assert thief.get("/api/v1/me").status_code == 401


@pytest.mark.parametrize("limit", ["IDLE_SECONDS", "SESSION_SECONDS"])
def test_a_session_ends_by_itself(
    service: FastAPI, signed_in: Enter, monkeypatch: pytest.MonkeyPatch, limit: str
) -> None:
    client = signed_in("viewer")
    assert client.get("/api/v1/me").status_code == 200
    monkeypatch.setattr(sessions, limit, -1)
    assert client.get("/api/v1/me").status_code == 401
    monkeypatch.undo()
    assert client.get("/api/v1/me").status_code == 401


def test_taking_a_role_or_the_account_away_acts_at_once(service: FastAPI, signed_in: Enter) -> None:
    admin = signed_in("admin")
    made = {"account": "leaver", "roles": ["quality"], "password": PASSWORD}
    assert admin.post("/api/v1/accounts", json=made).status_code == 201
    leaver = signed_in("leaver")
    assert leaver.get("/api/v1/questions").json()["code"] == "password_must_change"
    service.state.accounts.set_password("leaver", PASSWORD + "!", must_change=False)
    leaver = signed_in("leaver")
    token = issue(leaver).json()["secret"]
    machine = stranger(service, authorization=f"Bearer {token}")
    assert machine.get("/api/v1/questions").status_code == 200
    assert admin.patch("/api/v1/accounts/leaver", json={"roles": ["viewer"]}).status_code == 200
    assert leaver.get("/api/v1/me").status_code == 401
    assert admin.patch("/api/v1/accounts/leaver", json={"active": False}).status_code == 200
    assert machine.get("/api/v1/questions").status_code == 401
    assert log_in(stranger(service), "leaver", PASSWORD + "!") == 401


# ---------------------------------------------------------------------------- passwords


def test_a_wrong_password_and_a_wrong_account_look_alike(service: FastAPI) -> None:
    answers = {
        stranger(service).post("/login", data={"account": name, "password": "x" * 20}).text
        for name in ("viewer", "no-such-account")
    }
    assert len({text.replace("no-such-account", "viewer") for text in answers}) == 1
    service.state.accounts.verify("viewer", PASSWORD)  # no lock is left behind


def test_guessing_locks_the_account_and_the_right_password_waits_too(service: FastAPI) -> None:
    service.state.accounts.add("guessed", ["viewer"], PASSWORD, must_change=False)
    client = stranger(service)
    for _ in range(FAILURES):
        assert log_in(client, "guessed", "wrong password") == 401
    assert log_in(client, "guessed") == 429


def test_guessing_across_accounts_is_slowed_down_by_address(service: FastAPI) -> None:
    client = stranger(service)
    for number in range(29):
        service.state.attempts.count("testclient", f"account-{number}")
    assert log_in(client, "one-more", "wrong password") == 401
    assert log_in(client, "another", "wrong password") == 429


@pytest.mark.parametrize(
    "password",
    [
        "short",
        "aaaaaaaaaaaaaaaa",
        "lotgraphlotgraph",
        "abcdefghijklmnop",
        "x" * 300,
        "weak-weak-weak",
        "changeme-changeme",
        "iloveyouforever",
        "Passw0rd!2024",
        "password12345678",
        "qwertyuiopas",
    ],
)
def test_a_weak_password_is_refused(signed_in: Enter, password: str) -> None:
    made = {"account": "weak", "roles": ["viewer"], "password": password}
    assert signed_in("admin").post("/api/v1/accounts", json=made).status_code == 422


# ---------------------------------------------------------------------------- tokens


@pytest.mark.parametrize(
    "header",
    ["Bearer", "Bearer ", "Bearer lgt_x", "bearer null", "Basic YTpi", "Token x", "Bearer a b"],
)
def test_a_made_up_token_opens_nothing_even_beside_a_session(signed_in: Enter, header: str) -> None:
    answer = signed_in("admin").get("/api/v1/me", headers={"authorization": header})
    assert answer.status_code == 401


def test_a_token_is_shown_once_and_kept_as_a_hash(service: FastAPI, signed_in: Enter) -> None:
    client = signed_in("quality")
    secret = issue(client).json()["secret"]
    assert secret not in client.get("/api/v1/tokens").text
    data = service.state.settings.data
    for name in ("ledger.sqlite", "audit.sqlite"):
        with sqlite3.connect(data / name) as database:
            assert secret not in "".join(database.iterdump())


def test_a_token_gives_no_more_than_its_owner_has(service: FastAPI, signed_in: Enter) -> None:
    viewer = signed_in("viewer")
    assert issue(viewer, scopes=["account.manage"]).status_code == 403
    assert issue(viewer, scopes=["no.such"]).status_code == 422
    assert issue(viewer, days=4000).status_code == 422
    # Nor does a token breed a stronger one.
    narrow = issue(viewer, scopes=["token.own"]).json()["secret"]
    machine = stranger(service, authorization=f"Bearer {narrow}")
    assert issue(machine, scopes=["trace.read"]).status_code == 403


def test_an_expired_or_revoked_token_is_over(service: FastAPI, signed_in: Enter) -> None:
    client = signed_in("quality")
    made = issue(client).json()
    machine = stranger(service, authorization=f"Bearer {made['secret']}")
    assert machine.get("/api/v1/questions").status_code == 200
    assert client.delete(f"/api/v1/tokens/{made['id']}").status_code == 204
    assert machine.get("/api/v1/questions").status_code == 401
    old = issue(client).json()
    with service.state.accounts._engine.begin() as connection:
        connection.execute(TOKEN.update().values(expires_at=1.0))
    machine = stranger(service, authorization=f"Bearer {old['secret']}")
    assert machine.get("/api/v1/questions").status_code == 401


# ---------------------------------------------------------------------------- of others


def test_the_things_of_others_are_out_of_reach(service: FastAPI, signed_in: Enter) -> None:
    owner, other = signed_in("quality"), signed_in("purchasing")
    token = issue(owner).json()["id"]
    session = owner.get("/api/v1/me/sessions").json()["rows"][0]["id"]
    assert other.delete(f"/api/v1/tokens/{token}").status_code == 404
    assert other.delete(f"/api/v1/me/sessions/{session}").status_code == 404
    assert token not in other.get("/api/v1/tokens").text
    assert other.get("/api/v1/tokens", params={"all": "true"}).status_code == 403
    assert other.get("/api/v1/accounts/quality/sessions").status_code == 403
    assert other.patch("/api/v1/accounts/purchasing", json={"roles": ["admin"]}).status_code == 403
    assert owner.get("/api/v1/me").status_code == 200
    assert signed_in("admin").delete(f"/api/v1/tokens/{token}").status_code == 204


def test_the_last_admin_cannot_be_taken_away(signed_in: Enter) -> None:
    admin = signed_in("admin")
    for change in ({"roles": ["viewer"]}, {"active": False}):
        answer = admin.patch("/api/v1/accounts/admin", json=change)
        assert (answer.status_code, answer.json()["code"]) == (422, "last_admin")


# ---------------------------------------------------------------------------- trail and log


def test_a_changed_or_removed_entry_of_the_trail_is_found(
    service: FastAPI, signed_in: Enter
) -> None:
    auditor = signed_in("auditor")
    assert auditor.get("/api/v1/audit/verify").json()["faults"] == []
    last = auditor.get("/api/v1/audit").json()["rows"][-1]["number"]
    file = service.state.settings.data / "audit.sqlite"
    with sqlite3.connect(file) as database:
        held = database.execute("SELECT * FROM audit WHERE number = ?", (last,)).fetchone()
        database.execute("UPDATE audit SET account = 'somebody' WHERE number = ?", (last,))
    assert auditor.get("/api/v1/audit/verify").json()["faults"] == [last]
    with sqlite3.connect(file) as database:
        database.execute("DELETE FROM audit WHERE number = ?", (last,))
    assert auditor.get("/api/v1/audit/verify").json()["faults"] == [last + 1]
    with sqlite3.connect(file) as database:
        database.execute(f"INSERT INTO audit VALUES ({','.join('?' * len(held))})", held)
    assert auditor.get("/api/v1/audit/verify").json()["faults"] == []


def test_an_account_used_from_two_places_is_flagged(service: FastAPI, signed_in: Enter) -> None:
    secret = service.state.accounts.sessions.begin("purchasing")
    for origin in ("192.0.2.1", "192.0.2.2"):
        client = TestClient(service, client=(origin, 1))
        client.cookies.set("lotgraph", secret)
        client.get("/api/v1/questions")
    found = signed_in("auditor").get("/api/v1/audit/shared").json()["rows"]
    assert "purchasing" in {row["account"] for row in found}


def test_no_text_keeps_its_sender_out_of_the_trail(service: FastAPI, signed_in: Enter) -> None:
    client, before = signed_in("viewer"), service.state.audit.head()[0]
    answer = client.post("/api/v1/find", content=rb'{"number": "\ud800x"}',
                         headers={"content-type": "application/json"})  # fmt: skip
    assert answer.status_code in (404, 422)
    entry = next(one for one in service.state.audit.entries(after=before))
    assert (entry.account, json.loads(entry.params)["number"]) == ("viewer", "\ud800x")
    assert service.state.audit.faults() == []


def secret_fields(service: FastAPI) -> dict[tuple[str, str], list[str]]:
    """The fields of passwords of every address that takes some, by method and path."""
    spec, found = service.openapi(), {}
    for path, methods in spec["paths"].items():
        for method, operation in methods.items():
            content = operation.get("requestBody", {}).get("content", {})
            named = content.get("application/json", {}).get("schema", {}).get("$ref", "")
            fields = spec["components"]["schemas"].get(named.rpartition("/")[2], {})
            names = [
                name
                for name, field in fields.get("properties", {}).items()
                if '"password"' in json.dumps(field) or "secret" in name
            ]
            if names:
                found[method, path] = names
    return found


def test_no_secret_is_in_the_log_or_the_trail(service: FastAPI, signed_in: Enter) -> None:
    held, handlers = structlog.get_config(), logging.getLogger().handlers[:]
    told = io.StringIO()
    try:
        with redirect_stderr(told):
            logs.start()
            log_in(stranger(service), CANARY + "-name", CANARY)
            admin = signed_in("admin")
            fields = secret_fields(service)
            assert len(fields) >= 3
            for (method, path), names in fields.items():
                sent = {"account": "canary", "roles": ["viewer"]} | dict.fromkeys(names, CANARY)
                for more in ({}, {"no_such_field": 1}):
                    admin.request(method, path.format(account="viewer"), json=sent | more)
            admin.post("/password", data={"old": CANARY, "new": CANARY})
            for name in ("authorization", "cookie", "x-api-key", "proxy-authorization"):
                stranger(service, **{name: f"lotgraph={CANARY}"}).get("/api/v1/me")
                stranger(service, **{name: f"Bearer lgt_{CANARY}"}).get(f"/lgt_{CANARY}")
            stranger(service, authorization=f"Bearer lgt_{CANARY}").get("/api/v1/me")
            stranger(service).get("/login/oidc/callback", params={"code": CANARY, "state": "x"})
            logs.log.warning("x", password=CANARY, header=f"Bearer lgt_{CANARY}")
            logs.log.warning(f"postgresql://u:{CANARY}@h/d")
            logging.getLogger("other").error("cookie: %s", CANARY)
    finally:
        structlog.configure(**held)
        logging.getLogger().handlers[:] = handlers
    assert '"event": "request"' in told.getvalue()
    assert CANARY not in told.getvalue()
    trail = json.dumps([vars(one) for one in service.state.audit.entries()])
    assert CANARY not in trail.replace(CANARY + "-name", "")
