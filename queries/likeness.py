"""Items and companies that may be one under two numbers, by their names; a person confirms them.

Names are compared without case, width, blanks and marks. Nothing is merged by likeness itself.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import polars as pl
from rapidfuzz import fuzz, process

from graph_model.interval import in_force
from graph_model.network import Facts
from graph_model.schema import Alias, Customer, Decision, Item, Supplier

LEAST = 88.0
"""Likeness in percent from which two names are proposed."""
MOST = 4000
"""Names that are all compared with all; of more only equal ones are proposed."""
_MARKS = re.compile(r"[\W_]+")
_DIGITS = re.compile(r"\d+(?:[.,]\d+)?")


@dataclass(frozen=True)
class Proposal:
    """Two keys (items) or codes (companies) whose names are alike; `score` in percent."""

    kind: str
    alias: str
    alias_name: str
    target: str
    target_name: str
    score: float


def proposals(facts: Facts) -> list[Proposal]:
    """What may be one thing and nobody has said so yet, the most alike first.

    Items of one numbering are told apart by their numbers on purpose: only those of different
    companies are compared. Names with different figures (250 g, 500 g) are different things.
    """
    known = _known(facts)
    items = facts[Item].select("key", name="item_name", group="company")
    companies = pl.concat(
        [facts[kind].select(key="company", name="name") for kind in (Supplier, Customer)]
    ).unique("key")
    found = [*_alike("item", items), *_alike("company", companies.with_columns(group="key"))]
    new = [one for one in found if frozenset((one.alias, one.target)) not in known]
    return sorted(new, key=lambda one: (-one.score, one.kind, one.alias, one.target))


def _known(facts: Facts) -> set[frozenset[str]]:
    """Pairs that are recorded or decided already."""
    decided = in_force(facts[Decision]).filter(pl.col("kind") == "alias")
    pairs = [
        *facts[Alias].select("alias", "target").rows(),
        *decided.select("subject", "target").rows(),
    ]
    return {frozenset(part for part in pair if part) for pair in pairs}


def plain(name: str) -> str:
    """A name without case, width, blanks and marks."""
    return _MARKS.sub("", unicodedata.normalize("NFKC", name).casefold())


def _alike(kind: str, rows: pl.DataFrame) -> Iterator[Proposal]:
    """Pairs of rows (key, name, group) of different groups with names alike."""
    rows = rows.drop_nulls("name").sort("key")
    named = [(key, name, group, plain(name)) for key, name, group in rows.iter_rows()]
    named = [row for row in named if row[3]]
    for at, other, score in _pairs([row[3] for row in named]):
        one, two = named[at], named[other]
        if one[2] != two[2] and _figures(one[1]) == _figures(two[1]):
            yield Proposal(kind, two[0], two[1], one[0], one[1], score)


def _figures(name: str) -> list[str]:
    return sorted(_DIGITS.findall(unicodedata.normalize("NFKC", name)))


def _pairs(names: list[str]) -> Iterator[tuple[int, int, float]]:
    if len(names) > MOST:
        places: dict[str, list[int]] = defaultdict(list)
        for at, name in enumerate(names):
            places[name].append(at)
        for same in places.values():
            yield from ((at, other, 100.0) for at, other in combinations(same, 2))
        return
    scores = process.cdist(names, names, scorer=fuzz.ratio, score_cutoff=LEAST, dtype=np.uint8)
    for at, other in np.argwhere(np.triu(scores, 1)):
        yield int(at), int(other), float(scores[at, other])
