"""What the plant consists of: nodes, edges and further facts, one field a line.

Tables of the engines, Parquet schemas, import checks and `docs/model.md` derive from here.
A *record* (node, edge or fact) is one row in the ledger under its text `key`. An edge without own
facts is a reference field of a node (`ref(Item, "OF_ITEM")`).
Times are int64 microseconds UTC; null means unbounded. Labels live in the message catalogues
under `label`; quantities carry their unit beside them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import MISSING, Field, dataclass, fields
from functools import cache
from typing import Any, ClassVar, get_type_hints

import polars as pl

from graph_model.cases import CASES as CASES
from graph_model.cases import Incident as Incident
from graph_model.fields import Ref as Ref
from graph_model.fields import prop, ref
from graph_model.floor import FLOOR as FLOOR
from graph_model.floor import FloorAnswer as FloorAnswer
from graph_model.floor import FloorEntry as FloorEntry

# ---------------------------------------------------------------------------- nodes


@dataclass(frozen=True, kw_only=True)
class Item:
    """A material or product number."""

    KEY: ClassVar = ("company", "item_code")

    company: str = prop("Company whose numbering it is")
    item_code: str = prop("Item number", index=True)
    item_name: str | None = prop("Name")
    item_spec: str | None = prop("Specification")
    item_type: str | None = prop("raw, semi_finished, finished, packaging, by_product, other")
    lot_tracked: bool | None = prop("Lots are told apart; false: all of it is mixed stock")
    measure: str | None = prop("bulk (flows, mixes) or pieces")
    homogeneous: bool | None = prop("Every part of a lot has the same composition")
    uom: str | None = prop("Stock unit")
    pack_uom: str | None = prop("Pack unit")
    units_per_pack: float | None = prop("Stock units in a pack")
    shelf_life_days: float | None = prop("Days of good quality", unit="DAY")
    tolerance: float | None = prop("Accepted difference of mass balance", unit="share")
    contains: str | None = prop("Allergens it contains, separated by ;")
    may_contain: str | None = prop("Allergens it may contain, separated by ;")
    unit_cost: float | None = prop("Cost of one stock unit", unit="currency")
    sales_price: float | None = prop("Sales price of one stock unit", unit="currency")
    currency: str | None = prop("Currency of cost and price")


@dataclass(frozen=True, kw_only=True)
class Lot:
    """An amount of one item under one number and one owner; a number alone identifies nothing."""

    KEY: ClassVar = ("owner", "item_code", "lot_no", "sublot")

    owner: str = prop("Party whose record carries the number", index=True)
    item_code: str = prop("Item code in the numbering of `item`", index=True)
    lot_no: str = prop("Number printed on the label; may be empty", index=True, default="")
    sublot: str = prop("Separately tracked part", index=True, default="")
    item: str | None = ref("Item", "OF_ITEM", "Key of the item")
    parent: str | None = ref("Lot", "PART_OF", "Key of the lot that this sublot is part of")
    supplier: str | None = ref("Supplier", "SUPPLIED", "Key of who supplied it", reverse=True)
    manufacturer: str | None = prop("Company code of who made it, if not the supplier")
    source_lot_id: str | None = prop("Identity of the lot in the source system")
    kind: str | None = prop("material, container, serial; derived: pool, part, residue")
    trace_code: str | None = prop("Code printed on the unit", index=True)
    quantity: float | None = prop("Amount stated for the whole lot", unit="uom")
    uom: str | None = prop("Unit of the quantity")
    label_date: int | None = prop("Production date printed on the goods", unit="us")
    expiry_date: int | None = prop("Last day of use", unit="us")
    printed_from: int | None = prop("Part of a lot: first time printed", unit="us", graph=False)
    printed_to: int | None = prop("Part of a lot: last time printed", unit="us", graph=False)
    range_kind: str | None = prop("What the range numbers: serial, carton, pallet", graph=False)
    range_from: str | None = prop("Part of a lot: first number of the range", graph=False)
    range_to: str | None = prop("Part of a lot: last number of the range", graph=False)
    rule: str | None = prop("Rule that derived this lot; null for a recorded one")


@dataclass(frozen=True, kw_only=True)
class Operation:
    """Takes lots and gives lots."""

    KEY: ClassVar = ("company", "kind", "number")

    company: str = prop("Company whose numbering it is")
    kind: str = prop(
        "produce, merge, rework, fill, receive, opening, transfer, split, pack, unpack, rename, "
        "return, count, use, scrap; derived: pool, gap, part"
    )
    number: str = prop("Number that makes the key unique within company and kind", index=True)
    work_order_no: str | None = prop("Work order", index=True)
    order: str | None = prop(
        "Key of the whole order when this is an exactly paired part of it", index=True
    )
    doc_no: str | None = prop("Document", index=True)
    purchase_order_no: str | None = prop("Purchase order", index=True)
    item: str | None = prop("Key of the item the order makes")
    status: str | None = prop("open or closed; null: not recorded, treated as open")
    planned_qty: float | None = prop("Planned amount", unit="uom")
    reported_qty: float | None = prop("Reported amount", unit="uom")
    uom: str | None = prop("Unit of planned and reported amount")
    step: str | None = prop("Step of the route")
    site: str | None = ref("Site", "PERFORMED_AT", "Key of line, machine, tank or place")
    shift: str | None = prop("Shift")
    released_at: int | None = prop("Released; nothing of it happened before", unit="us")
    earliest: int | None = prop("Earliest start", unit="us")
    latest: int | None = prop("Latest end", unit="us")
    source: str | None = prop("Source whose posting delay applies to its times")
    rule: str | None = prop("Rule that derived this operation; null for a recorded one")


@dataclass(frozen=True, kw_only=True)
class Supplier:
    """Who delivered to us."""

    KEY: ClassVar = ("company",)

    company: str = prop("Company code, shared with the customer of the same company", index=True)
    name: str | None = prop("Name", index=True, label="supplier_name")
    country: str | None = prop("Country, ISO 3166 alpha 2")
    kind: str | None = prop("Type of business", label="party_kind")
    language: str | None = prop("Language of letters")
    address: str | None = prop("Address")
    contact: str | None = prop("Pseudonym of whom to tell", graph=False)


@dataclass(frozen=True, kw_only=True)
class Customer:
    """Who we delivered to."""

    KEY: ClassVar = ("company",)

    company: str = prop("Company code, shared with the supplier of the same company", index=True)
    name: str | None = prop(
        "Name; a pseudonym for a natural person", index=True, label="customer_name"
    )
    country: str | None = prop("Country, ISO 3166 alpha 2")
    kind: str | None = prop("Type of business", label="party_kind")
    language: str | None = prop("Language of letters")
    address: str | None = prop("Address")
    contact: str | None = prop("Pseudonym of whom to tell", graph=False)


@dataclass(frozen=True, kw_only=True)
class Site:
    """A place with its own records: plant, warehouse, line, tank, bin."""

    KEY: ClassVar = ("company", "site_code")

    company: str = prop("Company whose numbering it is")
    site_code: str = prop("Number of the place", index=True)
    name: str | None = prop("Name", label="site_name")
    kind: str | None = prop("plant, warehouse, line, equipment, tank, bin, transit")
    parent: str | None = ref("Site", "PART_OF", "Key of the place that this is part of")
    holder: str | None = prop("Company code of who holds the goods there; null: own")
    holder_kind: str | None = prop("own, consignment, subcontractor, carrier")
    timezone: str | None = prop("IANA time zone")
    day_start: str | None = prop("Start of the production day, HH:MM")


@dataclass(frozen=True, kw_only=True)
class Person:
    """A person under a keyed pseudonym; the name stands in the records database only."""

    KEY: ClassVar = ("pseudonym",)

    pseudonym: str = prop("Keyed pseudonym")
    department: str | None = prop("Department")
    role: str | None = prop("Role")


@dataclass(frozen=True, kw_only=True)
class Shipment:
    """Goods that leave, or are to leave, together for one party."""

    KEY: ClassVar = ("company", "delivery_no")

    company: str = prop("Company whose numbering it is")
    delivery_no: str = prop("Delivery note", index=True)
    customer: str | None = ref("Customer", "SHIPPED_TO", "Key of the customer")
    kind: str | None = prop("delivery, supplier_return, scrap, sample, by_product")
    status: str | None = prop("planned, picked, shipped, delivered, cancelled")
    sales_order_no: str | None = prop("Sales order", index=True)
    ship_earliest: int | None = prop("Earliest departure", unit="us")
    ship_latest: int | None = prop("Latest departure", unit="us")
    arrival_earliest: int | None = prop("Earliest arrival", unit="us")
    arrival_latest: int | None = prop("Latest arrival", unit="us")


@dataclass(frozen=True, kw_only=True)
class Inspection:
    """A check against a specification."""

    KEY: ClassVar = ("company", "inspection_no")

    company: str = prop("Company whose numbering it is")
    inspection_no: str = prop("Inspection number", index=True)
    lot: str | None = ref("Lot", "INSPECTED", "Key of the inspected lot")
    operation: str | None = ref("Operation", "INSPECTED", "Key of the inspected operation")
    inspection_item: str | None = prop("What was checked")
    hazard: str | None = prop(
        "What it looked for: microbial, foreign_body, allergen, chemical, dimension, label, unknown"
    )
    agent: str | None = prop("Agent, allergen or substance that it looked for")
    method: str | None = prop("Method")
    detection_limit: str | None = prop("Least that the method can see, with its unit")
    sample_size: float | None = prop("n of the sampling plan", unit="C62")
    acceptance: float | None = prop("c of the sampling plan", unit="C62")
    unit_size: float | None = prop("Amount of each unit of the sample", unit="uom")
    uom: str | None = prop("Unit of the unit size")
    composite: float | None = prop("Units mixed into one test; null: each alone", unit="C62")
    full_examination: bool | None = prop("Every unit of the lot was examined")
    result: str | None = prop("conforming, nonconforming, pending, concession")
    measured_value: str | None = prop("Measured value")
    spec_limit: str | None = prop("Limits")
    reject_reason: str | None = prop("Defect or reason")
    place: str | None = prop("Where the sample was taken")
    earliest: int | None = prop("Earliest time of sampling", unit="us")
    latest: int | None = prop("Latest time of sampling", unit="us")
    reported_at: int | None = prop("When the result was reported", unit="us")
    laboratory: str | None = prop("Who tested")
    person: str | None = prop("Pseudonym of the inspector")


@dataclass(frozen=True, kw_only=True)
class Complaint:
    """A customer's report of a problem: an effect, not a source."""

    KEY: ClassVar = ("company", "complaint_no")

    company: str = prop("Company whose numbering it is")
    complaint_no: str = prop("Complaint number", index=True)
    customer: str | None = prop("Key of the customer")
    item: str | None = prop("Key of the item")
    lot: str | None = ref("Lot", "ABOUT", "Key of the lot complained about")
    shipment: str | None = ref("Shipment", "ABOUT", "Key of the shipment complained about")
    printed_code: str | None = prop("Code as read from the pack", index=True)
    reason: str | None = prop("What is wrong")
    earliest: int | None = prop("Earliest time of the report", unit="us")
    latest: int | None = prop("Latest time of the report", unit="us")


