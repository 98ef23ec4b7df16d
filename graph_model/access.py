"""Who may what: roles as data, one table role x permission, and which fields a role does not see.

Routes and callbacks ask the same two questions: `user.can("trace.read")`, and `redact(answer,
user)` before anything leaves. The signed-in user of a request is `current_user()`: the service sets
it in front of everything, mounted applications included (a WSGI callback runs in a copy of that
context; it is also `environ["asgi.scope"]["state"]["user"]`). Nobody signed in means nothing
allowed.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from graph_model.errors import NotAllowed, NotSignedIn

VIEWER, QUALITY, PURCHASING, MANAGEMENT, AUDITOR, ADMIN, PARTNER, OPERATOR = ROLES = (
    "viewer", "quality", "purchasing", "management", "auditor", "admin", "partner", "operator",
)  # fmt: skip
"""A partner is another company's machine or person: it sees what concerns its own lots, no more.
An operator records on the floor and sees what that needs, no more."""

_ALL = frozenset(ROLES) - {PARTNER, OPERATOR}
_ANYBODY = frozenset(ROLES)


def _roles(*names: str) -> frozenset[str]:
    """These roles, and admin: who hands roles out could take them anyway."""
    return frozenset({*names, ADMIN})


PERMISSIONS: dict[str, frozenset[str]] = {
    "account.own": _ANYBODY,
    "account.manage": _roles(),
    "audit.read": _roles(AUDITOR),
    "check.read": _roles(QUALITY, AUDITOR),
    "contact.see": _roles(QUALITY, MANAGEMENT, AUDITOR),
    "cost.write": _roles(MANAGEMENT),
    "decision.make": _roles(QUALITY),
    "decision.read": _roles(QUALITY, PURCHASING, MANAGEMENT, AUDITOR),
    "drill.read": _roles(QUALITY, MANAGEMENT, AUDITOR),
    "drill.run": _roles(QUALITY, AUDITOR),
    "epcis.capture": _roles(QUALITY, PARTNER),
    "epcis.query": _roles(QUALITY, AUDITOR, PARTNER),
    "epcis.query_all": _roles(QUALITY, AUDITOR),
    "exposure.read": _roles(QUALITY, PURCHASING, MANAGEMENT, AUDITOR),
    "floor.override": _roles(QUALITY),
    "floor.record": _roles(QUALITY, OPERATOR),
    "hold.place": _roles(QUALITY),
    "hold.read": _ALL,
    "hold.release": _roles(QUALITY),
    "import.read": _roles(QUALITY, AUDITOR),
    "import.run": _roles(QUALITY),
    "import.undo": _roles(QUALITY),
    "incident.read": _ALL,
    "incident.write": _roles(QUALITY),
    "inference.read": _roles(QUALITY, MANAGEMENT, AUDITOR),
    "lot.read": _ALL,
    "metrics.read": _roles(),
    "notice.write": _roles(QUALITY, MANAGEMENT),
    "person.see": _roles(QUALITY, MANAGEMENT, AUDITOR),
    "price.see": _roles(QUALITY, PURCHASING, MANAGEMENT, AUDITOR),
    "privacy.erase": _roles(),
    "report.read": _roles(QUALITY, PURCHASING, MANAGEMENT, AUDITOR),
    "rules.read": _roles(QUALITY, PURCHASING, MANAGEMENT, AUDITOR),
    "rules.write": _roles(QUALITY),
    "scope.read": _ALL,
    "screen.use": _ALL | {OPERATOR},
    "supplier.claim": _roles(QUALITY, PURCHASING),
    "token.own": _ANYBODY,
    "trace.read": _ALL,
    "work.read": _roles(MANAGEMENT),
}
"""Which roles have a permission. What is not in the table nobody may."""

FIELDS: dict[str, frozenset[str]] = {
    "price.see": frozenset({
        "average_cost", "blanket", "blanket_cost", "claim_amount", "claimed", "committed_cost",
        "cost", "cost_bound", "cost_by", "cost_closed", "cost_fixed", "cost_lines", "cost_open",
        "cost_recovered", "cost_total", "costs", "documented", "expected_cost", "outstanding",
        "recovered_money", "sales_price", "saved", "unit_cost", "worst_cost",
    }),
    "contact.see": frozenset({
        "address", "contact", "contact_email", "contact_name", "contact_phone", "contacts",
        "email", "fax", "phone", "telephone",
    }),
    "person.see": frozenset({
        "confirmed_by", "entered_by", "judged_by", "operator", "person", "person_name", "persons",
        "responsible", "second_person",
    }),
}  # fmt: skip
"""Which fields of an answer are seen only with a permission, by name of the field."""


@dataclass(frozen=True)
class User:
    """Who asks. `scopes`: what an API token narrows its owner's permissions to (None: nothing).

    `via` is session, token or demo; `must_change`: the password has to be changed first;
    `company`: whose partner it is.
    """

    account: str
    name: str
    roles: frozenset[str]
    via: str = "session"
    scopes: frozenset[str] | None = None
    must_change: bool = False
    session: str = ""
    company: str | None = None
    permissions: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        held = {name for name, roles in PERMISSIONS.items() if roles & self.roles}
        wanted = held if self.scopes is None else held & self.scopes
        object.__setattr__(self, "permissions", frozenset(wanted))

    def can(self, permission: str) -> bool:
        """Whether the user has a permission."""
        return permission in self.permissions

    def need(self, permission: str) -> None:
        """Raises NotAllowed without the permission."""
        if not self.can(permission):
            raise NotAllowed("not_allowed", permission=permission)


_user: ContextVar[User | None] = ContextVar("user", default=None)


def set_user(user: User | None) -> None:
    """Says who asks, for this context and what is started from it."""
    _user.set(user)


def current_user() -> User | None:
    """The signed-in user of this request; None: nobody."""
    return _user.get()


def signed_in() -> User:
    """The signed-in user of this request. Raises NotSignedIn where there is none."""
    user = _user.get()
    if user is None:
        raise NotSignedIn("not_signed_in")
    return user


def hidden_fields(user: User) -> frozenset[str]:
    """Names of fields that the user does not see."""
    lacking: Iterable[frozenset[str]] = (
        names for permission, names in FIELDS.items() if not user.can(permission)
    )
    return frozenset().union(*lacking)


def redact(answer: Any, user: User) -> Any:
    """The answer without what the user may not see: hidden fields are None.

    At its top level `withheld` names the fields that were emptied, so that nobody takes "not
    shown" for "none". Lists, dicts and plain values in, the same out; the input stays as it is.
    """
    hidden = hidden_fields(user)
    if not hidden:
        return answer
    emptied: set[str] = set()
    told = _without(answer, hidden, emptied)
    if emptied and isinstance(told, dict):
        told["withheld"] = sorted(emptied)
    return told


def _without(value: Any, hidden: frozenset[str], emptied: set[str]) -> Any:
    if isinstance(value, dict):
        gone = {name for name in value.keys() & hidden if not _is_other(name, value[name])}
        emptied |= gone
        return {
            name: None if name in gone else _without(part, hidden, emptied)
            for name, part in value.items()
        }
    if isinstance(value, list | tuple):
        return [_without(part, hidden, emptied) for part in value]
    return value


def _is_other(name: str, value: Any) -> bool:
    """Whether a field of that name is something else here: figures of the lots that contact
    reaches, not how to reach somebody; a blanket recall with its lots, not what it costs."""
    figures = value.values() if isinstance(value, dict) else [value]
    numbers = all(isinstance(figure, int | float) for figure in figures)
    return (name == "contact" and numbers) or (name == "blanket" and "lots" in _names(value))


def _names(value: Any) -> Any:
    return value if isinstance(value, dict) else ()
