"""What a file says of the answer it holds: what was asked, by which rules, and what is missing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from api.reports import figures
from api.reports.edition import Edition
from api.reports.sheets import About
from graph_model.i18n import text


def about(title: str, whole: Any, edition: Edition | None) -> About:
    """The first sheet of an answer, from what the answer says of itself."""
    if not isinstance(whole, Mapping):
        return About(title, edition)
    return About(
        title, edition, tuple(_lines(whole)), whole.get("complete"), tuple(whole.get("missing", ()))
    )


def _lines(whole: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    roots = whole.get("roots")
    named = roots.get("match", []) if isinstance(roots, Mapping) else roots
    if isinstance(named, list) and named:
        shown = text("report.comma").join(figures.lot(key) for key in named)
        yield text("report.asked_roots"), shown
    rules = whole.get("rules")
    if isinstance(rules, Mapping):
        hazard = rules.get("hazard")
        if hazard:
            yield text("report.asked_hazard"), str(hazard)
        cuts = [figures.word("report.rule", rule) for rule in rules.get("cuts", ())]
        yield text("report.asked_rules"), text("report.comma").join(cuts)
        yield text("report.decisions_count"), figures.number(len(rules.get("decisions", ())))