@dataclass(frozen=True, kw_only=True)
class Event:
    """What somebody saw or did with goods, as an EPCIS event tells it."""

    KEY: ClassVar = ("event_id", "content_hash")

    event_id: str = prop("Id of the event; empty where it has none", index=True, default="")
    content_hash: str = prop("Hash of what it says, whatever its form and order")
    event_type: str | None = prop("ObjectEvent, AggregationEvent, TransformationEvent, …")
    event_action: str | None = prop("ADD, OBSERVE, DELETE")
    earliest: int | None = prop("Earliest time of the event", unit="us")
    latest: int | None = prop("Latest time of the event", unit="us")
    biz_step: str | None = prop("Business step, the bare word")
    epcis_disposition: str | None = prop("State of the goods by EPCIS, the bare word")
    read_point: str | None = prop("Where it was seen")
    biz_location: str | None = prop("Where the goods are after it")
    transformation_id: str | None = prop("Transformation that several events tell of", index=True)
    documents: str | None = prop("Business documents, as type=number, separated by ;")
    retracted: bool | None = prop("It declares itself, or the event of its id, to be an error")
    retract_reason: str | None = prop("Why it was declared an error")
    declared_at: int | None = prop("When it was declared an error", unit="us")
    corrected_by: str | None = prop("Ids of the events that correct it, separated by blanks")
    recorded_at: int | None = prop("When it was recorded", unit="us", graph=False)
    content: str | None = prop("The event as received, as EPCIS 2.0 JSON", graph=False)


