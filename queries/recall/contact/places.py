"""What came to a place and what left it, for rules that let everything there mix.

An operation that names no place, or only one that the place is part of, may have been there. So may
goods of which a movement does not say where they came from or went to, where the place can store.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import polars as pl

from graph_model.interval import MAX, MIN
from graph_model.lineage import Lineage
from graph_model.network import Facts
from graph_model.schema import Customer, Shipment, Site
from queries.recall.contact.runs import EQUIPMENT, MADE_ON_LINES
from queries.recall.roots import within

SIDE = {"lot": pl.Int64, "t0": pl.Int64, "t1": pl.Int64, "bound": pl.Int64}
"""Lots, by number in the plant, and between which moments (microseconds UTC) each moved. `bound` is
until when what came may have left residue, or since when what left may have taken it on."""
_THERE, _PERHAPS = "there", "perhaps"
NETWORK = "network"
"""Source of movements of a delivery network."""


@dataclass(frozen=True)
class Traffic:
    """`into` and `out`, as SIDE, and `unplaced`: keys of what counts as there for want of a place.

    `known` is false where no record names the place.
    """

    into: pl.DataFrame
    out: pl.DataFrame
    unplaced: list[str]
    known: bool = True


NO_TRAFFIC = Traffic(pl.DataFrame(schema=SIDE), pl.DataFrame(schema=SIDE), [], known=False)


@dataclass(frozen=True)
class Movements:
    """The plant's movements as they pass places."""

    facts: Facts
    lineage: Lineage

    def at(self, place: str, *, stores: bool) -> Traffic:
        """What passed a place, by code, key or company code; `stores`: goods may lie there."""
        sites = self.facts[Site]
        inside = within(self.facts, place)
        own = sites.filter(pl.col("key").is_in(inside))
        companies = set(inside and own["key"].str.split("/").list.first())
        whole = place in self._companies
        if not inside and not whole:
            return NO_TRAFFIC
        companies |= {place} if whole else set()
        named = sites.filter((pl.col("key") == place) | (pl.col("site_code") == place))
        stores &= whole or not named["kind"].is_in(EQUIPMENT).fill_null(False).all()
        around = set(named["key"]) | _above(sites, named["parent"])
        there = _Place(companies, inside, sorted(around - set(inside)), whole, stores)
        return self._passed(there, place)

    def received(self, lots: pl.DataFrame) -> pl.DataFrame:
        """SIDE of what arrived by shipment, from `lot`, `shipment`, `t0`, `t1` of its lines."""
        about = self.facts[Shipment].select(
            shipment="key",
            begin=pl.coalesce("arrival_earliest", "ship_earliest"), end="arrival_latest",
        )  # fmt: skip
        rows = lots.join(about, on="shipment", how="left")
        # A line whose own time is unbounded has a source that nobody vouches for.
        return rows.select(
            pl.col("lot").cast(pl.Int64),
            t0=pl.when(pl.col("t0") > MIN).then("begin").fill_null(MIN),
            t1=pl.when(pl.col("t1") < MAX).then("end").fill_null(MAX),
            bound=pl.lit(MAX, pl.Int64),
        )

    def _passed(self, there: _Place, place: str) -> Traffic:
        lineage, where = self.lineage, self._where(there)
        used = _moves(lineage.consumed, where, "from_place")
        given = pl.concat(
            [_moves(frame, where, "to_place") for frame in (lineage.produced, lineage.returned)]
        )
        sent = self._sent.with_columns(place="from_place", where=pl.lit(None, pl.String))
        sent = sent.with_columns(ours=pl.col("company").is_in(sorted(there.companies)))
        recipients = self.facts[Customer].filter(pl.col("company") == place)["key"]
        came = self._sent.filter(pl.col("customer").is_in(recipients.implode()))
        member = pl.col("where").is_not_null()
        here = pl.col("ours") & pl.col("rule").is_null() & there.holds(pl.col("place"))
        here &= pl.lit(there.stores)
        stays = given.filter(here & ~pl.col("lot").is_in(self._delivered.implode()))
        lying = stays.filter(~pl.col("lot").is_in(self._gone.implode()))
        since, until = (pl.lit(moment, pl.Int64) for moment in (MIN, MAX))
        into = [used.filter(member).with_columns(bound="t1"), stays.with_columns(bound=until)]
        out = [
            given.filter(member).with_columns(bound="t0"),
            used.filter(~member & here).with_columns(bound=since),
            sent.filter(here).with_columns(bound=since),
            lying.with_columns(t1=until, bound="t0"),
        ]
        doubt = (
            pl.when(member).then(pl.col("where") == _PERHAPS).otherwise(pl.col("place").is_null())
        )
        lost = pl.concat([part.filter(doubt).select("key") for part in (*into, *out)])["key"]
        lost = lost.clear() if there.whole else lost.unique().sort()
        return Traffic(_side([*into, self.received(came)]), _side(out), lost.to_list())

    @cached_property
    def _delivered(self) -> pl.Series:
        """Lots of a delivery network: each is one delivery, and lay nowhere before it."""
        return self.lineage.shipped.filter(pl.col("source") == NETWORK)["lot"].unique()

    @cached_property
    def _gone(self) -> pl.Series:
        """Lots of which all that came was used or sent, by amounts in one unit."""
        lineage = self.lineage
        came = _sums([lineage.produced, lineage.returned])
        left = _sums([lineage.consumed, lineage.shipped])
        both = came.join(left, on=["lot", "uom"], suffix="_left")
        return both.filter(pl.col("quantity_left") >= pl.col("quantity"))["lot"]

    def _where(self, there: _Place) -> pl.DataFrame:
        """op, ours, where: whether each operation was there, perhaps, or (null) surely not."""
        lineage, inside = self.lineage, pl.Series(there.inside, dtype=pl.String)
        about = lineage.operations.select(
            "key", "kind", "order", "site", "rule", op=pl.int_range(pl.len(), dtype=pl.Int32)
        )
        orders = about.select(order="key", _site="site")
        about = about.join(orders, on="order", how="left", maintain_order="left").with_columns(
            site=pl.coalesce("site", "_site"), ours=pl.col("key").str.split("/").list.first()
        )
        ours = pl.col("ours").is_in(sorted(there.companies))
        through = pl.concat(
            [
                frame.filter(pl.col(side).is_in(inside.implode())).select("op")
                for frame, side in (
                    (lineage.consumed, "from_place"),
                    (lineage.produced, "to_place"),
                )
            ]
        ).unique()
        equipped = (
            pl.lit(value=False) if there.stores else pl.col("op").is_in(through["op"].implode())
        )
        surely = pl.col("site").is_in(inside.implode()).fill_null(False) | equipped
        surely |= ours & there.whole
        vague = pl.col("site").is_null() | pl.col("site").is_in(there.around)
        able = pl.col("kind").is_in(MADE_ON_LINES) | there.stores
        perhaps = ours & vague & able
        return about.filter(pl.col("rule").is_null()).select(
            "op", ours=ours,
            where=pl.when(surely).then(pl.lit(_THERE)).when(perhaps).then(pl.lit(_PERHAPS)),
        )  # fmt: skip

    @cached_property
    def _sent(self) -> pl.DataFrame:
        """Lines of shipments with company and customer."""
        about = self.facts[Shipment].select("company", "customer", shipment="key")
        return self.lineage.shipped.join(about, on="shipment", how="left", maintain_order="left")

    @cached_property
    def _companies(self) -> frozenset[str]:
        owners = self.lineage.lots["owner"].unique()
        return frozenset([*owners, *self.facts[Customer]["company"].drop_nulls()]) - {""}


