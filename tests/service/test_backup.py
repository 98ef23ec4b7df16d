"""The restore drill: what was backed up while it was served answers as before, or is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from api.app import create
from graph_model.backup import backup, restore
from graph_model.errors import BadInput
from graph_model.settings import Settings
from tests.service.conftest import PASSWORD, Enter

PASSPHRASE = "kept in a safe, not here"


def test_a_served_folder_is_backed_up_and_answers_as_before(
    service: FastAPI, signed_in: Enter, tmp_path: Path
) -> None:
    before = signed_in("admin").get("/api/v1/batches").json()["rows"]
    about = backup(service.state.settings, tmp_path / "b.lgb", PASSPHRASE)
    assert {"ledger.sqlite", "audit.sqlite", "session.key"} <= about["files"].keys()
    restored = tmp_path / "again"
    assert restore(tmp_path / "b.lgb", restored, PASSPHRASE) == about
    app = create(Settings(data=restored))
    with TestClient(app, follow_redirects=False) as client:
        entered = client.post("/login", data={"account": "admin", "password": PASSWORD})
        assert entered.status_code == 303
        assert client.get("/api/v1/batches").json()["rows"] == before
        assert client.get("/api/v1/audit/verify").json()["faults"] == []


@pytest.fixture(scope="module")
def saved(filled: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A backup of the filled folder."""
    file = tmp_path_factory.mktemp("saved") / "b.lgb"
    backup(Settings(data=filled), file, PASSPHRASE)
    return file


def test_nothing_of_a_backup_can_be_read_without_the_key(saved: Path, tmp_path: Path) -> None:
    content = saved.read_bytes()
    assert b"SQLite format" not in content
    assert b"PAR1" not in content
    with pytest.raises(BadInput):
        restore(saved, tmp_path / "x", PASSPHRASE + "!")
    assert not (tmp_path / "x").exists()


def test_a_changed_or_cut_off_backup_is_refused_and_leaves_nothing(
    saved: Path, tmp_path: Path
) -> None:
    content = saved.read_bytes()
    chunk = (1 << 20) + 16
    spoiled = {
        "flipped": content[:-50] + bytes([content[-50] ^ 1]) + content[-49:],
        "cut": content[:-30],
        "whole chunks cut": content[: 20 + chunk],
        "swapped": content[:20] + content[20 + chunk : 20 + 2 * chunk] + content[20 : 20 + chunk],
        "empty": b"",
        "no backup": b"PK\x03\x04" + content,
    }
    for name, bad in spoiled.items():
        if bad == content:
            continue
        file = tmp_path / "bad.lgb"
        file.write_bytes(bad)
        with pytest.raises(BadInput):
            restore(file, tmp_path / "x", PASSPHRASE)
        assert not (tmp_path / "x").exists(), name


def test_a_folder_with_data_is_never_written_over(saved: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("mine")
    with pytest.raises(BadInput):
        restore(saved, tmp_path, PASSPHRASE)
    assert (tmp_path / "mine").read_text() == "mine"


def test_a_short_passphrase_is_refused(filled: Path, tmp_path: Path) -> None:
    with pytest.raises(BadInput):
        backup(Settings(data=filled), tmp_path / "b", "short")
