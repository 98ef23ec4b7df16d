"""The table of checks: named rules, each with a severity and a function that finds its places."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import polars as pl

from loaders.checks.records import Records
from loaders.findings import Finding, Severity

Search = Callable[[Records], pl.DataFrame]
PLACE = ("_file", "_sheet", "_row", "column", "value")
"""The columns that every rule gives; all further ones are parameters of its text."""


@dataclass(frozen=True)
class Rule:
    """One check. Texts stand in the catalogues under `finding.<name>`."""

    name: str
    severity: Severity
    search: Search


RULES: dict[str, Rule] = {}
"""All rules by name, in the order they run."""


def rule(name: str, severity: Severity) -> Callable[[Search], Search]:
    """Registers a search as the rule of this name."""

    def register(search: Search) -> Search:
        if name in RULES:
            raise ValueError(name)
        RULES[name] = Rule(name, severity, search)
        return search

    return register


def findings_of(rule: Rule, records: Records) -> Iterator[Finding]:
    """What one rule finds, one finding a cell."""
    found = rule.search(records)
    if found.is_empty():
        return
    found = found.unique(list(PLACE), keep="first", maintain_order=True)
    names = [name for name in found.columns if name not in PLACE]
    found = found.select(pl.col(*PLACE[:2]).fill_null(""), *PLACE[2:], *names)
    for file, sheet, number, column, value, *params in found.iter_rows():
        told = dict(zip(names, params, strict=True))
        yield Finding(
            rule.name, rule.severity, file, sheet, number or 0, column or "", value or "", told
        )
