"""Nothing but listed hosts is asked, whatever they are written as or turn out to be."""

from __future__ import annotations

import ipaddress
import logging
import socket
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from graph_model.errors import BadInput, LotgraphError, SourceError
from loaders.sources.config import Network
from loaders.sources.door import Door, checked, permitted
from tests.emulators.base import Asked, Emulator, Told, serving
from tests.sources.conftest import QUICK

LOOPBACK = (ipaddress.ip_network("127.0.0.1"),)
OPEN = Network(("127.0.0.1", "erp.example.com"), LOOPBACK)


class Plain(Emulator):
    """Answers what it is told to."""

    told = Told({"fine": True})

    def answer(self, asked: Asked) -> Told:
        return self.told


@pytest.fixture
def served() -> Iterator[tuple[Plain, str]]:
    """A system and its address."""
    emulator = Plain()
    with serving(emulator) as address:
        yield emulator, address


@pytest.mark.parametrize("host", [
    "127.0.0.1", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "0", "localhost",
    "[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]",
    "169.254.169.254", "10.0.0.1", "192.168.1.1", "100.64.0.1", "[fe80::1]", "[fc00::1]",
    "224.0.0.1", "255.255.255.255",
])  # fmt: skip
def test_private_targets_are_refused_in_every_writing(host: str) -> None:
    listed = host.strip("[]")
    with (
        pytest.raises(LotgraphError) as refused,
        closing(Door("erp", f"https://{host}/x", Network((listed,)), QUICK)) as door,
    ):
        door.ask("GET", "")
    assert refused.value.code in ("source_private", "source_host_not_allowed", "source_address_bad")


@pytest.mark.parametrize("written", [
    "127.0.0.1", "::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "169.254.169.254",
    "10.0.0.1", "172.16.0.1", "192.168.1.1", "100.64.0.1", "0.0.0.0", "fe80::1", "fd00::1",
    "224.0.0.1", "ff02::1", "64:ff9b::a00:1", "::ffff:10.0.0.1",
])  # fmt: skip
def test_only_public_addresses_and_listed_ones_are_permitted(written: str) -> None:
    address = ipaddress.ip_address(written)
    assert not permitted(address, Network())
    own = ipaddress.ip_network(written)
    assert permitted(address, Network((), (own,)))


def test_public_addresses_are_permitted() -> None:
    for written in ("8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8"):
        assert permitted(ipaddress.ip_address(written), Network())


@pytest.mark.parametrize(("address", "code"), [
    ("https://other.example.com/k3cloud", "source_host_not_allowed"),
    ("https://erp.example.com.evil.org/", "source_host_not_allowed"),
    ("https://erp.example.com@evil.org/", "source_address_bad"),
    ("https://user:secret@erp.example.com/", "source_address_bad"),
    ("https://erp.example.com/?token=1", "source_address_bad"),
    ("ftp://erp.example.com/", "source_address_bad"),
    ("file:///etc/passwd", "source_address_bad"),
    ("https://erp.example.com:99999/", "source_address_bad"),
    ("erp.example.com", "source_address_bad"),
    ("http://erp.example.com/", "source_not_encrypted"),
])  # fmt: skip
def test_an_address_is_looked_at_before_it_is_asked(address: str, code: str) -> None:
    with pytest.raises(BadInput) as refused:
        checked("erp", address, OPEN)
    assert refused.value.code == code
    assert "secret" not in str(refused.value)


def test_a_name_that_changes_its_address_gains_nothing(
    served: tuple[Plain, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    emulator, address = served
    port = int(address.rpartition(":")[2])
    answers = iter(["93.184.216.34", "127.0.0.1"])  # public when looked at, private when used

    def rebinding(host: str, *args: Any, **options: Any) -> list[Any]:
        where = next(answers, "127.0.0.1") if host == "erp.example.com" else host
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (where, port))]

    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    monkeypatch.setattr(socket, "create_connection", _refusing)
    with closing(Door("erp", f"https://erp.example.com:{port}", OPEN, QUICK)) as door, \
            pytest.raises(SourceError):  # fmt: skip
        door.ask("GET", "")
    assert _refusing.asked  # type: ignore[attr-defined]
    assert "127.0.0.1" not in _refusing.asked[:1]  # type: ignore[attr-defined]
    assert emulator.asked == []


def _refusing(address: tuple[str, int], *args: Any, **options: Any) -> socket.socket:
    _refusing.asked = [*getattr(_refusing, "asked", []), address[0]]  # type: ignore[attr-defined]
    raise OSError("no network in tests")


def test_redirects_are_not_followed(served: tuple[Plain, str]) -> None:
    emulator, address = served
    emulator.told = Told("", 302, {"location": f"{address}/elsewhere"})
    with closing(Door("erp", address, OPEN, QUICK)) as door, pytest.raises(SourceError) as failed:
        door.ask("GET", "start")
    assert failed.value.code == "source_redirects"
    assert [asked.path for asked in emulator.asked] == ["/start"]


def test_answers_have_an_end(served: tuple[Plain, str], monkeypatch: pytest.MonkeyPatch) -> None:
    emulator, address = served
    monkeypatch.setattr("loaders.sources.door.MOST_BYTES", 1000)
    emulator.told = Told("x" * 2000)
    with closing(Door("erp", address, OPEN, QUICK)) as door, pytest.raises(SourceError) as failed:
        door.ask("GET", "")
    assert failed.value.code == "source_too_large"


def test_a_system_that_stays_busy_is_given_up_and_nothing_secret_is_told(
    served: tuple[Plain, str], caplog: pytest.LogCaptureFixture
) -> None:
    emulator, address = served
    emulator.told = Told("busy", 503)
    caplog.set_level(logging.DEBUG)
    with closing(Door("erp", address, OPEN, QUICK)) as door, pytest.raises(SourceError) as failed:
        door.ask("GET", "list", params={"app_secret": "canary-1"}, headers={"x-key": "canary-2"})
    assert failed.value.code == "source_unreachable"
    assert len(emulator.asked) == 6
    told = str(failed.value) + " ".join(record.getMessage() for record in caplog.records
                                        if record.name.split(".")[0] != "httpcore")  # fmt: skip
    assert "canary" not in told
