"""Contact: what hazards that leave traces pass on over lines, tanks and tools (DESIGN: contact).

runs       where operations ran
stays      who was on which line when
breaks     verified clean breaks, and what lies between them
horizons   how long residue counts by a person's decision
lanes      which of them meet
each_break what each break alone keeps from meeting
homes      on which lines orders that name none can have run, by rules
mixing     what rules of cross-contamination let meet (`places`: what came to a place and left)
tanks      what a validated limit of carry-over speaks of
chains     the flows of it, linear in the stays
These flows hang on the hazard, so they exist for scopes only, never in the graph nor its hash.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from weakref import WeakKeyDictionary

import polars as pl

from graph_model import interval
from graph_model.lineage import Index, Lineage
from graph_model.network import Facts
from graph_model.schema import MOVEMENTS, Decision, Site
from queries.recall.contact import (
    breaks,
    chains,
    each_break,
    homes,
    horizons,
    lanes,
    mixing,
    runs,
    stays,
    tanks,
)
from queries.recall.contact.chains import CONTACT, Lanes
from queries.recall.contact.each_break import PAST_ONE
from queries.recall.contact.horizons import Horizon
from queries.recall.contact.lanes import NOWHERE, PAST_BREAK, PAST_HORIZON
from queries.recall.hazard import Hazard
from queries.recall.rulebook import Rulebook

__all__ = [
    "CONTACT",
    "NOWHERE",
    "PAST_BREAK",
    "PAST_HORIZON",
    "PAST_ONE",
    "TRACES",
    "Supposed",
    "extended",
]

TRACES = ("microbial", "allergen", "chemical", "foreign_body", "unknown")
"""Hazards of which residue goes on to the next lots of a line."""
_kept: WeakKeyDictionary[Lineage, dict[tuple[object, ...], Lineage]] = WeakKeyDictionary()
_stays: WeakKeyDictionary[Lineage, stays.Stays] = WeakKeyDictionary()


@dataclass(frozen=True)
class Supposed:
    """What is taken to be otherwise than recorded, to see what that changes.

    `apart`: keys of orders that name no line, each taken to have run where nothing else did.
    `cleaned`: lines taken to be clean after every stay.
    """

    apart: frozenset[str] = frozenset()
    cleaned: frozenset[str] = frozenset()


NOTHING = Supposed()


def extended(
    facts: Facts,
    lineage: Lineage,
    hazard: Hazard,
    rulebook: Rulebook,
    supposed: Supposed = NOTHING,
    *,
    singly: Index | None = None,
) -> Lineage:
    """The arrays with the contact flows of this hazard; kept for as long as the arrays are.

    `singly`: also with those that a verified break alone keeps out, after one of these lots, by
    number in the plant, was on the line; these arrays are not kept.
    """
    plain = supposed == NOTHING and singly is None
    kept = _kept.setdefault(lineage, {}) if plain else {}
    until = horizons.find(facts, hazard)
    mixed = (rulebook.cross_contamination, rulebook.temporal_order)
    limits = sorted(tanks.named(facts, hazard, rulebook).items(), key=str)
    about = (hazard.kind in TRACES, hazard.kind == "label", mixed, rulebook.lines_of_items)
    key = (*about, *sorted(until.items()), *limits)
    if key not in kept:
        kept[key] = _extended(facts, lineage, hazard, until, rulebook, supposed, singly)
    return kept[key]


def _extended(
    facts: Facts,
    lineage: Lineage,
    hazard: Hazard,
    until: dict[str, Horizon],
    rulebook: Rulebook,
    supposed: Supposed,
    singly: Index | None,
) -> Lineage:
    met = [] if not rulebook.cross_contamination else [mixing.find(facts, lineage, rulebook).lanes]
    if hazard.kind in TRACES or hazard.kind == "label":
        met += _over_lines(facts, lineage, hazard, until, rulebook, supposed, singly)
    if not met:
        return lineage
    parts = ([getattr(one, name) for one in met] for name in ("entries", "exits", "rules"))
    return chains.extend(lineage, Lanes(*(pl.concat(part, how="diagonal") for part in parts)))


def _over_lines(
    facts: Facts,
    lineage: Lineage,
    hazard: Hazard,
    until: dict[str, Horizon],
    rulebook: Rulebook,
    supposed: Supposed,
    singly: Index | None,
) -> list[Lanes]:
    label = hazard.kind == "label"
    delays = interval.delays(facts[Decision], [facts[kind] for kind in MOVEMENTS])
    if lineage not in _stays:
        _stays[lineage] = stays.of(facts, lineage, delays)
    found = _stays[lineage].only(_counts(lineage, supposed))
    if label:
        # Left at a line are labels and cartons, and only a clearance proves them gone.
        left = stays.packaging(facts, lineage)
        touches = found.touches.filter(pl.col("lot").is_in(left.implode()))
        made = found.made.filter(pl.col("rule") == stays.RAN)
        found = replace(found, touches=touches, made=made)
    tops = runs.lines(facts[Site])
    clean = breaks.find(facts, delays, tops, clearances_only=label)
    limited = [] if label else tanks.find(facts, lineage, hazard, rulebook)
    known = homes.find(facts, rulebook)
    found, away = homes.confined(lanes.anywhere(found), known, lineage)

    def of(some: stays.Stays) -> Lanes:
        return tanks.barred(lanes.of(some, clean, until), limited, facts, lineage)

    met = [of(found), *homes.barred(found, away, of)]
    if singly is not None:
        alone = each_break.of(found, clean, until, singly)
        alone = tanks.barred(alone, limited, facts, lineage)
        met.append(each_break.barred(alone))
    return met


def _counts(lineage: Lineage, supposed: Supposed) -> pl.Expr:
    """Whether a stay is on a line, or an unknown one, that is taken to be as recorded."""
    whole = lineage.operations.select(pl.coalesce("order", "key").is_in(list(supposed.apart)))
    apart = whole.to_series().fill_null(False).arg_true()
    alone = pl.col("line").str.starts_with("?") & pl.col("op").is_in(apart.implode())
    return ~(alone.fill_null(False) | pl.col("line").is_in(list(supposed.cleaned)))