# ---------------------------------------------------------------------------- movements


@dataclass(frozen=True, kw_only=True)
class Movement:
    """One recorded movement line. `lot` is null when the row names none, or not surely one."""

    lot: str | None = prop("Key of the lot; null: goes through the pool of its item")
    owner: str | None = prop("Owner of the lot as recorded", graph=False)
    item: str | None = prop("Key of the item", graph=False)
    lot_no: str | None = prop("Lot number as recorded", graph=False)
    quantity: float | None = prop("Amount", unit="uom")
    uom: str | None = prop("Unit")
    earliest: int | None = prop("Earliest event time as recorded", unit="us")
    latest: int | None = prop("Latest event time as recorded", unit="us")
    entered_at: int | None = prop(
        "Keyed in; stands in for an event time that is missing", unit="us", graph=False
    )
    audited_at: int | None = prop("Audited", unit="us", graph=False)
    source: str | None = prop("Source whose posting delay applies, such as issues", graph=False)
    status: str | None = prop("posted, draft (possible), cancelled (retracted)")
    lot_source: str | None = prop("scanned, typed, system_proposed, unknown")
    posting_method: str | None = prop(
        "scanner_clock, scan_upload, manual, backflush, network", graph=False
    )
    person: str | None = prop("Pseudonym of who did it", index=True)
    from_place: str | None = prop("Key of the place it left", index=True)
    to_place: str | None = prop("Key of the place it went to", index=True)
    step: str | None = prop("Step of the route", graph=False)
    doc_no: str | None = prop("Document")
    doc_line_no: str | None = prop("Line", graph=False)
    reversed_doc_no: str | None = prop("Document that this one retracts", graph=False)


