"""The hold list: what is to be stopped where, in walking order, and what became of it."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

import polars as pl

from graph_model import cases, holding, keys
from graph_model.errors import Ambiguous, NotFound
from graph_model.holding import Held
from graph_model.lineage import Lineage
from graph_model.network import Facts
from graph_model.schema import Item, Lot, Operation, Site
from queries.candidates import read
from queries.incidents.cases import deeds, last_frozen
from queries.incidents.frozen import HELD, kept_lots
from queries.recall import actions, places
from queries.recall.roots import find_lots
from queries.recall.scope import Scope

WHERE = (places.ON_HAND, places.IN_PROCESS, places.PICKED, places.RETURNED, places.SEARCH)
"""Places at which goods can be stopped; what left is for the notices."""
TYPED = 4
"""Last characters of a lot number that are enough where one certain lot is expected."""
SUMS = ("expected", "found", "missing", "surplus", "in_hand", "unsearched", "lost")


@dataclass(frozen=True)
class Line:
    """One hold with what identifies it and what became of it. `bin`: place within a warehouse."""

    hold: Mapping[str, Any]
    item: str
    item_name: str | None
    lot_no: str
    sublot: str
    path: tuple[str, ...]
    site_name: str | None
    held: Held

    @property
    def state(self) -> str:
        """requested, blocked, found (counted, something in hand), settled (nothing in hand)."""
        if self.held.searched:
            return "found" if self.held.in_hand > 0 else "settled"
        return "blocked" if self.held.blocked else "requested"

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        hold, held = self.hold, self.held
        return {
            "hold": hold["key"], "lot": hold["lot"], "item": self.item,
            "item_name": self.item_name, "lot_no": self.lot_no, "sublot": self.sublot,
            "place": hold["place"], "site": hold["site"], "site_name": self.site_name,
            "warehouse": self.path[0] if self.path else None,
            "bin": self.path[-1] if len(self.path) > 1 else None,
            "uom": hold["uom"], "expected": hold["quantity"], "found": held.found,
            "missing": held.missing, "surplus": held.surplus, "in_hand": held.in_hand,
            "free": held.free, "scanned": held.scanned, "searched": held.searched,
            "disposed": dict(held.disposed), "blocked": list(held.blocked),
            "waiting": [
                {"release": key, "quantity": amount, "person": person}
                for key, (amount, person) in held.waiting.items()
            ],
            "state": self.state, "as_of": hold["as_of"],
        }  # fmt: skip


def states(facts: Facts, incident: str, without: str | None = None) -> dict[str, Held]:
    """What became of every hold of an incident, by key; `without`: as if a deed had not been."""
    own = facts[cases.Hold].filter(pl.col("incident") == incident)
    of_hold = defaultdict(list)
    release_of: dict[str, str] = {}
    # A count holds from when it was made, also where it waited on a phone meanwhile.
    for deed in deeds(facts, incident).sort(counted_at(), "key").iter_rows(named=True):
        if deed["key"] == without:
            continue
        subject = release_of.get(deed["subject"], deed["subject"])
        if deed["kind"] == holding.RELEASE:
            release_of[deed["key"]] = deed["subject"]
        of_hold[subject].append(deed)
    return {
        key: holding.fold(expected, of_hold[key])
        for key, expected in own.select("key", "quantity").iter_rows()
    }


def counted_at() -> pl.Expr:
    """When a count was made; for other deeds, when they were recorded."""
    made = pl.when(pl.col("kind") == "found").then("happened_at")
    return pl.coalesce(made, "at")


def counted_later(facts: Facts, incident: str, hold: str, at: int) -> bool:
    """Whether somebody counted a hold anew after that moment: an older count changes nothing."""
    newer = deeds(facts, incident).filter(
        (pl.col("subject") == hold) & (pl.col("kind") == "found") & pl.col("recount")
    )
    return bool(newer.select((counted_at() > at).any()).item())


def lines(facts: Facts, incident: str) -> list[Line]:
    """Holds in walking order: by warehouse, bin, item and number; then what has no place."""
    own = facts[cases.Hold].filter(pl.col("incident") == incident)
    became, paths = states(facts, incident), _paths(facts)
    names = facts[Item].select("item_name", item="key")
    lots = facts[Lot].filter(pl.col("key").is_in(own["lot"].unique().implode()))
    lots = lots.join(names, on="item", how="left").select("key", "item_name")
    item_names: dict[str, str | None] = dict(lots.iter_rows())
    site_names: dict[str, str | None] = dict(facts[Site].select("key", "name").iter_rows())
    found = []
    for hold in own.iter_rows(named=True):
        _, item, lot_no, sublot = keys.lot_parts(hold["lot"])
        path = paths.get(hold["site"] or "", () if hold["site"] is None else (hold["site"],))
        found.append(
            Line(hold, item, item_names.get(hold["lot"]), lot_no, sublot, path,
                 site_names.get(hold["site"] or ""), became[hold["key"]])
        )  # fmt: skip
    return sorted(found, key=_walking)


def _walking(line: Line) -> tuple[Any, ...]:
    at = [_natural(part) for part in line.path]
    where = WHERE.index(line.hold["place"])
    return (where, not line.path, at, _natural(line.item), _natural(line.lot_no), line.hold["key"])


def _natural(text: str) -> list[tuple[int, int, str]]:
    """Numbers within a text by their value, so that bin 9 comes before bin 10."""
    return [
        (0, int(part), "") if part.isdecimal() else (1, 0, part)
        for part in re.findall(r"\d+|\D+", text)
    ]


def says(line: Line, lineage: Lineage, code: str) -> bool:
    """Whether a label that was scanned or typed is of the held lot.

    The lot as people write it, a GS1 code with its number, the address of one of our labels, or
    the last characters of its number, at least four.
    """
    asked = parse_qs(urlsplit(code.strip()).query).get("lot", [])
    for written in (*asked, *read(code).numbers):
        if line.hold["lot"] in lineage.lots["key"][find_lots(lineage, written)]:
            return True
        if len(written) >= TYPED and line.lot_no.endswith(written):
            return True
    return False


def _paths(facts: Facts) -> dict[str, tuple[str, ...]]:
    """Codes of a place and of those it is part of, the warehouse first."""
    sites = facts[Site].select("key", "site_code", "parent", "kind")
    about = {key: (code, parent, kind) for key, code, parent, kind in sites.iter_rows()}
    found = {}
    for key in about:
        path: list[str] = []
        at: str | None = key
        while at in about and about[at][0] not in path:
            code, parent, kind = about[at]
            path.insert(0, code)
            at = None if kind == "warehouse" else parent
        found[key] = tuple(path)
    return found


def one(facts: Facts, incident: str, lots: Iterable[str], site: str | None) -> Line:
    """The hold of one of these lots, at that place. Raises NotFound, Ambiguous."""
    wanted = set(lots)
    own = [line for line in lines(facts, incident) if line.hold["lot"] in wanted]
    if site is not None:
        own = [line for line in own if site in (line.hold["site"], line.hold["place"], *line.path)]
    if not own:
        raise NotFound("nothing_held", lot=", ".join(sorted(wanted)), site=site or "-")
    if len(own) > 1:
        choices = [f"{line.hold['site'] or line.hold['place']}" for line in own]
        raise Ambiguous("held_at_several", choices, lot=own[0].lot_no,
                        candidates="\n  ".join(choices))  # fmt: skip
    return own[0]


def wanted(scope: Scope, incident: str) -> pl.DataFrame:
    """What is still to be held: lot, place, site, quantity, uom, without what is held already.

    Of a lot that is held, goods that turn up at another place are expected there only as far as
    they are more than all that was expected of it: moved goods are not counted twice.
    """
    lineage = scope.lineage
    located = scope.places.filter(
        pl.col("place").is_in(WHERE) & pl.col("lot").is_in(pl.Series(scope.held).implode())
    )
    amounts = places.holdings(lineage).amounts["uom"]
    rows = located.select(
        "place", "quantity", site=pl.when(pl.col("at") != "").then("at"),
        lot=lineage.lots["key"][located["lot"]], uom=amounts[located["lot"]],
    )  # fmt: skip
    own = scope.facts[cases.Hold].filter(pl.col("incident") == incident)
    spot = ["lot", "place", "site"]
    new = rows.join(own.select(spot), on=spot, how="anti", nulls_equal=True)
    there = rows.group_by("lot").agg(now=pl.col("quantity").sum())
    before = own.group_by("lot").agg(expected=pl.col("quantity").sum())
    new = new.join(there, on="lot").join(before, on="lot", how="left")
    more = (pl.col("now") - pl.col("expected")).clip(lower_bound=0)
    seen = pl.col("quantity").cum_sum().over("lot") - pl.col("quantity")
    left = (more - seen).clip(lower_bound=0)
    capped = pl.when(pl.col("expected").is_null()).then("quantity")
    quantity = capped.otherwise(pl.min_horizontal("quantity", left)).round(holding.PLACES)
    return new.sort("lot", "place", "site").select(*spot, "uom", quantity=quantity)


def unheld(facts: Facts, incident: str) -> list[str]:
    """Lots of the newest frozen scope that nobody holds."""
    frozen = last_frozen(facts, incident)
    if frozen is None:
        return []
    lots = kept_lots(facts, frozen["key"]).filter(pl.col("tier").is_in(HELD))
    own = facts[cases.Hold].filter(pl.col("incident") == incident).select("lot").unique()
    found: list[str] = lots.join(own, on="lot", how="anti")["lot"].sort().to_list()
    return found


def sums(own: Iterable[Line]) -> dict[str, dict[str, float]]:
    """Amounts of holds by unit: expected, found, missing, in hand, each disposition.

    Goods of a lot that lie at another of its places than expected are not missing. *lost* is what
    is missing although it was searched for, *unsearched* what nobody looked for yet.
    """
    found: dict[str, dict[str, float]] = {}
    per_lot: dict[tuple[str, str], list[float]] = {}
    for line in own:
        unit, held = line.hold["uom"] or "", line.held
        into = found.setdefault(unit, dict.fromkeys(SUMS, 0.0))
        into["expected"] += held.expected
        into["found"] += held.found
        into["in_hand"] += held.in_hand
        into["unsearched"] += 0.0 if held.searched else held.expected
        for name, amount in held.disposed.items():
            into[name] = into.get(name, 0.0) + amount
        of_lot = per_lot.setdefault((unit, line.hold["lot"]), [0.0, 0.0, 0.0])
        of_lot[0] += held.expected
        of_lot[1] += held.found
        of_lot[2] += held.expected if held.searched else 0.0
    for (unit, _), (expected, counted, searched) in per_lot.items():
        found[unit]["lost"] += max(searched - counted, 0.0)
        found[unit]["missing"] += max(expected - counted, 0.0)
        found[unit]["surplus"] += max(counted - expected, 0.0)
    return {
        unit: {name: round(amount, holding.PLACES) for name, amount in one.items()}
        for unit, one in found.items()
    }


def orders(facts: Facts, lineage: Lineage, incident: str) -> list[dict[str, Any]]:
    """Open production orders that took lots of the newest frozen scope: each is to be stopped.

    `stopped`: documents by which it was. `lots`: what was issued to it, null where an amount is
    not stated.
    """
    frozen = last_frozen(facts, incident)
    kept = kept_lots(facts, frozen["key"] if frozen else "").filter(pl.col("tier").is_in(HELD))
    numbers = lineage.number(kept["lot"].to_list())
    rows = actions.open_orders(lineage, numbers[numbers >= 0])
    names = lineage.lots.select("key", "item_code", "lot_no")[rows["lot"]]
    heads = facts[Operation].select("item", "site", place="key")
    rows = pl.concat([rows.drop("lot"), names], how="horizontal")
    rows = rows.join(heads, on="place", how="left").join(
        kept.select("tier", "uom", key="lot"), on="key", how="left"
    )
    stops = deeds(facts, incident).filter(pl.col("kind") == "blocked")
    found = []
    for (key,), took in rows.sort("document", "place", "key").group_by(
        "place", maintain_order=True
    ):
        head = took.row(0, named=True)
        found.append(
            {
                "order": key, "document": head["document"], "item": head["item"],
                "site": head["site"],
                "tier": "certain" if "certain" in took["tier"] else "possible",
                "lots": took.select(
                    "item_code", "lot_no", "quantity", "uom", lot="key"
                ).to_dicts(),
                "stopped": stops.filter(pl.col("subject") == key)["document"].to_list(),
            }
        )  # fmt: skip
    return found


def hold_list(facts: Facts, lineage: Lineage, incident: str) -> dict[str, Any]:
    """The hold list as JSON, with open orders, sums, and the lots that nobody holds."""
    own = lines(facts, incident)
    return {
        "lines": [line.to_dict() for line in own],
        "orders": orders(facts, lineage, incident),
        "sums": sums(own),
        "unheld": unheld(facts, incident),
    }
