"""Declared: an allergen that the label names wherever a lot is sold is no reason to recall it.

The lot does contain it, and passes it on to what is made of it. Versions of labels are by item,
market and date (`LabelVersion`), and act once a person accepted them. A lot is spared only if every
version that can have been on it, in every market where any of it can be, declares the allergen;
what is not surely sold can be sold anywhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from graph_model.interval import MAX, MIN
from graph_model.lineage import Index, Lineage
from graph_model.schema import Customer, LabelVersion
from queries.recall.cone import Cone, Flags
from queries.recall.rules import Case, Cut, Piece, Rule

_DAY = 86_400_000_000


def cut(cone: Cone, case: Case) -> Cut:
    """The lots of which every label in force declares the allergen."""
    hazard = case.hazard
    if hazard.kind != "allergen" or not hazard.agent:
        return Cut()
    signed = case.accepted("label").select(
        key="subject", evidence="key", persons=pl.concat_list("person", "by")
    )
    rows = case.facts[LabelVersion].join(signed, on="key", maintain_order="left")
    if rows.is_empty():
        return Cut()
    declares = [hazard.same_agent_among(names(words)) for words in rows["contains"]]
    versions: dict[str, list[Version]] = {}
    for row, names_it in zip(rows.iter_rows(named=True), declares, strict=True):
        span = (row["valid_from"], row["valid_to"])
        start, end = (MIN if span[0] is None else span[0], MAX if span[1] is None else span[1])
        versions.setdefault(row["item"], []).append(Version(row["market"], start, end, names_it))
    harmless = _harmless(cone, case, versions)
    items = cone.item_keys.filter(pl.Series(harmless)).unique()
    used = tuple(
        Piece(key, "label", RULE.name, tuple(signers), (record,))
        for key, signers, record in rows.filter(pl.col("item").is_in(items.implode()))
        .select("evidence", "persons", "key")
        .iter_rows()
    )
    return Cut(harmless=harmless, used=used)


RULE = Rule("declared", "records", cut)


@dataclass(frozen=True)
class Version:
    """A label of an item: market (None: wherever no other holds), term, whether it declares."""

    market: str | None
    start: int
    end: int
    declares: bool


def names(words: str | None) -> list[str]:
    """The allergens of a list such as `milk; egg`."""
    return [part.strip() for part in re.split(r"[;,；，、]", words or "") if part.strip()]


def declared(
    versions: Sequence[Version], markets: Iterable[str | None], start: int, end: int
) -> bool:
    """Whether all labels that can have been on goods of [start, end] declare, in all markets.

    A market of None is anywhere: there every version in force counts.
    """
    return all(_in_market(versions, market, start, end) for market in markets)


def _in_market(versions: Sequence[Version], market: str | None, start: int, end: int) -> bool:
    on = [one for one in versions if one.start <= end and one.end >= start]
    general = [one for one in on if one.market is None]
    if market is None:
        return _cover(general, start, end) and all(one.declares for one in on)
    own = [one for one in on if one.market == market]
    if not _cover(own, start, end):
        own += general
    return _cover(own, start, end) and all(one.declares for one in own)


def _cover(versions: Iterable[Version], start: int, end: int) -> bool:
    """Whether the terms leave no moment of [start, end] out."""
    reached = start
    for one in sorted(versions, key=lambda version: version.start):
        if one.start > reached:
            return False
        reached = max(reached, one.end + 1 if one.end < MAX else MAX)
        if reached > end or reached == MAX:
            return True
    return False


def _harmless(cone: Cone, case: Case, versions: dict[str, list[Version]]) -> Flags:
    """The recorded lots of the cone that are declared and never failed."""
    harmless = np.zeros(len(cone.lots), dtype=bool)
    items = cone.item_keys.to_list()
    failed = np.isin(cone.lots, np.concatenate(case.inspected.failing(cone.lineage)))
    about = [
        at
        for at in np.flatnonzero((cone.depth >= 0) & ~failed).tolist()
        if items[at] in versions and cone.lineage.lots["rule"][int(cone.lots[at])] is None
    ]
    lots = cone.lots[np.array(about, dtype=np.int64)]
    markets, terms = _markets(cone.lineage, case, lots), _made(cone.lineage, lots)
    for at, lot in zip(about, lots.tolist(), strict=True):
        harmless[at] = declared(versions[items[at]], markets[lot], *terms[lot])
    return harmless


def _made(lineage: Lineage, lots: Index) -> dict[int, tuple[int, int]]:
    """Which moments the goods of each lot can be of: the printed day, else when it was made."""
    rows = lineage.produced.select("lot", "t0", "t1")[lineage.origins.at(lots)]
    spans = rows.group_by("lot").agg(pl.col("t0").min(), pl.col("t1").max())
    found = dict.fromkeys(lots.tolist(), (MIN, MAX))
    found |= {int(lot): (start, end) for lot, start, end in spans.iter_rows()}
    dates = lineage.lots["label_date"][lots].to_list()
    printed = {
        lot: (date, date + _DAY - 1)
        for lot, date in zip(lots.tolist(), dates, strict=True)
        if date is not None
    }
    return found | printed


def _markets(lineage: Lineage, case: Case, lots: Index) -> dict[int, set[str | None]]:
    """Where goods of each lot are or may go; None: anywhere."""
    countries = dict(case.facts[Customer].select("key", "country").iter_rows())
    about = lineage.shipments.select("customer", shipment="key", state="status")
    sent = lineage.shipped.select("lot", "shipment", "quantity", "uom", "doubtful", "rule")
    sent = sent[lineage.sent.at(lots)].join(about, on="shipment", how="left")
    found: dict[int, set[str | None]] = {lot: set() for lot in lots.tolist()}
    for lot, customer in sent.select("lot", "customer").iter_rows():
        country = countries.get(customer or "")
        found[lot].add(country.upper() if country else None)
    left = pl.col("state").is_in(["shipped", "delivered"]).fill_null(False)
    gone = _amounts(sent.filter(pl.col("rule").is_null() & ~pl.col("doubtful") & left))
    made = _amounts(lineage.produced.select("lot", "quantity", "uom")[lineage.origins.at(lots)])
    for lot in found:
        # Anything that is not surely sold may go anywhere.
        (out, unit), (whole, own) = gone.get(lot, (0.0, "")), made.get(lot, (np.inf, ""))
        if unit != own or out < whole - 1e-6:
            found[lot].add(None)
    return found


def _amounts(rows: pl.DataFrame) -> dict[int, tuple[float, str]]:
    """Amount and unit by lot, of lots with amounts in one unit only."""
    sums = rows.group_by("lot").agg(
        pl.col("quantity").sum(),
        pl.col("uom").first(),
        known=pl.col("quantity").is_not_null().all() & pl.col("uom").is_not_null().all(),
        one=pl.col("uom").n_unique() == 1,
    )
    sums = sums.filter("known", "one").select("lot", "quantity", "uom")
    return {int(lot): (quantity, uom) for lot, quantity, uom in sums.iter_rows()}