@dataclass(frozen=True, kw_only=True)
class Consumed(Movement):
    """Lot into operation."""

    EDGE: ClassVar = ("CONSUMED_IN", "Lot", "lot", "Operation", "operation")

    operation: str = prop("Key of the operation", index=True)
    basis: str | None = prop("exact, by_order, by_time, inferred")
    rule: str | None = prop("Rule that derived it; null for a recorded movement")


@dataclass(frozen=True, kw_only=True)
class Produced(Movement):
    """Operation into lot."""

    EDGE: ClassVar = ("PRODUCED", "Operation", "operation", "Lot", "lot")

    operation: str = prop("Key of the operation", index=True)
    basis: str | None = prop("exact, by_order, by_time, inferred")
    output_kind: str | None = prop("product, co_product, by_product, scrap, sample")
    rule: str | None = prop("Rule that derived it; null for a recorded movement")


@dataclass(frozen=True, kw_only=True)
class Returned(Movement):
    """Material fetched for an operation and given back unused: subtracts in amounts."""

    EDGE: ClassVar = ("RETURNED", "Operation", "operation", "Lot", "lot")

    operation: str = prop("Key of the operation", index=True)


@dataclass(frozen=True, kw_only=True)
class Shipped(Movement):
    """Lot into shipment."""

    EDGE: ClassVar = ("SHIPPED_IN", "Lot", "lot", "Shipment", "shipment")

    shipment: str = prop("Key of the shipment", index=True)
    rule: str | None = prop("Rule that derived it; null for a recorded movement")


# ---------------------------------------------------------------------------- other edges


