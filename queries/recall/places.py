"""Where the amounts of lots are: on hand, in process, picked, in transit, shipped, returned, gone.

One row a lot, place and party. Book stock comes from the last stock statement of a lot, or else
from its movements. A lot whose book stock is zero is still searched for. What was consumed lives
on in its outputs and is not counted again.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from graph_model.derived import ends, links
from graph_model.lineage import Index, Lineage, Rows, once, spans
from graph_model.quantity import DECIMALS
from queries.recall.units import in_one_unit

ON_HAND, IN_PROCESS, PICKED, IN_TRANSIT, SHIPPED, RETURNED, CONSUMED, SCRAPPED, SEARCH = (
    "on_hand", "in_process", "picked", "in_transit", "shipped", "returned", "consumed",
    "scrapped", "search",
)  # fmt: skip
ACTIVE = (ON_HAND, IN_PROCESS, PICKED, IN_TRANSIT, SHIPPED, RETURNED)
"""Places where there is something to act on; only these are priced."""
_COLUMNS = ("lot", "op", "site", "quantity", "uom", "rule")
_MADE = (*_COLUMNS, "key", "output_kind")


@dataclass(frozen=True)
class Holdings:
    """Where the recorded lots of a plant are, and how much there is of each.

    `located`: lot (number), place, at (site or party key), quantity in the lot's unit, unknown
    (number of records behind it that state no amount), by lot; the rows of lot i are
    `first[i]:first[i + 1]`. `amounts`: quantity, uom; row i is lot i.
    """

    located: pl.DataFrame
    first: Index
    amounts: pl.DataFrame

    def rows(self, lots: Index) -> Index:
        """Rows of `located` of these lots."""
        return spans(self.first[lots], self.first[lots + 1])[0]


@once
def holdings(lineage: Lineage) -> Holdings:
    """Places and amounts of every recorded lot."""
    lots = np.flatnonzero(lineage.recorded)
    lineage, vague = in_one_unit(lineage)
    located = _find(lineage, lots).sort("lot", maintain_order=True)
    first = np.searchsorted(located["lot"].to_numpy(), np.arange(len(lineage.lots) + 1))
    every = pl.DataFrame({"lot": pl.int_range(len(lineage.lots), dtype=pl.Int64, eager=True)})
    amounts = every.join(_amounts(lineage, lots), on="lot", how="left", maintain_order="left")
    # The sum of what converts would be less than there is.
    told = ~pl.col("lot").is_in(vague.implode())
    amounts = amounts.with_columns(quantity=pl.when(told).then("quantity"))
    return Holdings(located, first, amounts.drop("lot"))


def _find(lineage: Lineage, lots: Index) -> pl.DataFrame:
    heads = lineage.operations.select("kind", "status")
    used = _rows(lineage.consumed, lineage.uses, lots)
    used = pl.concat([used, heads[used["op"]]], how="horizontal")
    made = _rows(lineage.produced, lineage.origins, lots, _MADE)
    made = made.with_columns(
        kind=heads["kind"][made["op"]], ended=ends.ended(_sent_keys(lineage, made))
    )
    sent = _shipped(lineage, lots)
    parts = [_on_hand(lineage, lots, used, made, sent), sent]
    is_order = pl.col("kind").is_in(["produce", "rework"])
    in_process = used.filter(is_order & (pl.col("status") != "closed").fill_null(True))
    back = _rows(lineage.returned, lineage.given_back, lots)
    parts.append(
        _placed(_still_there(in_process, pl.concat([made, back], how="diagonal")), IN_PROCESS)
    )
    parts.append(_placed(used.filter(pl.col("kind") == "scrap"), SCRAPPED))
    parts.append(_placed(made.filter("ended"), SCRAPPED))
    done = is_order & (pl.col("status") == "closed").fill_null(False)
    eaten = used.filter(done | pl.col("kind").is_in(["merge", "fill", "split", "rename"]))
    parts.append(_placed(eaten, CONSUMED))
    parts.append(_placed(made.filter(pl.col("kind") == "return"), RETURNED))
    return (
        pl.concat(parts)
        .group_by("lot", "place", "at", maintain_order=True)
        .agg(pl.col("quantity").sum().round(DECIMALS), pl.col("unknown").sum())
    )


def _sent_keys(lineage: Lineage, made: pl.DataFrame) -> pl.Series:
    """Keys of shipment lines of lots that gave scrap or samples."""
    kind = pl.col("output_kind").is_in(["scrap", "sample"]).fill_null(False)
    lots = made.filter(kind)["lot"].unique().to_numpy().astype(np.int64)
    return lineage.shipped["key"][lineage.sent.at(lots)]


def _amounts(lineage: Lineage, lots: Index) -> pl.DataFrame:
    """lot, quantity, uom: what was made or received of each lot (or else stated, stocked, used).

    Null where a line of what was made has no amount, and the lot states none: it bounds nothing.
    """
    made = _rows(lineage.produced, lineage.origins, lots)
    kinds = lineage.operations["kind"]
    made = made.filter(~kinds[made["op"]].is_in(["transfer", "return"]))
    out = _rows(lineage.consumed, lineage.uses, lots)
    out = out.filter(~kinds[out["op"]].is_in(["transfer"]))
    sent = _rows(lineage.shipped, lineage.sent, lots)
    stock = _rows(lineage.stock, lineage.stocked, lots)

    def total(frame: pl.DataFrame, name: str) -> pl.DataFrame:
        return frame.group_by("lot").agg(
            pl.col("quantity").sum().round(DECIMALS).alias(name),
            pl.col("uom").drop_nulls().first().alias(f"u{name}"),
            pl.col("quantity").has_nulls().alias(f"holes_{name}"),
        )

    base = pl.DataFrame(
        {
            "lot": lots,
            "stated": lineage.lots["quantity"][lots],
            "ustated": lineage.lots["uom"][lots],
        },
        schema_overrides={"lot": pl.Int64},
    )
    sums = [
        total(made, "made"),
        total(pl.concat([f.select("lot", "quantity", "uom") for f in (out, sent, stock)]), "seen"),
    ]
    for frame in sums:
        base = base.join(frame.with_columns(pl.col("lot").cast(pl.Int64)), on="lot", how="left")
    # What was made is known only where every line of it says how much.
    whole = ~pl.col("holes_made").fill_null(False)
    made_, seen_ = ((pl.col(name) > 0) & whole for name in ("made", "seen"))
    return base.select(
        "lot",
        quantity=pl.coalesce(pl.when(made_).then("made"), "stated", pl.when(seen_).then("seen")),
        uom=pl.coalesce("umade", "ustated", "useen"),
    )


def _rows(
    frame: pl.DataFrame, rows: Rows, lots: Index, columns: tuple[str, ...] = _COLUMNS
) -> pl.DataFrame:
    # Few columns: gathering text for many rows costs more than all that follows.
    found = frame.select(name for name in columns if name in frame.columns)[rows.at(lots)]
    if "rule" not in found.columns:
        return found
    return found.filter(pl.col("rule").is_null() | (pl.col("rule") == links.PACKED))


def _still_there(taken: pl.DataFrame, given: pl.DataFrame) -> pl.DataFrame:
    """What orders took of lots, less what they gave back of the same lots."""
    both = ["op", "lot"]
    back = given.join(taken.select(both).unique(), on=both, how="semi")
    lines = [taken.select(*both, "quantity"), back.select(*both, quantity=-pl.col("quantity"))]
    rest = (
        pl.concat(lines)
        .group_by(both, maintain_order=True)
        .agg(
            # What is left of an unknown amount, or less an unknown one, is not known.
            pl.when(~pl.col("quantity").has_nulls()).then(pl.col("quantity").sum().round(DECIMALS))
        )
    )
    return rest.filter((pl.col("quantity") > 1e-9) | pl.col("quantity").is_null())


def _placed(frame: pl.DataFrame, place: str, at: str | None = None) -> pl.DataFrame:
    return frame.select(
        pl.col("lot").cast(pl.Int64),
        place=pl.lit(place),
        at=pl.col(at).fill_null("") if at else pl.lit(""),
        **_amount(),
    )


def _amount() -> dict[str, pl.Expr]:
    """A quantity, and whether it is unknown."""
    stated = pl.col("quantity")
    return {"quantity": stated.fill_null(0.0), "unknown": stated.is_null().cast(pl.UInt32)}


def _on_hand(
    lineage: Lineage, lots: Index, used: pl.DataFrame, made: pl.DataFrame, sent: pl.DataFrame
) -> pl.DataFrame:
    stock = _rows(lineage.stock, lineage.stocked, lots)
    stated = stock.filter(pl.col("quantity") > 0)
    zero = stock.group_by("lot").agg(pl.col("quantity").sum()).filter(pl.col("quantity") <= 0)
    stated = stock.filter((pl.col("quantity") > 0) | pl.col("quantity").is_null())
    zero = zero.join(stated, on="lot", how="anti")
    balance = _balance(lineage, lots, used, made)
    stated = _without_picked(stated, balance, sent.filter(pl.col("place") == PICKED))
    balance = balance.join(
        stock.select(pl.col("lot").cast(pl.Int64)).unique(), on="lot", how="anti"
    )
    there = (pl.col("quantity") > 1e-9) | (pl.col("unknown") > 0)
    at = {"place": pl.lit(ON_HAND), "at": pl.lit("")}
    empty = balance.filter(~there).with_columns(quantity=pl.lit(0.0))
    return pl.concat(
        [
            _placed(stated, ON_HAND, "site"),
            balance.filter(there).select(
                "lot", **at, quantity=pl.max_horizontal("quantity", pl.lit(0.0)), unknown="unknown"
            ),
            _placed(zero, SEARCH),
            _placed(empty, SEARCH),
        ]
    )


def _without_picked(
    stated: pl.DataFrame, balance: pl.DataFrame, picked: pl.DataFrame
) -> pl.DataFrame:
    """Stock without goods that were picked and are still counted.

    Only as far as the movements say that there cannot be both: what came less what went bounds
    what is there. Where an amount is unknown, or more was counted than that, both stand.
    """
    out = picked.group_by("lot").agg(picked=pl.col("quantity").sum(), odd=pl.col("unknown").sum())
    rest = balance.join(out.filter(pl.col("odd") == 0), on="lot").filter(pl.col("unknown") == 0)
    # The balance has taken off what was picked.
    rest = rest.select("lot", "picked", there=pl.col("quantity") + pl.col("picked"))
    counted = pl.col("quantity").sum().over("lot")
    whole = ~pl.col("quantity").is_null().any().over("lot")
    rows = stated.with_columns(pl.col("lot").cast(pl.Int64), _order=pl.int_range(pl.len()))
    rows = rows.join(rest, on="lot", how="left").with_columns(counted=counted)
    fits = whole & (pl.col("counted") <= pl.col("there") + 1e-9)
    twice = (pl.col("counted") + pl.col("picked") - pl.col("there")).clip(0, None)
    twice = pl.when(fits).then(pl.min_horizontal(twice, "picked", "counted")).fill_null(0.0)
    left = (pl.col("quantity") * (1 - twice / pl.col("counted"))).round(DECIMALS)
    kept = pl.when(twice > 0).then(left).otherwise("quantity")
    rows = rows.with_columns(quantity=kept, gone=(twice > 0) & (left <= 0)).sort("_order")
    return rows.filter(~pl.col("gone")).select(stated.columns)


def _balance(lineage: Lineage, lots: Index, used: pl.DataFrame, made: pl.DataFrame) -> pl.DataFrame:
    """Made and given back less used and shipped, for lots that no stock statement covers.

    `unknown` lines count only for lots that came in: of others nothing says that any is there.
    """
    back = _rows(lineage.returned, lineage.given_back, lots)
    sent = _rows(lineage.shipped, lineage.sent, lots)
    # What customers returned lies where returns lie: it neither left nor came to the stock.
    returns = pl.col("kind") == "return"
    came = made.filter(~returns & ~pl.col("ended"))
    gone = [used.filter(~returns), sent]
    lines = pl.concat(
        [
            came.select("lot", "quantity", came=pl.lit(True)),
            back.select("lot", "quantity", came=pl.lit(False)),
        ]
        + [f.select("lot", quantity=-pl.col("quantity"), came=pl.lit(False)) for f in gone]
    )
    unknown = pl.col("quantity").is_null().sum()
    return lines.group_by(pl.col("lot").cast(pl.Int64), maintain_order=True).agg(
        pl.col("quantity").sum().round(DECIMALS),
        unknown=pl.when(pl.col("came").any()).then(unknown).otherwise(0),
    )


def _shipped(lineage: Lineage, lots: Index) -> pl.DataFrame:
    sent = shipped_lines(lineage, lots)
    status = pl.col("status").fill_null("shipped")
    place = (
        pl.when(status.is_in(["planned", "picked"]))
        .then(pl.lit(PICKED))
        .when(pl.col("kind").is_in(["scrap", "sample"]).fill_null(False))
        .then(pl.lit(SCRAPPED))
        .when(status == "in_transit")
        .then(pl.lit(IN_TRANSIT))
        .otherwise(pl.lit(SHIPPED))
    )
    return sent.select(
        pl.col("lot").cast(pl.Int64),
        place=place,
        at=pl.col("customer").fill_null(""),
        **_amount(),
    )


def shipped_lines(lineage: Lineage, lots: Index) -> pl.DataFrame:
    """Shipment lines of the lots with the shipment's number, customer, kind and status.

    `doubtful`: a draft, a proposed lot, or a line that only a rule derived.
    """
    heads = lineage.shipments.select(
        "delivery_no", "customer", "kind", "status", "ship_earliest", shipment="key"
    )
    columns = ("lot", "shipment", "quantity", "uom", "rule", "doubtful")
    lines = lineage.shipped.select(columns)[lineage.sent.at(lots)]
    return lines.join(heads, on="shipment", how="left", maintain_order="left")
