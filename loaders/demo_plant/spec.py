"""What the demo plants make, and how dirty their records are."""

from __future__ import annotations

from dataclasses import dataclass, fields

COMPANY = "PLANT"


@dataclass(frozen=True)
class Dirt:
    """Share of the movements that each kind of deviation may touch (0 to 1); 0 switches it off.

    Where a kind is on it touches at least one movement, if the plant has any that fits.
    """

    issue_after_weekend: float = 0.0
    month_end_date: float = 0.0
    night_shift_date: float = 0.0
    scan_upload_time: float = 0.0
    whole_reel_leftover: float = 0.0
    unposted_return: float = 0.0
    borrowed_between_orders: float = 0.0
    fifo_proposed_lot: float = 0.0
    book_zero_stock: float = 0.0
    issue_without_lot: float = 0.0
    shipment_without_lot: float = 0.0
    two_suppliers_one_number: float = 0.0
    opening_stock: float = 0.0
    partial_scanning: float = 0.0
    first_piece_scrap: float = 0.0
    topped_up_lot: float = 0.0
    mixed_pallet: float = 0.0
    lot_changed_at_transfer: float = 0.0
    heel_recorded: float = 0.0
    heel_unrecorded: float = 0.0
    rework_tomorrow: float = 0.0
    opened_bag_returned: float = 0.0
    draft_documents: float = 0.0
    consignment_draw: float = 0.0
    count_difference: float = 0.0
    residue_on_line: float = 0.0
    tools_and_agents: float = 0.0
    leftover_labels: float = 0.0
    line_unrecorded: float = 0.0
    sample_missed: float = 0.0

    @classmethod
    def none(cls) -> Dirt:
        """Records that are true."""
        return cls()

    @classmethod
    def all(cls, rate: float = 0.1) -> Dirt:
        """Every kind at one rate."""
        return cls(**dict.fromkeys(cls.kinds(), rate))

    @classmethod
    def only(cls, name: str, rate: float = 0.3) -> Dirt:
        """One kind alone."""
        return cls(**{name: rate})

    @classmethod
    def default(cls) -> Dirt:
        """A plant with ordinary record keeping."""
        return cls.all(0.01)

    @classmethod
    def kinds(cls) -> tuple[str, ...]:
        """Names of all kinds."""
        return tuple(field.name for field in fields(cls))


@dataclass(frozen=True)
class Item:
    """One material. `lot_size` in its unit; `cost` and `price` in CNY a unit."""

    code: str
    kind: str
    uom: str
    lot_size: int
    cost: float
    price: float | None = None
    contains: str = ""
    tank: str = ""
    reel: bool = False
    """It hangs on the line while it is used up."""
    fresh: bool = False
    """Each order takes a new one; no other order uses up what is left of it."""


@dataclass(frozen=True)
class Model:
    """A kind of plant. `items` stand before everything they consist of."""

    name: str
    items: tuple[Item, ...]
    recipe: dict[str, dict[str, int]]
    """Parent -> component -> thousandths of the component's unit for one unit of the parent."""

    def index(self, code: str) -> int:
        """Position of an item."""
        return next(i for i, item in enumerate(self.items) if item.code == code)


FOOD = Model(
    "food",
    (
        Item("FG-WAFER", "finished", "pcs", 800, 3.2, 6.5, "milk;wheat;nuts"),
        Item("FG-BAR", "finished", "pcs", 800, 3.8, 7.9, "milk;nuts"),
        Item("FG-COOKIE", "finished", "pcs", 800, 2.4, 5.2, "wheat"),
        Item("SF-FILLING", "semi_finished", "kg", 320, 11.0, None, "milk;nuts"),
        Item("SF-DOUGH", "semi_finished", "kg", 300, 4.0, None, "wheat"),
        Item("SF-BASE", "semi_finished", "kg", 400, 6.0, None, "milk", "TANK-1"),
        Item("RM-MILK", "raw", "kg", 500, 7.5, None, "milk"),
        Item("RM-SUGAR", "raw", "kg", 600, 5.1),
        Item("RM-COCOA", "raw", "kg", 300, 38.0),
        Item("RM-FLOUR", "raw", "kg", 700, 3.3, None, "wheat"),
        Item("RM-NUTS", "raw", "kg", 250, 52.0, None, "nuts"),
        Item("PK-FILM", "packaging", "m", 3000, 0.3, reel=True, fresh=True),
        Item("PK-BOX", "packaging", "pcs", 4000, 0.4),
    ),
    {
        "FG-WAFER": {"SF-FILLING": 120, "SF-DOUGH": 100, "PK-FILM": 300, "PK-BOX": 1000},
        "FG-BAR": {"SF-FILLING": 180, "RM-NUTS": 40, "PK-FILM": 250},
        "FG-COOKIE": {"SF-DOUGH": 200, "RM-COCOA": 20, "PK-BOX": 1000},
        "SF-FILLING": {"SF-BASE": 600, "RM-COCOA": 150, "RM-NUTS": 250},
        "SF-DOUGH": {"RM-FLOUR": 700, "RM-SUGAR": 300},
        "SF-BASE": {"RM-MILK": 700, "RM-SUGAR": 300},
    },
)

ELECTRONICS = Model(
    "electronics",
    (
        Item("FG-METER", "finished", "pcs", 200, 85.0, 160.0),
        Item("FG-SENSOR", "finished", "pcs", 300, 40.0, 78.0),
        Item("SF-BOARD", "semi_finished", "pcs", 250, 28.0),
        Item("RM-PCB", "raw", "pcs", 600, 6.0),
        Item("RM-CHIP", "raw", "pcs", 1000, 9.0),
        Item("RM-CAP", "raw", "pcs", 9000, 0.02, reel=True),
        Item("RM-RES", "raw", "pcs", 12000, 0.01, reel=True),
        Item("RM-CASE", "raw", "pcs", 900, 4.0),
        Item("PK-BOX", "packaging", "pcs", 1500, 0.8),
    ),
    {
        "FG-METER": {"SF-BOARD": 1000, "RM-CASE": 1000, "PK-BOX": 1000},
        "FG-SENSOR": {"SF-BOARD": 1000, "RM-CASE": 1000, "PK-BOX": 1000},
        "SF-BOARD": {"RM-PCB": 1000, "RM-CHIP": 2000, "RM-CAP": 12000, "RM-RES": 18000},
    },
)

MODELS = {"food": FOOD, "electronics": ELECTRONICS}
SUPPLIERS = tuple(f"SUP{n:02d}" for n in range(1, 9))
CUSTOMERS = tuple(f"CUS{n:02d}" for n in range(1, 25))
LABORATORY, FEED_MAKER = "LAB01", "FEED01"
"""Companies that get samples and by-products."""
OUTSIDE, DEPOT, RETURNS, CONSIGNED = "WH-EXT", "DEPOT-1", "WH-RET", "WH-CONS"
"""A store on another site, a carrier's depot, and where returned and suppliers' goods are kept."""
BOUGHT, DERIVED = -1, -2
"""`order` of lots that no order made: bought, or made from another lot by its label alone."""
SHIFTS = (("EARLY", 6), ("LATE", 14), ("NIGHT", 22))
"""Shifts and the hour at which each begins."""