@dataclass(frozen=True, kw_only=True)
class Component:
    """Planned recipe: the component goes into the parent item."""

    EDGE: ClassVar = ("COMPONENT_OF", "Item", "item", "Item", "parent")

    item: str = prop("Key of the component")
    parent: str = prop("Key of the item made")
    bom_no: str | None = prop("Number of the recipe")
    quantity: float | None = prop("Amount per `per_quantity` of the parent", unit="uom")
    uom: str | None = prop("Unit of the amount")
    per_quantity: float | None = prop("Amount of the parent it is stated for", unit="parent uom")
    alternate_group: str | None = prop("Components of one group replace each other")
    scrap_rate: float | None = prop("Planned loss", unit="share")
    step: str | None = prop("Step of the route")
    backflush: bool | None = prop("Consumption is computed from output")
    co_product: bool | None = prop("An output of the recipe, not an input")
    valid_from: int | None = prop("Valid from", unit="us")
    valid_to: int | None = prop("Valid to", unit="us")


@dataclass(frozen=True, kw_only=True)
class Packed:
    """Containment of a lot in a container; not genealogy."""

    EDGE: ClassVar = ("PACKED_IN", "Lot", "lot", "Lot", "container")

    lot: str | None = prop("Key of the packed lot; null: all that is in the container")
    container: str = prop("Key of the container")
    quantity: float | None = prop("Amount", unit="uom")
    uom: str | None = prop("Unit")
    packed_at: int | None = prop("From", unit="us")
    unpacked_at: int | None = prop("To; null while open", unit="us")
    taken_out: bool | None = prop("The row is of unpacking", graph=False)
    status: str | None = prop("posted, draft, cancelled (retracted)", graph=False)


@dataclass(frozen=True, kw_only=True)
class Mentioned:
    """A lot or container that an event names."""

    EDGE: ClassVar = ("MENTIONED_IN", "Lot", "lot", "Event", "event")

    lot: str = prop("Key of the lot")
    event: str = prop("Key of the event")
    event_role: str | None = prop("object, child, parent, input, output")
    quantity: float | None = prop("Amount", unit="uom")
    uom: str | None = prop("Unit")


@dataclass(frozen=True, kw_only=True)
class Stock:
    """What a place holds of a lot, as of a moment."""

    EDGE: ClassVar = ("STORED_AT", "Lot", "lot", "Site", "site")

    lot: str | None = prop("Key of the lot; null: unlotted")
    item: str | None = prop("Key of the item")
    site: str | None = prop("Key of the place")
    quantity: float | None = prop("Amount", unit="uom")
    uom: str | None = prop("Unit")
    quality_status: str | None = prop("conforming, nonconforming, pending, hold, concession")
    as_of: int | None = prop("Moment", unit="us")


@dataclass(frozen=True, kw_only=True)
class CarriesOver:
    """Recorded residue: goods of one operation that were left and went into a later one."""

    EDGE: ClassVar = ("CARRIES_OVER", "Operation", "operation", "Operation", "next_operation")

    operation: str = prop("Key of the earlier operation")
    next_operation: str = prop("Key of the later operation")
    lot: str | None = prop("Key of the lot that it was of; null: any goods of the operation")
    quantity: float | None = prop("Residue, at most", unit="uom")
    uom: str | None = prop("Unit")
    earliest: int | None = prop("Earliest time", unit="us")
    latest: int | None = prop("Latest time", unit="us")
    source: str | None = prop("Source whose posting delay applies", graph=False)
    posting_method: str | None = prop("As of a movement", graph=False)
    status: str | None = prop("posted, draft (possible), cancelled (retracted)")


# ---------------------------------------------------------------------------- facts


@dataclass(frozen=True, kw_only=True)
class Count:
    """What was found at a place: a count, a tank level or an empty mark. Zero proves it gone."""

    site: str | None = prop("Key of the place")
    item: str | None = prop("Key of the item; null: everything at that place")
    lot: str | None = prop("Key of the lot; null: all lots of the item")
    quantity: float | None = prop("Amount found", unit="uom")
    book_qty: float | None = prop("Amount on the books", unit="uom")
    uom: str | None = prop("Unit")
    verified_empty: bool | None = prop("Marked empty and verified")
    earliest: int | None = prop("Earliest time", unit="us")
    latest: int | None = prop("Latest time", unit="us")
    source: str | None = prop("Source whose posting delay applies")
    posting_method: str | None = prop("As of a movement")
    status: str | None = prop("posted, draft, cancelled")
    person: str | None = prop("Pseudonym of who counted")


