"""Amounts and their units: UNECE Rec 20 codes and common words to one canonical unit.

Physical units convert by `pint`; packs by the item's own table. What is not known has no factor:
null, never a guess. Amounts are rounded to six places.
"""

from __future__ import annotations

import unicodedata
from functools import cache

import pint
import polars as pl

DECIMALS = 6

# canonical unit: (expression for pint, words that mean it). "jin" is the market pound, 0.5 kg.
_UNITS: dict[str, tuple[str, str]] = {
    "kg": ("kilogram", "kgm kgs kilo kilogram kilograms 公斤 千克"),
    "g": ("gram", "grm gram grams gm 克"),
    "mg": ("milligram", "mgm milligram milligrams 毫克"),
    "t": ("tonne", "tne ton tons tonne tonnes 吨 公吨"),
    "jin": ("0.5 kilogram", "斤 市斤"),
    "lb": ("pound", "lbr lbs pound pounds 磅"),
    "oz": ("ounce", "onz ounce ounces 盎司"),
    "L": ("liter", "l ltr litre litres liter liters 升 公升"),
    "mL": ("milliliter", "ml mlt millilitre milliliter millilitres milliliters 毫升"),
    "m3": ("meter ** 3", "mtq m³ cbm 立方 立方米 方"),
    "m": ("meter", "mtr meter meters metre metres 米 公尺"),
    "cm": ("centimeter", "cmt centimeter centimetre 厘米 公分"),
    "mm": ("millimeter", "mmt millimeter millimetre 毫米"),
    "km": ("kilometer", "kmt kilometer kilometre 公里 千米"),
    "m2": ("meter ** 2", "mtk m² sqm 平方 平方米 平米"),
    "pcs": (
        "",
        "c62 ea pc pce pcs piece pieces each unit units h87 nar 个 件 只 支 片 块 根 颗 枚",
    ),
    "pair": ("", "pr pair pairs 双 对"),
    "set": ("", "set sets 套 组"),
    "box": ("", "bx xbx ct xct cs xcs boxes carton cartons ctn case cases 箱"),
    "small_box": ("", "盒"),
    "bag": ("", "bg xbg bag bags sack 袋 包"),
    "drum": ("", "dr xdr drum drums barrel 桶"),
    "bottle": ("", "bo xbo bottle bottles 瓶"),
    "can": ("", "ca xca can cans tin 罐 听"),
    "roll": ("", "ro xro roll rolls reel reels 卷 盘"),
    "pallet": ("", "px xpx pallet pallets 托 托盘 板"),
    "pack": ("", "pk xpk pa xpa pack packs packet 捆 扎"),
}
_WORDS = {
    word: unit for unit, (_, words) in _UNITS.items() for word in (unit.lower(), *words.split())
}
_BULK = frozenset(unit for unit, (physical, _) in _UNITS.items() if physical)


@cache
def _registry() -> pint.UnitRegistry[float]:
    return pint.UnitRegistry()


@cache
def canonical_unit(text: str | None) -> str | None:
    """The unit that a code or word means; None when it is not known."""
    if text is None:
        return None
    word = unicodedata.normalize("NFKC", text).strip().rstrip(".").lower()
    return _WORDS.get(word) or _WORDS.get(text.strip())


@cache
def factor(from_uom: str | None, to_uom: str | None) -> float | None:
    """How many `to_uom` one `from_uom` is; None when they cannot be converted.

    Two unknown units convert when they are the same text.
    """
    if from_uom is None or to_uom is None:
        return None
    source, target = canonical_unit(from_uom), canonical_unit(to_uom)
    if source is None or target is None:
        return 1.0 if from_uom.strip() == to_uom.strip() != "" else None
    if source == target:
        return 1.0
    if source not in _BULK or target not in _BULK:
        return None
    quantity: pint.Quantity[float] = _registry().Quantity(_UNITS[source][0])
    try:
        return float(quantity.to(_UNITS[target][0].removeprefix("0.5 ")).magnitude) * (
            2.0 if target == "jin" else 1.0
        )
    except pint.DimensionalityError:
        return None


_CODES = {
    "kg": "KGM", "g": "GRM", "mg": "MGM", "t": "TNE", "lb": "LBR", "oz": "ONZ", "L": "LTR",
    "mL": "MLT", "m3": "MTQ", "m": "MTR", "cm": "CMT", "mm": "MMT", "km": "KMT", "m2": "MTK",
    "pcs": "EA", "pair": "PR", "set": "SET", "box": "XBX", "bag": "XBG", "drum": "XDR",
    "bottle": "XBO", "can": "XCA", "roll": "XRO", "pallet": "XPX", "pack": "XPK",
}  # fmt: skip


@cache
def unece_code(text: str | None) -> str | None:
    """The UNECE Rec 20 or 21 code of a unit; None where it has none, or is not known."""
    return _CODES.get(canonical_unit(text) or "")


@cache
def is_bulk(uom: str | None) -> bool | None:
    """True: it flows and is measured; False: it is counted; None: the unit is not known."""
    unit = canonical_unit(uom)
    return None if unit is None else unit in _BULK


def item_factor(
    uom: str | None, base: str | None, pack: str | None, units_per_pack: float | None
) -> float | None:
    """How many of the item's stock unit one `uom` is, by physics or by the item's pack."""
    if base is None:
        return None
    if uom is None:
        return 1.0
    # The item's table comes first: words for pieces and packs overlap (24 片 in a 件).
    if pack is not None and units_per_pack and pack.strip() != base.strip():
        packs = 1.0 if uom.strip() == pack.strip() else None
        if packs is None and canonical_unit(pack) != canonical_unit(base):
            packs = factor(uom, pack) if factor(uom, base) is None else None
        if packs is not None:
            return packs * units_per_pack
    return factor(uom, base)


def to_item_unit(frame: pl.DataFrame, items: pl.DataFrame) -> pl.DataFrame:
    """Adds `amount`: `quantity` in the stock unit of `item`, null where it cannot be converted.

    A row without a unit is in the item's stock unit. An item that states no stock unit has no
    amounts: frames converted apart must never end in different units. Rows and order stay.
    """
    units = items.select(
        pl.col("key").alias("item"), "pack_uom", "units_per_pack", pl.col("uom").alias("_base")
    ).unique("item")
    pairs = frame.select("item", "uom").unique().join(units, on="item", how="left")
    columns = ("uom", "_base", "pack_uom", "units_per_pack")
    pairs = pairs.select(
        "item",
        "uom",
        pl.Series(
            "_factor", [item_factor(*row) for row in pairs.select(columns).iter_rows()], pl.Float64
        ),
    )
    joined = frame.join(
        pairs, on=["item", "uom"], how="left", nulls_equal=True, maintain_order="left"
    )
    amount = (pl.col("quantity") * pl.col("_factor")).round(DECIMALS)
    return joined.with_columns(amount=amount).drop("_factor")
