"""Items, companies and lots that may be one under two numbers; a person confirms them.

Names are compared without case, width, blanks and marks, and as they are read aloud (pinyin), so
that a name typed with other characters of the same sound, or in Latin letters, is found. Lot
numbers of one item are compared as `queries.recall.alike` folds them. Nothing is merged by
likeness itself.
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
from numpy.typing import NDArray
from rapidfuzz import fuzz, process

from graph_model.derived.codes import Codes, aliases
from graph_model.interval import in_force
from graph_model.network import Facts
from graph_model.schema import Alias, Customer, Decision, Item, Lot, Supplier
from queries.recall import alike

LEAST = 88.0
"""Likeness in percent from which two names are proposed."""
LEAST_ALOUD = 95.0
"""The same for names as they are read aloud: far more names sound alike than look alike."""
MOST = 4000
"""Names that are all compared with all; of more only equal ones are proposed."""
_MARKS = re.compile(r"[\W_]+")
_DIGITS = re.compile(r"\d+(?:[.,]\d+)?")


@dataclass(frozen=True)
class Proposal:
    """Two keys (items, lots) or codes (companies) alike by name or number; `score` in percent."""

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
    items, companies = _named(facts)
    found = [*_alike("item", items), *_alike("company", companies), *_lots(facts)]
    new = [one for one in found if frozenset((one.alias, one.target)) not in known]
    return sorted(new, key=lambda one: (-one.score, one.kind, one.alias, one.target))


def only_equal(facts: Facts) -> bool:
    """True where there are too many names to compare all, so that only equal ones are proposed."""
    return any(rows["name"].drop_nulls().len() > MOST for rows in _named(facts))


def _named(facts: Facts) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Items and companies: key, name, and group within which nothing is alike."""
    items = facts[Item].select("key", name="item_name", group="company")
    companies = pl.concat(
        [facts[kind].select(key="company", name="name") for kind in (Supplier, Customer)]
    ).unique("key")
    return items, companies.with_columns(group="key")


def _known(facts: Facts) -> set[frozenset[str]]:
    """Pairs that are recorded or decided already."""
    decided = in_force(facts[Decision]).filter(pl.col("kind").is_in(["alias", "same_lot"]))
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
    from pypinyin import lazy_pinyin  # reads its dictionaries for half a second

    aloud = ["".join(lazy_pinyin(name)) for name in names]
    scores = np.maximum(_scores(names, LEAST), _scores(aloud, LEAST_ALOUD))
    for at, other in np.argwhere(np.triu(scores, 1)):
        yield int(at), int(other), float(scores[at, other])


def _scores(names: list[str], least: float) -> NDArray[np.uint8]:
    """Likeness of each name with each in percent; 0 below the least."""
    scores: NDArray[np.uint8] = process.cdist(
        names, names, scorer=fuzz.ratio, score_cutoff=least, dtype=np.uint8
    )
    return scores


def _lots(facts: Facts) -> Iterator[Proposal]:
    """Lots of one item whose numbers differ in writing only: each with the first of its kind."""
    item = Codes.of(aliases(facts), facts[Item]).item().fill_null("")
    lots = facts[Lot].filter(pl.col("lot_no") != "", pl.col("sublot") == "")
    lots = lots.select("key", "lot_no", item=item, folded=alike.fold(lots["lot_no"]))
    same = pl.col("lot_no").n_unique().over("item", "folded") > 1
    for _, group in lots.filter(same).sort("key").group_by("item", "folded", maintain_order=True):
        target, number = group.row(0)[:2]
        for key, other in group[1:].select("key", "lot_no").iter_rows():
            if other != number and not _split_otherwise(number, other):
                score = fuzz.ratio(plain(number), plain(other))
                yield Proposal("lot", key, other, target, number, round(score))


def _split_otherwise(one: str, two: str) -> bool:
    """True for numbers of the same digits in other groups, such as 24-1-11 and 24-11-1."""
    groups = [[int(part) for part in re.findall(r"\d+", number)] for number in (one, two)]
    return groups[0] != groups[1] and len(groups[0]) == len(groups[1]) > 1