@dataclass(frozen=True, kw_only=True)
class Use:
    """A lot or tool mounted on a line for an interval."""

    site: str | None = prop("Key of the line or equipment")
    item: str | None = prop("Key of the item")
    lot: str | None = prop("Key of the lot")
    operation: str | None = prop("Key of the operation it was used in")
    earliest: int | None = prop("Earliest mounting", unit="us")
    latest: int | None = prop("Latest removal", unit="us")
    source: str | None = prop("Source whose posting delay applies")


@dataclass(frozen=True, kw_only=True)
class Cleaning:
    """A cleaning or line clearance."""

    site: str | None = prop("Key of the line, tank or equipment")
    method: str | None = prop("Method")
    result: str | None = prop("conforming, nonconforming")
    verified: bool | None = prop("Verified by a second person")
    clearance: bool | None = prop("Line clearance: nothing of earlier lots left")
    earliest: int | None = prop("Earliest time", unit="us")
    latest: int | None = prop("Latest time", unit="us")
    source: str | None = prop("Source whose posting delay applies")
    posting_method: str | None = prop("As of a movement")
    person: str | None = prop("Pseudonym of who cleaned")


@dataclass(frozen=True, kw_only=True)
class ProcessValue:
    """A set or measured value of a step. A set value never proves what happened."""

    operation: str | None = prop("Key of the operation")
    lot: str | None = prop("Key of the lot made that it is of; null: of all the operation made")
    step: str | None = prop("Step of the route")
    process_param: str | None = prop("Parameter")
    set_value: str | None = prop("Set value")
    measured_value: str | None = prop("Measured value")
    uom: str | None = prop("Unit")
    earliest: int | None = prop("Earliest time", unit="us")
    latest: int | None = prop("Latest time", unit="us")
    source: str | None = prop("Source whose posting delay applies")


@dataclass(frozen=True, kw_only=True)
class LabelVersion:
    """What the label of an item declares, in a market and for a time."""

    item: str | None = prop("Key of the item")
    market: str | None = prop("Country of sale, ISO 3166 alpha 2; null: wherever no other holds")
    version: str | None = prop("Version of the label")
    contains: str | None = prop("Allergens it declares, separated by ;")
    valid_from: int | None = prop("In force from", unit="us")
    valid_to: int | None = prop("In force to", unit="us")


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What a person put forward. It acts once accepted, until revoked: both are decisions."""

    kind: str = prop("inspection, process_value, cleaning, count, label, decision, invalidation")
    subject: str = prop("Key of the record it stands on; of a decision, the lot")
    operation: str | None = prop("Of a decision: key of the operation that it is about")
    hazard: str | None = prop("Of a decision: the hazard that does not pass")
    agent: str | None = prop("Of a decision: its agent")
    not_before: int | None = prop("Of a decision about movement: not used earlier", unit="us")
    person: str | None = prop("Pseudonym of who put it forward")
    role: str | None = prop("Role of who put it forward")
    reason: str | None = prop("Reason")
    proposed_at: int | None = prop("Time of the proposal", unit="us")


@dataclass(frozen=True, kw_only=True)
class RuleSet:
    """The rules of scopes as a named person set them; the newest ones apply."""

    content: str = prop("The rules file, as written (TOML)")
    file: str | None = prop("Name of the file")
    person: str | None = prop("Pseudonym of who set them")
    role: str | None = prop("Role of who set them")
    reason: str | None = prop("Reason")
    decided_at: int | None = prop("Time they were set", unit="us")


@dataclass(frozen=True, kw_only=True)
class Alias:
    """Two numbers for one thing."""

    kind: str = prop("item, company, lot")
    alias: str = prop("Key by the other number")
    target: str = prop("Key it stands for")


@dataclass(frozen=True, kw_only=True)
class PurchaseOrder:
    """One line of what was ordered of a supplier."""

    company: str = prop("Company whose numbering it is")
    purchase_order_no: str = prop("Purchase order")
    purchase_line_no: str | None = prop("Line")
    supplier: str | None = prop("Key of the supplier")
    item: str | None = prop("Key of the item")
    quantity: float | None = prop("Ordered amount", unit="uom")
    uom: str | None = prop("Unit")
    ordered_at: int | None = prop("Day of the order", unit="us")
    promised_at: int | None = prop("Last moment of the day it was promised for", unit="us")
    status: str | None = prop("open or closed; null: open until all of it was received")


@dataclass(frozen=True, kw_only=True)
class Approval:
    """Whether an item may be bought of a supplier."""

    supplier: str = prop("Key of the supplier")
    item: str = prop("Key of the item")
    approval: str | None = prop("approved, conditional, blocked")
    valid_from: int | None = prop("Valid from", unit="us")
    valid_to: int | None = prop("Valid to", unit="us")


@dataclass(frozen=True, kw_only=True)
class Shift:
    """A working period of a place."""

    site: str | None = prop("Key of the place; null: everywhere")
    shift: str = prop("Name of the shift")
    starts: str = prop("Start, HH:MM")
    ends: str = prop("End, HH:MM; before the start: on the next day")
    day: int | None = prop("Day it applies to; null: every day", unit="us")


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What a named person decided, with role, reason and time; revoked by another decision."""

    kind: str = prop(
        "delay, trust_source, rule_out_root, same_lot, alias, erase_person, accept_evidence, "
        "revoke_evidence, horizon, tolerance, revoke"
    )
    subject: str = prop("Source, or key of the lot, evidence or decision that it is about")
    late: int | None = prop(
        "Delay: keyed in at most so long after the event; horizon: residue counts so long",
        unit="us",
    )
    early: int | None = prop("Confirmed: dated at most so long before the event", unit="us")
    target: str | None = prop("Second lot or code; hazard of a horizon; share of a tolerance")
    person: str | None = prop("Pseudonym of who decided")
    role: str | None = prop("Role of who decided")
    reason: str | None = prop("Reason")
    decided_at: int | None = prop("Time of the decision", unit="us")


