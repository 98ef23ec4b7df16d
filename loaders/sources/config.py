"""`sources.toml` of the data folder: which systems are read, where they are, how they are mapped.

    [network]
    allow = ["erp.example.com"]        # hosts that may be asked; nothing else is
    private = ["10.1.2.0/24"]          # of these the ones inside the own network

    [erp]
    kind = "kingdee"
    address = "https://erp.example.com/k3cloud"
    every = "1h"                       # by the running service; left out: by hand only
    since = "2026-01-01"               # nothing older is asked for
    acct_id = "…"

Credentials never stand there: they come from the settings or from files.
"""

from __future__ import annotations

import ipaddress
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from graph_model.errors import BadInput, NotFound
from graph_model.settings import Settings
from loaders.sources.forms import Form, profile, read_forms

FILE = "sources.toml"
NETWORK = "network"
KINDS = ("jiandaoyun", "kingdee", "sie_mes", "u8", "u8_tables", "yidu_wms")
SECRETS = frozenset({"key", "app_secret", "push_secret", "password", "database_url"})
"""What credentials are called; none of them may stand in `sources.toml`."""

_NAME = re.compile(r"^[a-z0-9][a-z0-9_-]{0,39}$")
_EVERY = re.compile(r"^(\d{1,4})\s*([mhd])$")
_SECONDS = {"m": 60, "h": 3_600, "d": 86_400}
_LEAST_SECONDS = 60


@dataclass(frozen=True)
class Network:
    """What may be asked: hosts by name, and private addresses among them."""

    allow: tuple[str, ...] = ()
    private: tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...] = ()


@dataclass(frozen=True)
class Configured:
    """One source as `sources.toml` has it. `options` are those of its kind.

    `every`: seconds between two pulls by the service; 0: by hand only. `forms`: the profile of its
    kind with the plant's own tables in front; where there is no profile, only these.
    """

    name: str
    kind: str
    address: str
    network: Network
    every: int = 0
    since: str = ""
    own_forms: Mapping[str, Form] = field(default_factory=dict)
    off: frozenset[str] = frozenset()
    options: Mapping[str, Any] = field(default_factory=dict)

    def option(self, name: str) -> str:
        """An option that the kind needs. Raises BadInput where it is missing."""
        value = self.options.get(name)
        if not isinstance(value, str | int) or value == "":
            raise BadInput("source_option_missing", source=self.name, option=name)
        return str(value)

    def forms(self) -> list[Form]:
        """The forms to pull: those of the kind's profile, the plant's own ones in their place."""
        known = {**profile(self.kind), **self.own_forms}
        return [form for name, form in known.items() if name not in self.off]

    def secret(self, settings: Settings, name: str) -> str:
        """A credential, from its file or the settings. Raises BadInput without one."""
        key = f"{self.name}.{name}"
        folder = settings.source_secrets_folder
        if folder is not None and (folder / key).is_file():
            return (folder / key).read_text(encoding="utf-8").strip()
        if key in settings.source_secrets:
            return settings.source_secrets[key].get_secret_value()
        raise BadInput("source_secret_missing", key=key)


def path(settings: Settings) -> Path:
    """Where `sources.toml` is, or would be."""
    return settings.data / FILE


def read(settings: Settings) -> dict[str, Configured]:
    """All sources by name; none where there is no file. Raises BadInput with what to mend."""
    file = path(settings)
    if not file.exists():
        return {}
    try:
        tables = tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadInput("sources_unreadable", file=str(file), why=str(error)) from error
    network = _network(tables.pop(NETWORK, {}))
    return {name: _configured(name, table, network) for name, table in tables.items()}


def one(settings: Settings, name: str) -> Configured:
    """The source of that name. Raises NotFound."""
    known = read(settings)
    if name not in known:
        listed = ", ".join(known) or "-"
        raise NotFound("no_such_source", name=name, known=listed, file=str(path(settings)))
    return known[name]


def _network(table: Any) -> Network:
    hosts = table.get("allow", []) if isinstance(table, dict) else []
    try:
        private = tuple(ipaddress.ip_network(each) for each in table.get("private", []))
    except (ValueError, AttributeError) as error:
        raise BadInput("source_network_bad", why=str(error)) from error
    return Network(tuple(str(host).lower() for host in hosts), private)


def _configured(name: str, table: Any, network: Network) -> Configured:
    if not isinstance(table, dict) or not _NAME.match(name):
        raise BadInput("source_name_bad", name=name)
    table = dict(table)
    if shown := SECRETS & set(table):
        raise BadInput("source_secret_shown", source=name, key=", ".join(sorted(shown)))
    kind = table.pop("kind", "")
    if kind not in KINDS:
        raise BadInput("source_kind_unknown", source=name, kind=kind, known=", ".join(KINDS))
    forms = table.pop("forms", {})
    off = {each for each, own in forms.items() if isinstance(own, dict) and own.get("off")}
    return Configured(
        name, kind, str(table.pop("address", "")), network,
        every=_every(name, table.pop("every", "")), since=str(table.pop("since", "")),
        own_forms=read_forms(forms), off=frozenset(off), options=table,
    )  # fmt: skip


def _every(source: str, written: Any) -> int:
    if written == "":
        return 0
    found = _EVERY.match(str(written))
    seconds = int(found[1]) * _SECONDS[found[2]] if found else 0
    if seconds < _LEAST_SECONDS:
        raise BadInput("source_every_bad", source=source, value=str(written))
    return seconds