@dataclass(frozen=True)
class _Place:
    companies: set[str]
    inside: list[str]
    """Keys of the place and its parts."""
    around: list[str]
    """Keys of the places that it is part of."""
    whole: bool
    """It is a whole company."""
    stores: bool

    def holds(self, column: pl.Expr) -> pl.Expr:
        """Whether what a movement names, if anything, may be this place."""
        if self.whole:
            return pl.lit(value=True)
        return column.is_null() | column.is_in([*self.inside, *self.around])


def _above(sites: pl.DataFrame, parents: pl.Series) -> set[str]:
    """Keys of these places and of all that they are part of."""
    found: set[str] = set()
    fresh = set(parents.drop_nulls())
    while fresh:
        found |= fresh
        fresh = set(sites.filter(pl.col("key").is_in(sorted(fresh)))["parent"].drop_nulls()) - found
    return found


def _sums(flows: list[pl.DataFrame]) -> pl.DataFrame:
    """lot, uom, quantity of recorded movements, where all of a lot are known and in one unit."""
    parts = []
    for frame in flows:
        rows = frame.filter(pl.col("rule").is_null()) if "rule" in frame.columns else frame
        parts.append(rows.select("lot", "uom", "quantity"))
    unknown = (pl.col("quantity").is_null() | pl.col("uom").is_null()).any()
    found = pl.concat(parts).group_by("lot").agg(
        pl.col("uom").first(), pl.col("quantity").sum(), one=pl.col("uom").n_unique() == 1,
        unknown=unknown,
    )  # fmt: skip
    return found.filter(pl.col("one") & ~pl.col("unknown")).select("lot", "uom", "quantity")


def _moves(flows: pl.DataFrame, where: pl.DataFrame, side: str) -> pl.DataFrame:
    rule = "rule" if "rule" in flows.columns else pl.lit(None, pl.String).alias("rule")
    rows = flows.select("key", "op", "lot", "t0", "t1", rule, place=side)
    return rows.join(where, on="op", maintain_order="left")


def _side(parts: list[pl.DataFrame]) -> pl.DataFrame:
    rows = [part.select(pl.col(name).cast(kind) for name, kind in SIDE.items()) for part in parts]
    return pl.concat(rows).unique(maintain_order=True)