@dataclass(frozen=True, kw_only=True)
class Drill:
    """One lot of a trace drill: how long its trace took, and how many gaps it met."""

    drill: str = prop("Drill that the lot was traced in")
    lot: str = prop("Key of the traced lot")
    direction: str = prop("backward (finished to source) or forward (source to customers)")
    seed: int | None = prop("Seed that picked the lots", unit="1")
    as_of: int | None = prop("Batch that the trace stands on", unit="1")
    seconds: float | None = prop("Time that the trace and its checks took", unit="s")
    target: float | None = prop("Time allowed", unit="s")
    lots: int | None = prop("Lots on the trace", unit="1")
    steps: int | None = prop("Operations on the trace", unit="1")
    no_person: int | None = prop("Steps that name nobody responsible", unit="1")
    broken: int | None = prop("Breaks of the chain", unit="1")
    off_balance: int | None = prop("Lots off balance, or that cannot be balanced", unit="1")
    passed: bool | None = prop("No gap, and within the time allowed")
    person: str | None = prop("Pseudonym of who ran the drill")
    at: int | None = prop("Time of the drill", unit="us")


@dataclass(frozen=True, kw_only=True)
class SetAside:
    """A row that could not be read as a fact; kept, searched and counted."""

    file: str = prop("File")
    sheet: str = prop("Sheet")
    row: int = prop("Row, counted as the spreadsheet does", unit="1")
    rule: str = prop("Rule that set it aside")
    column: str | None = prop("Column")
    value: str | None = prop("Value")
    text: str | None = prop("The row as read, for search")
    item: str | None = prop("Item code, where one can be read")
    work_order_no: str | None = prop("Work order, where one can be read")
    customer: str | None = prop("Customer code, where one can be read")
    site: str | None = prop("Place, where one can be read")


