"""The state of a view: everything that is shown stands in the address, so that it can be mailed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlencode

Value = str | int | list[str] | None


@dataclass(frozen=True)
class State:
    """A path and its parameters; a parameter can stand several times."""

    path: str = "/"
    params: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @staticmethod
    def of(path: str | None, search: str | None) -> State:
        """The state that an address tells."""
        found: dict[str, tuple[str, ...]] = {}
        for name, value in parse_qsl((search or "").lstrip("?")):
            found[name] = (*found.get(name, ()), value)
        # A path of two slashes would lead to another host.
        return State("/" + (path or "").lstrip("/\\"), found)

    def one(self, name: str, default: str = "") -> str:
        """The last value of a parameter."""
        return self.params.get(name, (default,))[-1]

    def all(self, name: str) -> tuple[str, ...]:
        """All values of a parameter."""
        return self.params.get(name, ())

    def whole(self, name: str) -> int | None:
        """A parameter as a whole number, where it is one."""
        value = self.one(name)
        return int(value) if value.isdigit() else None

    def has(self, name: str, value: str) -> bool:
        """Whether a parameter has this value."""
        return value in self.all(name)

    def link(self, path: str | None = None, /, **changes: Value) -> str:
        """The address with these parameters instead; None takes one out."""
        params = {name: list(values) for name, values in self.params.items() if name != "lang"}
        for name, value in changes.items():
            params[name] = value if isinstance(value, list) else [str(value)]
            if value is None or value == []:
                del params[name]
        pairs = [(name, value) for name, values in params.items() for value in values]
        return (path or self.path) + (f"?{urlencode(pairs)}" if pairs else "")

    def toggle(self, name: str, value: str) -> str:
        """The address with one value of a parameter put in, or taken out where it is in."""
        others = [one for one in self.all(name) if one != value]
        return self.link(**{name: others if self.has(name, value) else [*others, value]})


def link(path: str, /, **params: Value) -> str:
    """The address of a page with these parameters."""
    return State(path).link(**{name: value for name, value in params.items() if value is not None})
