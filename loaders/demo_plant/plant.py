"""`generate`: a demo plant, its records as sheets, and its truth kept apart."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from graph_model.errors import BadInput
from graph_model.i18n import text
from graph_model.keys import lot_key_column
from loaders.demo_plant.book import DATES, MILLI, STAMPS, Book, labelled, supplier_lots
from loaders.demo_plant.dirt import soil
from loaders.demo_plant.heat import heat
from loaders.demo_plant.master import add_stock
from loaders.demo_plant.purchasing import add_purchasing
from loaders.demo_plant.simulate import DAY, World, simulate
from loaders.demo_plant.spec import COMPANY, MODELS, Dirt, Model
from loaders.demo_plant.truth import Reach, Truth
from loaders.plant.sheets import SHEETS

C = pl.col
_ZONE = "Asia/Shanghai"
_FEW = 24
_CONE = 40
_HELD = 16
"""So many lots a good incident touches by order, and so many at least in truth."""
_SAMPLE = 20_000
_LOTS_AN_ORDER = 7
_SMALL = 1_000


@dataclass(frozen=True)
class Incident:
    """A supplier lot to ask about, and why (key of the catalogue)."""

    supplier: str
    supplier_lot_no: str
    item_code: str

    def story(self, lang: str | None = None) -> str:
        """What is told about it, in the language in force or `lang`."""
        return text(
            "demo.incident",
            lang,
            supplier=self.supplier,
            number=self.supplier_lot_no,
            item=text(f"demo.item.{self.item_code}", lang),
        )


@dataclass(frozen=True)
class Plant:
    """`sheets` by canonical name; `delays` by source: (late, early) in microseconds.

    `delays` is empty when nobody confirmed them. `untraceable`: kind of deviation and the lots,
    as labelled, into which it brought material without leaving any trace in the records.
    """

    sheets: dict[str, pl.DataFrame]
    truth: Truth
    incident: Incident
    delays: dict[str, tuple[int, int]]
    untraceable: list[tuple[str, list[str]]]
    lots: int

    def write(self, folder: Path) -> None:
        """The sheets as UTF-8 CSV files in a folder, made if need be."""
        folder.mkdir(parents=True, exist_ok=True)
        for name, frame in self.sheets.items():
            frame.write_csv(folder / f"{name}.csv")


def generate(
    lots: int,
    seed: int,
    dirt: Dirt | None = None,
    kind: str = "food",
    confirm_delays: bool = True,
    exact: float = 0.0,
    *,
    heated: bool = False,
) -> Plant:
    """A plant of `lots` lots (within about a tenth from a hundred on), the same for the same seed.

    `dirt` is `Dirt.default()` when not given. `exact`: share of the orders whose issues name the
    output they are for. `heated`: heat steps kill germs, and the truth knows where (see `heat`).
    Raises BadInput for an unknown kind, no lots or a seed below 0.
    """
    if kind not in MODELS:
        raise BadInput("demo_kind_unknown", kind=kind, known=", ".join(MODELS))
    if lots < _FEW:
        raise BadInput("demo_too_small", least=_FEW)
    if seed < 0:
        raise BadInput("demo_seed", seed=seed)
    world = _sized(MODELS[kind], _without_renamed(lots), seed)
    book = labelled(world, np.random.default_rng([seed, 1]), exact)
    soil(book, dirt or Dirt.default())
    if heated:
        heat(book)
    add_stock(book)
    add_purchasing(book)
    truth = _truth(book)
    incident = _incident(book, truth)
    sheets = {
        sheet.name: _rendered(book.sheets[sheet.name], sheet.fields)
        for sheet in SHEETS
        if sheet.name in book.sheets
    }
    return Plant(
        sheets=sheets,
        truth=truth,
        incident=incident,
        delays=_delays(book) if confirm_delays else {},
        untraceable=_untraceable(book, truth),
        lots=book.lots.height,
    )


def _without_renamed(lots: int) -> int:
    """How many lots are made and bought; the rest are these under another number or place."""
    return lots - max(min(8, lots // 4), round(lots * 0.043))


def _sized(model: Model, lots: int, seed: int) -> World:
    """A world of the size asked: the number of lots follows from the orders, in steps."""
    tried: dict[int, World] = {}

    def world(orders: int) -> World:
        if orders not in tried:
            tried[orders] = simulate(model, orders, np.random.default_rng([seed, 0]))
        return tried[orders]

    sample = min(lots, _SAMPLE) // _LOTS_AN_ORDER + 1
    orders = max(1, round(sample * lots / world(sample).lots.height))
    for _ in range(6):
        off = world(orders).lots.height / lots
        step = round(orders / off) - orders
        if abs(off - 1) < 0.03 or not step or orders + step in tried:
            break
        orders = max(1, orders + step)
    if abs(world(orders).lots.height / lots - 1) > 0.05 and lots <= _SMALL:
        for near in range(max(1, orders - 2), orders + 3):
            world(near)
    return min(tried.values(), key=lambda world: abs(world.lots.height - lots))


def _rendered(frame: pl.DataFrame, fields: tuple[str, ...]) -> pl.DataFrame:
    """Fields in the sheet's order; times as local text, amounts in units."""

    def local(name: str, form: str) -> pl.Expr:
        time = C(name).cast(pl.Int64).cast(pl.Datetime("us", "UTC"))
        return time.dt.convert_time_zone(_ZONE).dt.strftime(form).alias(name)

    ints = {name for name, dtype in frame.schema.items() if dtype.is_integer()}
    shown = []
    for name in fields:
        if name not in frame.columns or frame[name].null_count() == frame.height:
            continue
        if name in STAMPS and name in ints:
            shown.append(local(name, "%Y-%m-%d %H:%M:%S"))
        elif name in DATES and name in ints:
            shown.append(local(name, "%Y-%m-%d"))
        elif name in MILLI and name in ints:
            shown.append((C(name) / 1000).round(3).alias(name))
        else:
            shown.append(C(name))
    return frame.select(shown)