NODES: tuple[type, ...] = (
    Item,
    Lot,
    Operation,
    Supplier,
    Customer,
    Site,
    Person,
    Shipment,
    Inspection,
    Complaint,
    Incident,
    Event,
)
EDGES: tuple[type, ...] = (
    Consumed,
    Produced,
    Returned,
    Shipped,
    Component,
    Packed,
    Mentioned,
    Stock,
    CarriesOver,
)
FACTS: tuple[type, ...] = (
    Count,
    Use,
    Cleaning,
    ProcessValue,
    LabelVersion,
    Evidence,
    RuleSet,
    Alias,
    PurchaseOrder,
    Approval,
    Shift,
    Decision,
    Drill,
    SetAside,
    *CASES,
    *FLOOR,
)
KINDS: dict[str, type] = {kind.__name__: kind for kind in (*NODES, *EDGES, *FACTS)}
MOVEMENTS: tuple[type, ...] = (Consumed, Produced, Returned, Shipped)

VERSION = 1
"""Schema version written into each batch; older ones are upcast when read."""

PROVENANCE: dict[str, pl.DataType] = {"file": pl.String(), "sheet": pl.String(), "row": pl.Int64()}
"""Where a statement was read. Kept in the ledger as `_file`, `_sheet`, `_row`; never hashed."""

_POLARS: dict[Any, pl.DataType] = {
    str: pl.String(),
    int: pl.Int64(),
    float: pl.Float64(),
    bool: pl.Boolean(),
}


@dataclass(frozen=True)
class Column:
    """One field of a kind, as every derived artefact needs it."""

    name: str
    type: type
    required: bool
    description: str
    unit: str
    index: bool
    label: str
    graph: bool
    ref: Ref | None

    @property
    def polars(self) -> pl.DataType:
        """The column type in frames and Parquet."""
        return _POLARS[self.type]


def _column(item: Field[Any], hint: Any) -> Column:
    required = hint in _POLARS
    base = hint if required else next(arg for arg in hint.__args__ if arg is not type(None))
    meta = item.metadata
    return Column(
        name=item.name,
        type=base,
        required=required and item.default in (MISSING, None),
        description=meta["description"],
        unit=meta["unit"],
        index=meta["index"],
        label=meta["label"] or item.name,
        graph=meta["graph"],
        ref=meta.get("ref"),
    )


@cache
def columns(kind: type) -> tuple[Column, ...]:
    """The fields of a kind in the order they are declared (without `key`)."""
    hints = get_type_hints(kind)
    return tuple(_column(item, hints[item.name]) for item in fields(kind))


def frame_schema(kind: type, *, provenance: bool = False) -> dict[str, pl.DataType]:
    """Column types of a kind's frame: `key`, its fields and, if asked, where it was read."""
    schema: dict[str, pl.DataType] = {"key": pl.String()}
    schema |= {column.name: column.polars for column in columns(kind)}
    if provenance:
        schema |= {f"_{name}": dtype for name, dtype in PROVENANCE.items()}
    return schema


@cache
def no_rows(kind: type, *, provenance: bool = False) -> pl.DataFrame:
    """The frame of a kind without rows; made once, for there are many of them in small plants."""
    return pl.DataFrame(schema=frame_schema(kind, provenance=provenance))


def graph_schema(kind: type) -> dict[str, pl.DataType]:
    """Column types of what a graph shows of a kind; an edge's ends are no columns of it."""
    ends = {kind.EDGE[2], kind.EDGE[4]} if hasattr(kind, "EDGE") else set()
    shown = (column for column in columns(kind) if column.graph and column.name not in ends)
    return {"key": pl.String()} | {column.name: column.polars for column in shown}


def conform(kind: type, frame: pl.DataFrame, *, provenance: bool = False) -> pl.DataFrame:
    """The frame with exactly the columns of the kind: missing ones null, types cast, no others."""
    if frame.is_empty():
        return no_rows(kind, provenance=provenance)
    schema = frame_schema(kind, provenance=provenance)
    return frame.select(
        (pl.col(name) if name in frame.columns else pl.lit(None)).cast(dtype).alias(name)
        for name, dtype in schema.items()
    )


def references(kind: type) -> Iterator[tuple[str, Ref]]:
    """The reference fields of a kind: (field name, reference)."""
    for column in columns(kind):
        if column.ref is not None:
            yield column.name, column.ref
