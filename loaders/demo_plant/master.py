"""Master data of the demo plants, and what is on hand when the records are drawn."""

from __future__ import annotations

import polars as pl

from graph_model.i18n import text
from loaders.demo_plant.book import PEOPLE, Book, place_of, remaining
from loaders.demo_plant.simulate import DAY
from loaders.demo_plant.spec import (
    CONSIGNED,
    CUSTOMERS,
    DEPOT,
    FEED_MAKER,
    LABORATORY,
    OUTSIDE,
    RETURNS,
    SUPPLIERS,
    Model,
)

C = pl.col
TOLERANCE = 0.02
AWAY = ("PLANT-1", OUTSIDE, DEPOT)
"""Sites that are part of no other."""
HOLDERS = {CONSIGNED: "consignment", DEPOT: "carrier"}
ROLES = ("operator", "operator", "storekeeper", "inspector")


def add_master(book: Book) -> None:
    """All sheets that list what exists."""
    book.sheets |= {
        "items": _items(book.model),
        "bom": _bom(book.model),
        "suppliers": _parties(SUPPLIERS, "supplier"),
        "customers": _parties(CUSTOMERS, "customer"),
        "sites": _sites(book),
        "people": _people(),
    }


def _items(model: Model) -> pl.DataFrame:
    rows = [
        {
            "item_code": item.code,
            "item_name": text(f"demo.item.{item.code}"),
            "item_type": item.kind,
            "lot_tracked": "true",
            "measure": "pieces" if item.uom == "pcs" else "bulk",
            "homogeneous": "false" if item.uom in ("pcs", "m") else "true",
            "uom": item.uom,
            "shelf_life_days": 180.0 if item.kind == "finished" else 270.0,
            "tolerance": TOLERANCE,
            "contains": item.contains or None,
            "unit_cost": item.cost,
            "sales_price": item.price,
            "currency": "CNY",
        }
        for item in model.items
    ]
    return pl.DataFrame(rows, infer_schema_length=None)


def _bom(model: Model) -> pl.DataFrame:
    rows = [
        {
            "bom_no": f"BOM-{parent}",
            "parent_item_code": parent,
            "item_code": component,
            "quantity": rate / 1000,
            "uom": model.items[model.index(component)].uom,
            "per_quantity": 1.0,
        }
        for parent, components in model.recipe.items()
        for component, rate in components.items()
    ]
    return pl.DataFrame(rows)


def _parties(codes: tuple[str, ...], role: str) -> pl.DataFrame:
    others = (LABORATORY, FEED_MAKER) if role == "customer" else ()
    names = [text(f"demo.{role}", number=n) for n in range(1, len(codes) + 1)]
    every = [*codes, *others]
    return pl.DataFrame(
        {
            f"{role}_code": every,
            f"{role}_name": [*names, *(text(f"demo.party.{code}") for code in others)],
            "country": ["CN"] * len(every),
            "language": ["zh"] * len(every),
        }
    )


def _sites(book: Book) -> pl.DataFrame:
    stores = sorted({place_of(item) for item in book.model.items})
    kinds = {"PLANT-1": "plant"} | {
        code: "tank" if code.startswith("TANK") else "warehouse" for code in stores
    }
    kinds |= {f"LINE-{n}": "line" for n in range(1, book.lines + 1)}
    kinds |= dict.fromkeys((RETURNS, CONSIGNED, OUTSIDE, DEPOT), "warehouse")
    return pl.DataFrame(
        {
            "site_code": list(kinds),
            "site_name": [text(f"demo.site.{kind}", code=code) for code, kind in kinds.items()],
            "site_kind": list(kinds.values()),
            "parent_site": [None if code in AWAY else "PLANT-1" for code in kinds],
            "holder_kind": [HOLDERS.get(code, "own") for code in kinds],
            "timezone": ["Asia/Shanghai"] * len(kinds),
            "day_start": ["00:00"] * len(kinds),
        }
    )


def _people() -> pl.DataFrame:
    numbers = range(1, PEOPLE + 1)
    return pl.DataFrame(
        {
            "person_code": [f"P{n:03d}" for n in numbers],
            "person_name": [text("demo.person", number=n) for n in numbers],
            "department": [text(f"demo.department.{ROLES[n % 4]}") for n in numbers],
            "role": [text(f"demo.role.{ROLES[n % 4]}") for n in numbers],
        }
    )


def add_stock(book: Book) -> None:
    """Stock at the horizon, and deliveries not yet gone that will take some of it."""
    left = remaining(book)
    book.sheets["stock"] = left.select(
        "place",
        "item_code",
        "lot_no",
        "uom",
        quantity="left",
        quality_status=pl.when(C("place") == RETURNS)
        .then(pl.lit("pending"))
        .otherwise(pl.lit("conforming")),
        as_of=pl.lit(book.horizon, pl.Int64),
    )
    finished = [item.code for item in book.model.items if item.kind == "finished"]
    ready = left.filter(C("item_code").is_in(finished)).gather_every(4).with_row_index("_n", 1)
    customer = C("_n").cast(pl.Int64) * 7 % len(CUSTOMERS)
    book.sheets["open_deliveries"] = ready.select(
        "item_code",
        "lot_no",
        "uom",
        delivery_no=pl.lit("DP") + C("_n").cast(pl.String).str.zfill(6),
        customer_code=customer.replace_strict(
            list(range(len(CUSTOMERS))), list(CUSTOMERS), return_dtype=pl.String
        ),
        quantity="left",
        from_place="place",
        shipment_status=pl.lit("planned"),
        ship_date=pl.lit(book.horizon + 2 * DAY, pl.Int64),
    )