def _truth(book: Book) -> Truth:
    key = lot_key_column(pl.lit(COMPANY), C("item_code"), C("lot_no"))
    shipped = book.sheets["shipments"].select(lot="_lot", customer="customer_code")
    gone = book.gone.filter(C("party").is_not_null()).select("lot", customer="party")
    return Truth(
        count=book.lots.height,
        parts=book.parts.select("src", "dst", "hidden", *_killing(book.parts)),
        ships=pl.concat([shipped, gone]),
        labels=book.lots.select("lot", key=key),
        supplied=supplier_lots(book.lots),
        residue=book.residue,
    )


def _killing(parts: pl.DataFrame) -> list[pl.Expr]:
    """Where a heat step killed germs; nowhere in a plant without any."""
    return [C("killed") if "killed" in parts.columns else pl.lit(False).alias("killed")]


def _delays(book: Book) -> dict[str, tuple[int, int]]:
    """How far each source's records truly are from what happened.

    When orders began and ended and what hung on lines is noted as it happens.
    """
    found = dict.fromkeys(("work_orders", "equipment_use"), (0, 0))
    for frame in book.sheets.values():
        if "_t" not in frame.columns:
            continue
        day = C("business_date") if "business_date" in frame.columns else pl.lit(None, pl.Int64)
        first, last = pl.coalesce("event_time", day), pl.coalesce("event_time", day + DAY - 1)
        each = frame.group_by("source").agg(
            late=(first - C("_t")).max().fill_null(0).clip(0),
            early=(C("_t") - last).max().fill_null(0).clip(0),
        )
        for source, late, early in each.iter_rows():
            before = found.get(source, (0, 0))
            found[source] = (max(before[0], late), max(before[1], early))
    return dict(sorted(found.items()))


def _untraceable(book: Book, truth: Truth) -> list[tuple[str, list[str]]]:
    by_kind: dict[str, list[int]] = {}
    for kind, lot in book.hidden:
        by_kind.setdefault(kind, []).append(lot)
    return [(kind, sorted(truth.holding(lots))) for kind, lots in sorted(by_kind.items())]


def _incident(book: Book, truth: Truth) -> Incident:
    """The supplier lot of a raw material whose reach by order comes nearest to some dozens."""
    orders, lots = book.orders.height, book.lots.height
    of = book.lots.select(dst="lot", order="order")
    into = book.parts.join(of, on="dst", maintain_order="left")
    issued = into.filter(C("order") >= 0).select("src", "order").unique()
    renamed = into.filter(C("order") < 0)
    made = book.lots.filter(C("order") >= 0)
    src = [issued["src"], made["order"] + lots, renamed["src"]]
    dst = [issued["order"] + lots, made["lot"], renamed["dst"]]
    reach = Reach(pl.concat(src).to_numpy(), pl.concat(dst).to_numpy(), lots + orders)
    bought = supplier_lots(book.lots).join(
        book.sheets["receipts"].select(lot="_lot"), on="lot", how="semi", maintain_order="left"
    )
    raw = [item.code for item in book.model.items if item.kind == "raw"]
    materials = bought.filter(C("item_code").is_in(raw))
    bought = bought if materials.is_empty() else materials
    groups = bought.group_by(
        "supplier_code", "supplier_lot_no", "item_code", maintain_order=True
    ).agg("lot")
    groups = groups.gather_every(max(1, groups.height // 40))

    def off(roots: list[int]) -> int:
        cone = int((reach.from_(np.array(roots, np.int64)) < lots).sum())
        return abs(cone - _CONE) + 3 * max(0, _HELD - len(truth.holding(roots)))

    row = groups.row(int(np.argmin([off(roots) for roots in groups["lot"].to_list()])), named=True)
    return Incident(row["supplier_code"], row["supplier_lot_no"], row["item_code"])
