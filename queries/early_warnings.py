"""Early warnings from what is recorded anyway; each names its statistic and its limit."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass

import numpy as np
import polars as pl
import scipy

from graph_model.i18n import date_text, text
from graph_model.lineage import Lineage
from graph_model.network import Facts
from graph_model.schema import Lot
from queries import balance, scorecard
from queries.recall import places
from queries.recall.exposure import Exposure

KINDS = (
    "expires", "expired_in_product", "dispersion", "no_origin", "balance", "balance_drift",
    "supplier_fails_more",
)  # fmt: skip
DAY = scorecard.DAY
EXPIRES = 30  # days
RECENT = 90  # days
CHANCE = 0.05  # of one false alarm among all suppliers or items tested at a time
FENCE = 3.0  # Tukey's outer fence
LEAST_LOTS, LEAST_MONTHS = 8, 6


@dataclass(frozen=True)
class EarlyWarning:
    """One warning: what it is about, the value seen, the limit it passes, and the statistic."""

    kind: str
    subject: str
    value: float | None
    limit: float | None
    statistic: str
    also: str = ""

    def to_dict(self) -> dict[str, object]:
        """As JSON, with the warning in words."""
        words = text(
            f"warning.{self.kind}", subject=self.subject, also=self.also,
            value="" if self.value is None else f"{self.value:g}",
            limit="" if self.limit is None else f"{self.limit:g}",
        )  # fmt: skip
        return asdict(self) | {"text": words}


def warnings(
    facts: Facts, lineage: Lineage, found: Exposure, *, now: int | None = None
) -> list[EarlyWarning]:
    """All warnings by kind and subject. `now`: µs UTC, the machine's clock when not given."""
    moment = time.time_ns() // 1000 if now is None else now
    every = (
        _expires(facts, lineage, moment), _expired_in_product(facts, lineage, moment),
        _dispersed(found), _no_origin(lineage), _off(facts, lineage), _drift(facts, lineage),
        _failing(facts, lineage, moment),
    )  # fmt: skip
    return [sign for signs in every for sign in sorted(signs, key=lambda one: one.subject)]


def _expires(facts: Facts, lineage: Lineage, now: int) -> Iterator[EarlyWarning]:
    """Lots on hand whose last day of use is near or over."""
    located = places.holdings(lineage).located.filter(
        (pl.col("place") == places.ON_HAND) & (pl.col("quantity") > 0)
    )
    keys = pl.DataFrame({"key": lineage.lots["key"][located["lot"].unique()]})
    due = facts[Lot].select("key", "expiry_date").drop_nulls().join(keys, on="key")
    for key, date in due.filter(pl.col("expiry_date") < now + EXPIRES * DAY).iter_rows():
        yield EarlyWarning(
            "expires", key, round((date - now) / DAY, 1), EXPIRES, "days", date_text(date)
        )


def _expired_in_product(facts: Facts, lineage: Lineage, now: int) -> Iterator[EarlyWarning]:
    """Lots that were surely issued after their last day of use, into products still in date."""
    dates = facts[Lot].select("key", "expiry_date")
    ends = lineage.lots.select("key").join(dates, on="key", how="left", maintain_order="left")
    expiry = ends["expiry_date"]
    used = lineage.consumed.filter(pl.col("rule").is_null() & pl.col("earliest").is_not_null())
    used = used.select("op", "lot", "earliest").with_columns(expiry=expiry[used["lot"]])
    late = used.filter(pl.col("earliest") > pl.col("expiry") + DAY)
    made = lineage.produced.filter(pl.col("rule").is_null()).select("op", product="lot")
    made = made.join(late, on="op")
    made = made.with_columns(until=expiry[made["product"]])
    fresh = made.filter(pl.col("until").fill_null(now + 1) > now)
    days = ((pl.col("earliest") - pl.col("expiry")) / DAY).max()
    for lot, product, over in fresh.group_by("lot", "product").agg(days).iter_rows():
        keys = lineage.lots["key"]
        yield EarlyWarning(
            "expired_in_product", keys[lot], round(over, 1), 0, "days", keys[product]
        )


