"""The sheets of a plant folder and their fields, declared once.

Headings, reading, the template and `docs/import.md` follow this table. Names of sheets and
fields stand in the catalogue under `import.sheet` and `import.field`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Type = Literal["code", "text", "number", "date", "stamp", "flag", "word"]

_MOVE = (
    "event_time business_date entered_at audited_at doc_status doc_no doc_line_no "
    "reversed_doc_no lot_source posting_method operator source org remark "
)


def _set(names: str) -> frozenset[str]:
    return frozenset(names.split())


NUMBERS = _set(
    "quantity units_per_pack shelf_life_days tolerance unit_cost sales_price per_quantity "
    "scrap_rate planned_qty reported_qty heel_qty level_qty counted_qty book_qty sample_size "
    "acceptance unit_size composite"
)
DATES = _set(
    "promised_date business_date ship_date arrival_date label_date expiry_date valid_from valid_to "
    "as_of day"
)
STAMPS = _set(
    "event_time entered_at audited_at released_at started_at finished_at mounted_at removed_at "
    "reported_at printed_from printed_to"
)
FLAGS = _set(
    "lot_tracked homogeneous backflush co_product verified_empty verified clearance "
    "full_examination hold_flag"
)
WORDS = _set(
    "item_type measure site_kind holder_kind alias_kind order_kind order_status "
    "doc_status lot_source posting_method output_kind change_kind scrap_kind action "
    "shipment_status quality_status result approval "
    "purchase_status hazard range_kind"
)
TEXTS = _set(
    "item_name item_spec supplier_name customer_name site_name person_name address remark "
    "party_kind contains may_contain reason reject_reason method inspection_item process_param "
    "set_value measured_value spec_limit contact_phone role department country language currency "
    "manufacturer timezone day_start starts ends place_name destination agent detection_limit "
    "laboratory market version"
)


def type_of(name: str) -> Type:
    """How the cells of a field are read."""
    tables: tuple[tuple[Type, frozenset[str]], ...] = (
        ("number", NUMBERS),
        ("date", DATES),
        ("stamp", STAMPS),
        ("flag", FLAGS),
        ("word", WORDS),
        ("text", TEXTS),
    )
    return next((kind for kind, names in tables if name in names), "code")


@dataclass(frozen=True)
class Sheet:
    """One sheet: its fields in order, and headings that here mean another field.

    `also` maps a field to dictionary fields whose headings stand for it on this sheet.
    """

    name: str
    fields: tuple[str, ...]
    also: dict[str, tuple[str, ...]] = field(default_factory=dict)
    movement: bool = False


# A serial number is a part of its lot that is one piece.
_ALSO = {"sublot": "serial_no", "operator": "responsible"}


def _sheet(name: str, fields: str, **also: str) -> Sheet:
    movement = fields.startswith("MOVE ")
    names = (_MOVE + fields.removeprefix("MOVE ") if movement else fields).split()
    meant = also | {name: _ALSO[name] for name in names if name in _ALSO and name not in also}
    return Sheet(
        name,
        tuple(dict.fromkeys(names)),
        {key: tuple(value.split()) for key, value in meant.items()},
        movement,
    )


_IN = {"to_place": "warehouse bin", "lot_no": "input_lot_no"}
_OUT = {"from_place": "warehouse bin", "lot_no": "input_lot_no"}

SHEETS: tuple[Sheet, ...] = (
    _sheet(
        "items",
        "item_code item_name item_spec item_type lot_tracked measure homogeneous uom pack_uom "
        "units_per_pack shelf_life_days tolerance contains may_contain unit_cost sales_price "
        "currency org",
    ),
    _sheet(
        "bom",
        "bom_no parent_item_code item_code quantity uom per_quantity alternate_group scrap_rate "
        "operation backflush co_product valid_from valid_to org",
    ),
    _sheet(
        "suppliers",
        "supplier_code supplier_name country party_kind language contact_phone address",
        country="country_origin",
    ),
    _sheet(
        "customers",
        "customer_code customer_name country party_kind language contact_phone address",
        country="country_origin",
    ),
    _sheet(
        "sites",
        "site_code site_name site_kind parent_site holder holder_kind timezone day_start org",
        site_code="warehouse bin workstation",
    ),
    _sheet("people", "person_code person_name department role", person_code="operator"),
    _sheet(
        "aliases",
        "alias_kind alias code alias_owner alias_item_code alias_lot_no owner item_code lot_no",
    ),
    _sheet("shifts", "site_code shift starts ends day org", site_code="warehouse workstation"),
    _sheet(
        "purchase_orders",
        "purchase_order_no purchase_line_no supplier_code item_code quantity uom business_date "
        "promised_date purchase_status org",
        supplier_code="supplier_name",
        quantity="planned_qty",
        purchase_line_no="doc_line_no",
        purchase_status="doc_status order_status",
    ),
    _sheet(
        "approved_suppliers",
        "supplier_code item_code approval valid_from valid_to org",
        supplier_code="supplier_name",
    ),
    _sheet(
        "receipts",
        "MOVE supplier_code item_code lot_no sublot supplier_lot_no manufacturer "
        "purchase_order_no "
        "quantity uom to_place ship_date label_date expiry_date",
        supplier_code="supplier_name",
        lot_no="output_lot_no input_lot_no",
        to_place="warehouse bin",
        quantity="good_qty",
    ),
    _sheet(
        "opening_stock",
        "item_code lot_no sublot quantity uom place business_date supplier_code supplier_lot_no "
        "source org",
        place="warehouse bin",
        quantity="on_hand_qty",
        supplier_code="supplier_name",
    ),
    _sheet(
        "work_orders",
        "work_order_no item_code order_kind order_status planned_qty reported_qty uom line "
        "released_at started_at finished_at shift source org",
        line="workstation",
        order_status="doc_status",
        planned_qty="quantity",
        reported_qty="good_qty",
    ),
    _sheet(
        "issues",
        "MOVE work_order_no item_code lot_no sublot quantity uom from_place line operation "
        "output_lot_no shift",
        line="workstation",
        **_OUT,
    ),
    _sheet(
        "returns",
        "MOVE work_order_no item_code lot_no sublot quantity uom to_place line operation "
        "output_lot_no shift",
        line="workstation",
        **_IN,
    ),
    _sheet(
        "outputs",
        "MOVE work_order_no item_code lot_no sublot quantity uom to_place line operation "
        "output_kind shift label_date expiry_date",
        line="workstation",
        to_place="warehouse bin",
        lot_no="output_lot_no",
        quantity="good_qty",
    ),
    _sheet(
        "lots",
        "item_code lot_no supplier_code manufacturer label_date expiry_date org",
        supplier_code="supplier_name",
        lot_no="output_lot_no input_lot_no",
    ),
    _sheet(
        "slices",
        "item_code lot_no sublot printed_from printed_to range_kind range_from range_to quantity "
        "uom org",
        lot_no="output_lot_no",
        range_from="serial_no",
    ),
    _sheet(
        "lot_changes",
        "MOVE change_kind item_code parent_lot_no sublot to_item_code child_lot_no quantity uom "
        "place from_owner to_owner",
        parent_lot_no="input_lot_no",
        child_lot_no="output_lot_no",
        place="warehouse bin",
    ),
    _sheet(
        "tank_fillings",
        "MOVE tank item_code lot_no quantity uom content_lot_no heel_qty from_place",
        tank="workstation",
        **_OUT,
    ),
    _sheet(
        "tank_levels",
        "event_time tank item_code level_qty uom verified_empty operator source org",
        tank="workstation",
        level_qty="quantity",
    ),
    _sheet(
        "moves",
        "MOVE item_code lot_no sublot quantity uom from_place to_place to_lot_no to_owner",
        to_lot_no="child_lot_no",
        lot_no="parent_lot_no",
    ),
    _sheet(
        "carry_over",
        "work_order_no next_work_order_no item_code lot_no sublot quantity uom event_time "
        "business_date doc_status posting_method operator source org",
        lot_no="output_lot_no input_lot_no",
    ),
    _sheet("packing", "MOVE container_no item_code lot_no sublot quantity uom action"),
    _sheet(
        "counts",
        "MOVE place item_code lot_no counted_qty book_qty uom verified_empty",
        place="warehouse bin",
        counted_qty="quantity",
        book_qty="on_hand_qty",
    ),
    _sheet(
        "stock",
        "place item_code lot_no sublot quantity uom quality_status hold_flag as_of org",
        place="warehouse bin",
        quantity="on_hand_qty",
        as_of="business_date",
    ),
    _sheet(
        "scrap",
        "MOVE scrap_kind work_order_no item_code lot_no sublot quantity uom from_place destination",
        quantity="scrap_qty",
        **_OUT,
    ),
    _sheet(
        "equipment_use",
        "site_code item_code lot_no work_order_no mounted_at removed_at source org",
        site_code="workstation",
    ),
    _sheet(
        "cleaning",
        "site_code event_time business_date method result verified clearance posting_method "
        "operator source org",
        site_code="workstation",
    ),
    _sheet(
        "process_values",
        "work_order_no operation item_code lot_no process_param set_value measured_value uom "
        "event_time source org",
        lot_no="output_lot_no",
    ),
    _sheet("labels", "item_code market version contains valid_from valid_to org"),
    _sheet(
        "shipments",
        "MOVE delivery_no customer_code ship_date arrival_date item_code lot_no sublot "
        "container_no quantity uom from_place sales_order_no shipment_status",
        customer_code="customer_name",
        from_place="warehouse bin",
        lot_no="output_lot_no",
    ),
    _sheet(
        "open_deliveries",
        "delivery_no customer_code ship_date item_code lot_no sublot quantity uom from_place "
        "sales_order_no shipment_status org",
        customer_code="customer_name",
        from_place="warehouse bin",
        quantity="planned_qty",
    ),
    _sheet(
        "customer_returns",
        "MOVE customer_code delivery_no item_code lot_no sublot to_lot_no quantity uom to_place",
        customer_code="customer_name",
        to_place="warehouse bin",
        lot_no="output_lot_no",
        to_lot_no="child_lot_no",
    ),
    _sheet(
        "supplier_returns",
        "MOVE supplier_code item_code lot_no sublot quantity uom from_place",
        supplier_code="supplier_name",
        **_OUT,
    ),
    _sheet(
        "inspections",
        "inspection_no item_code lot_no sublot work_order_no inspection_item hazard agent method "
        "detection_limit sample_size acceptance unit_size uom composite full_examination result "
        "measured_value spec_limit reject_reason place event_time business_date reported_at "
        "laboratory inspector org",
        result="quality_status",
        business_date="inspection_date",
        inspector="operator",
    ),
    _sheet(
        "complaints",
        "complaint_no customer_code item_code lot_no sublot delivery_no printed_code reason "
        "event_time business_date org",
        customer_code="customer_name",
        reason="reject_reason",
        lot_no="output_lot_no",
    ),
)
BY_NAME = {sheet.name: sheet for sheet in SHEETS}

IDENTIFYING = _set(
    "item_code lot_no sublot parent_lot_no child_lot_no content_lot_no to_lot_no supplier_lot_no "
    "output_lot_no container_no tank work_order_no next_work_order_no delivery_no printed_code "
    "supplier_code customer_code site_code person_code code shift inspection_no complaint_no "
    "purchase_order_no"
)
"""A row is set aside only if none of these can be read from it."""
