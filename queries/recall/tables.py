"""Tables that a plant sets itself: costs, rules of the scope, weights of the scorecard.

Each is the TOML of the file that the command line takes, kept in the ledger with a person, a role
and a reason (rules as `RuleSet`, the others as decisions): so it has a history, and a scope as of a
batch uses the table of that batch. Without one the shipped table is in force.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from dataclasses import replace
from importlib.resources import files
from typing import Any

from graph_model.errors import BadInput
from graph_model.network import Facts
from graph_model.schema import Decision, RuleSet
from queries import scorecard
from queries.recall import cost, rulebook

_READERS: dict[str, Callable[[dict[str, Any], str], object]] = {
    "costs": cost.read,
    "rules": rulebook.read,
    "weights": scorecard.read,
}
_SHIPPED = {
    "costs": ("queries.recall", "costs.toml"),
    "weights": ("queries", "scorecard.toml"),
}
NAMES = tuple(_READERS)


def own(facts: Facts, name: str) -> str | None:
    """The TOML of the plant's own table in force; None: it has set none, or went back."""
    versions = history(facts, name)
    return (versions[-1]["content"] or None) if versions else None


def history(facts: Facts, name: str) -> list[dict[str, Any]]:
    """Every version by time: key, content (empty: back to the shipped one), person, role, reason,
    decided_at."""
    kept = ("key", "content", "person", "role", "reason", "decided_at")
    if name == "rules":
        rows = facts[RuleSet]
    else:
        rows = facts[Decision].filter(kind=name, subject=name).rename({"target": "content"})
    return rows.select(kept).sort("decided_at", "key").to_dicts()


def shipped(name: str) -> str:
    """The TOML that is in force without a table of the plant's own; empty for no rule at all."""
    if name not in _SHIPPED:
        return ""
    package, file = _SHIPPED[name]
    return files(package).joinpath(file).read_text(encoding="utf-8")


def check(name: str, content: str) -> None:
    """Raises BadInput for a table that cannot be used, with every fault that was found."""
    _read(name, content)


def costs(facts: Facts) -> cost.CostTable:
    """The cost table in force."""
    found = own(facts, "costs")
    table = cost.load() if found is None else _read("costs", found)
    assert isinstance(table, cost.CostTable)
    return table


def rules(facts: Facts) -> rulebook.Rulebook:
    """The rules of the scope in force; their `origin` is the key of the version that set them."""
    found = own(facts, "rules")
    if found is None:
        return rulebook.Rulebook()
    return replace(read_rules(found), origin=history(facts, "rules")[-1]["key"])


def read_rules(content: str) -> rulebook.Rulebook:
    """Rules as the text of their file. Raises BadInput with every fault that is found."""
    book = _read("rules", content)
    assert isinstance(book, rulebook.Rulebook)
    return book


def weights(facts: Facts) -> scorecard.Weighting:
    """The weights of the scorecard in force."""
    found = own(facts, "weights")
    table = scorecard.load() if found is None else _read("weights", found)
    assert isinstance(table, scorecard.Weighting)
    return table


def _read(name: str, content: str) -> object:
    if name not in _READERS:
        raise BadInput("no_such_table", name=name, names=", ".join(NAMES))
    try:
        data = tomllib.loads(content)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise BadInput(f"{name}_unreadable", path=f"{name}.toml", problem=str(error)) from error
    return _READERS[name](data, f"{name}.toml")