def _dispersed(found: Exposure) -> Iterator[EarlyWarning]:
    """Suppliers' lots in far more finished lots than others of their item."""
    spread = pl.col("finished")
    low, high = spread.quantile(0.25), spread.quantile(0.75)
    # Where most lots spread alike, one lot more or less is no outlier.
    fence = (high + FENCE * (high - low).clip(1)).over("item")
    rows = found.lots.with_columns(fence=fence, alike=pl.len().over("item"))
    rows = rows.filter((pl.col("alike") >= LEAST_LOTS) & (spread > pl.col("fence")))
    for key, value, limit in rows.select("key", "finished", "fence").iter_rows():
        yield EarlyWarning(
            "dispersion", key, value, round(limit, 1), "Tukey outer fence, Q3 + 3 IQR"
        )


def _no_origin(lineage: Lineage) -> Iterator[EarlyWarning]:
    """Recorded lots that were used, and that nothing brought in."""
    rows = pl.concat([lineage.lots, lineage.births], how="horizontal")
    brought = np.zeros(len(lineage.lots), dtype=bool)
    brought[lineage.produced.filter(pl.col("rule").is_null())["lot"].to_numpy()] = True
    bare = pl.Series(~brought)
    rows = rows.filter(
        bare & pl.col("rule").is_null() & pl.col("source_lot_id").is_null()
        & pl.col("used") & ~pl.col("received") & ~pl.col("made")
    )  # fmt: skip
    for key in rows["key"]:
        yield EarlyWarning("no_origin", key, None, None, "")


def _off(facts: Facts, lineage: Lineage) -> Iterator[EarlyWarning]:
    """Lots of which more is unexplained than their item tolerates."""
    rows = balance.balances(facts, lineage).filter(balance.is_off())
    for lot, share, limit in rows.select("lot", "share", "tolerance").iter_rows():
        key = lineage.lots["key"][lot]
        yield EarlyWarning("balance", key, share, limit, "share unexplained of what came")


def _drift(facts: Facts, lineage: Lineage) -> Iterator[EarlyWarning]:
    """Items whose unexplained share grows month by month (Kendall's tau, one-sided)."""
    born = pl.DataFrame(
        {
            "lot": pl.int_range(len(lineage.lots), dtype=pl.Int64, eager=True),
            "month": pl.from_epoch(lineage.births["born_earliest"], "us").dt.strftime("%Y-%m"),
        }
    )
    lots = balance.balances(facts, lineage).join(born, on="lot").drop_nulls()
    months = lots.group_by("item", "month").agg(pl.col("share").abs().mean()).sort("item", "month")
    series = [
        (str(item), rows["share"].to_numpy())
        for (item,), rows in months.partition_by("item", as_dict=True).items()
        if len(rows) >= LEAST_MONTHS and rows["share"].n_unique() > 1
    ]
    for item, shares in series:
        test = scipy.stats.kendalltau(np.arange(len(shares)), shares, alternative="greater")
        if test.pvalue * len(series) <= CHANCE:
            yield EarlyWarning(
                "balance_drift", item, float(f"{test.pvalue:.3g}"), CHANCE / len(series),
                "Kendall's tau, one-sided, Bonferroni",
            )  # fmt: skip


def _failing(facts: Facts, lineage: Lineage, now: int) -> Iterator[EarlyWarning]:
    """Suppliers whose lots of the last days fail more than their earlier ones (Fisher's test)."""
    lots = scorecard.inspections(facts, lineage).drop_nulls("at")
    recent = pl.col("at") >= now - RECENT * DAY
    failed = pl.col("failed")
    tables = lots.group_by("supplier").agg(
        new_failed=(failed & recent).sum(), new=recent.sum(),
        old_failed=(failed & ~recent).sum(), old=(~recent).sum(),
    ).filter((pl.col("new") > 0) & (pl.col("old") > 0))  # fmt: skip
    for supplier, new_failed, new, old_failed, old in tables.iter_rows():
        table = np.array([[new_failed, new - new_failed], [old_failed, old - old_failed]])
        chance = float(scipy.stats.fisher_exact(table, alternative="greater").pvalue)
        if chance * len(tables) <= CHANCE:
            counts = f"{new_failed}/{new}, {old_failed}/{old}"
            yield EarlyWarning(
                "supplier_fails_more", supplier, float(f"{chance:.3g}"), CHANCE / len(tables),
                "Fisher's exact test, one-sided, Bonferroni", counts,
            )  # fmt: skip
