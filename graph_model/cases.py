"""Kinds of an incident as a case: what was asked, found, held, told and claimed, and by whom.

Things (an incident, a frozen scope, a hold, a notice, a claim) are stated once; what is done with
them later are deeds beside them, so that nothing recorded is changed. People are pseudonyms.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from graph_model.fields import prop, ref

MOCK = "mock_recall"
INCIDENT_KINDS = ("complaint", "supplier_notice", "test", MOCK)
PRODUCT_KINDS = ("food", "drug", "device", "vehicle", "consumer")
CLASSES = ("1", "2", "3")
EVENTS = (
    "knowing", "deciding", "announcing", "requested", "ordered", "filed", "started", "traced",
    "contained", "notified", "planned", "published", "told_owners", "objected", "provided",
    "finished",
)  # fmt: skip
"""What starts or stops a clock; `traced`, `contained`, `started` and `notified` follow from deeds
where nobody states them."""
DISPOSITIONS = ("scrap", "rework", "return", "use", "release")
OUTCOMES = ("recovered", "destroyed", "used")
"""What a customer says of goods it received."""
DEPTHS = ("consumer", "retail", "wholesale")
LEVELS = {"A": 1.0, "B": None, "C": 0.1, "D": 0.02, "E": 0.0}
"""Share of consignees that an effectiveness check must reach; B: as agreed (21 CFR 7.42)."""
CLAIM_KINDS = ("8d", "scar")


@dataclass(frozen=True, kw_only=True)
class Incident:
    """What starts an investigation."""

    KEY: ClassVar = ("company", "incident_no")

    company: str = prop("Company whose numbering it is")
    incident_no: str = prop("Incident number", index=True)
    title: str | None = prop("What happened")
    lot: str | None = ref("Lot", "SUSPECTS", "Key of the suspect lot, where it is one")
    kind: str | None = prop("complaint, supplier_notice, test, mock_recall", graph=False)
    product_kind: str | None = prop("food, drug, device, vehicle, consumer", graph=False)
    recall_class: str | None = prop("1, 2 or 3; empty: not decided", graph=False)
    hazard: str | None = prop("Kind of hazard", graph=False)
    agent: str | None = prop("Agent of the hazard, such as Salmonella", graph=False)
    asked: str | None = prop("What is suspected, as JSON of the question", graph=False)
    rules: str | None = prop("Rules of the scope, as the TOML of the rules file", graph=False)
    jurisdictions: str | None = prop(
        "Countries named beside those of consignees, separated by ;", graph=False
    )
    person: str | None = prop("Pseudonym of who opened it", graph=False)
    role: str | None = prop("Role of who opened it", graph=False)
    reason: str | None = prop("Why it was opened", graph=False)
    opened_at: int | None = prop("Time of opening", unit="us", graph=False)


@dataclass(frozen=True, kw_only=True)
class Hypothesis:
    """What else may be the source of an incident; one of them is chosen by a deed."""

    incident: str = prop("Key of the incident")
    name: str = prop("Name of the hypothesis")
    asked: str = prop("What is suspected under it, as JSON of the question")
    person: str | None = prop("Pseudonym of who stated it")
    role: str | None = prop("Role")
    reason: str | None = prop("Reason")
    at: int | None = prop("Time", unit="us")


@dataclass(frozen=True, kw_only=True)
class FrozenScope:
    """What the scope of an incident said as of a batch."""

    incident: str = prop("Key of the incident")
    as_of: int = prop("Batch that it stands on", unit="1")
    head: str = prop("Hash of that batch", label="ledger_head")
    asked: str = prop("What was asked, as JSON")
    rules: str | None = prop("Rules and decisions that it stands on, as JSON")
    digest: str = prop("SHA-256 of its lots with their tiers")
    certain: int = prop("Certain lots", unit="1")
    possible: int = prop("Possible lots", unit="1")
    excluded: int = prop("Excluded lots", unit="1")
    customers: int | None = prop("Customers that received lots of it", unit="1")
    complete: bool | None = prop("Nothing is missing that may change it")
    cost: float | None = prop("Cost of acting on it", unit="currency")
    blanket: float | None = prop("Cost of a blanket recall", unit="currency")
    currency: str | None = prop("Currency")
    cause: str | None = prop("asked, import: what it was computed for")
    person: str | None = prop("Pseudonym of who froze it")
    at: int | None = prop("Time", unit="us")


@dataclass(frozen=True, kw_only=True)
class FrozenLot:
    """A lot of a frozen scope with its tier."""

    scope: str = prop("Key of the frozen scope")
    lot: str = prop("Key of the lot")
    tier: str | None = prop("certain, possible, excluded; empty: a root that only looks alike")
    grade: str | None = prop("recorded, mixed_stock, contact")
    root: str | None = prop("match, cannot_rule_out, near; empty: no root")
    quantity: float | None = prop("Amount", unit="uom")
    uom: str | None = prop("Unit")


@dataclass(frozen=True, kw_only=True)
class FrozenParty:
    """What a party received or holds of a lot of a frozen scope, or out of mixed stock."""

    scope: str = prop("Key of the frozen scope")
    customer: str = prop("Company code")
    tier: str | None = prop("Best tier of what the party got: certain, possible")
    lot: str | None = prop("Key of the lot; empty: out of mixed stock, no lot is known")
    quantity: float | None = prop("Amount sent", unit="uom")
    uom: str | None = prop("Unit")


@dataclass(frozen=True, kw_only=True)
class Hold:
    """A lot that is to be stopped at one place, with the amount expected there."""

    incident: str = prop("Key of the incident")
    lot: str = prop("Key of the lot")
    place: str = prop("on_hand, in_process, picked, returned, search", label="held_place")
    site: str | None = prop("Key of the place, or of the party it is picked for")
    quantity: float = prop("Amount expected there", unit="uom")
    uom: str | None = prop("Unit")
    as_of: int | None = prop("Batch that the amount stands on", unit="1")
    person: str | None = prop("Pseudonym of who asked for the hold")
    role: str | None = prop("Role")
    reason: str | None = prop("Reason")
    at: int | None = prop("Time of the request", unit="us")


@dataclass(frozen=True, kw_only=True)
class Notice:
    """What a customer is to be told, how far down, and how it is checked."""

    incident: str = prop("Key of the incident")
    customer: str = prop("Company code of who is told")
    depth: str | None = prop("consumer, retail, wholesale: how far the recall reaches")
    level: str | None = prop("Effectiveness checks: A all, B agreed, C 10 %, D 2 %, E none")
    share: float | None = prop("Share of consignees to check under level B", unit="share")
    contact: str | None = prop("Pseudonym of whom to tell")
    language: str | None = prop("Language of the letter")
    person: str | None = prop("Pseudonym of who prepared it")
    role: str | None = prop("Role")
    reason: str | None = prop("Reason")
    at: int | None = prop("Time", unit="us")


@dataclass(frozen=True, kw_only=True)
class SubConsignee:
    """Whom a customer passed goods of the incident on to, as the customer's list says."""

    notice: str = prop("Key of the notice")
    consignee: str = prop("Code or name; a pseudonym for a natural person")
    country: str | None = prop("Country, ISO 3166 alpha 2")
    lot: str | None = prop("Key of the lot, where the list names it")
    quantity: float | None = prop("Amount passed on", unit="uom")
    uom: str | None = prop("Unit")
    checked: bool | None = prop("An effectiveness check was made", label="effect_checked")
    reached: bool | None = prop("The check found that it was told and acted")


@dataclass(frozen=True, kw_only=True)
class Claim:
    """What a supplier is asked to answer and to pay for."""

    incident: str = prop("Key of the incident")
    supplier: str = prop("Company code of the supplier")
    kind: str = prop("8d, scar")
    reply_hours: float | None = prop("Time to answer after sending", unit="HUR")
    amount: float | None = prop("Amount claimed", unit="currency")
    currency: str | None = prop("Currency")
    person: str | None = prop("Pseudonym of who made it")
    role: str | None = prop("Role")
    reason: str | None = prop("Reason")
    at: int | None = prop("Time", unit="us")


@dataclass(frozen=True, kw_only=True)
class Deed:
    """Something done in an incident: by whom, in which role, why and when. Never changed."""

    incident: str = prop("Key of the incident")
    kind: str = prop(
        "event, classify, close, reopen, choose; blocked, found, dispose, release, approve, "
        "refuse; sent, confirmed, answer; claimed, answered, document, recovered; seen; withdraw"
    )
    subject: str | None = prop("Event by name, or key of the hold, notice, claim, alert or deed")
    lot: str | None = prop("Key of the lot")
    quantity: float | None = prop("Amount", unit="uom")
    uom: str | None = prop("Unit")
    disposition: str | None = prop(
        "scrap, rework, return, use, release; of an answer: recovered, destroyed, used"
    )
    recount: bool | None = prop("Replaces what was counted before")
    scanned: bool | None = prop("Counted by scan")
    amount: float | None = prop("Sum of money", unit="currency")
    currency: str | None = prop("Currency")
    document: str | None = prop("Number of the document")
    channel: str | None = prop("How it was told: letter, mail, telephone, visit")
    happened_at: int | None = prop("When it happened, as stated", unit="us")
    person: str | None = prop("Pseudonym of who did it")
    role: str | None = prop("Role")
    reason: str | None = prop("Reason")
    at: int | None = prop("When it was recorded", unit="us")


@dataclass(frozen=True, kw_only=True)
class Alert:
    """What an import showed about an open incident."""

    incident: str = prop("Key of the incident")
    kind: str = prop(
        "grown, shrunk, party, unanswered, released_reached; shipped, issued, moved, scrapped, "
        "picked, unlotted"
    )
    lot: str | None = prop("Key of the lot")
    record: str | None = prop("Key of the movement, or of the frozen scope that differs")
    quantity: float | None = prop("Amount", unit="uom")
    uom: str | None = prop("Unit")
    count: int | None = prop("Lots concerned", unit="1", label="lot_count")
    sure: bool | None = prop("Recorded as after the hold; false: may have been before")
    as_of: int | None = prop("Batch that showed it", unit="1")
    happened_at: int | None = prop("When it happened, at the earliest", unit="us")
    at: int | None = prop("When it was found", unit="us")


@dataclass(frozen=True, kw_only=True)
class DeadlineRule:
    """A legal, standard's or customer's time limit; replaces the shipped one of the same name."""

    rule: str = prop("Name of the rule", label="deadline_rule")
    jurisdiction: str | None = prop("Country, ISO 3166 alpha 2; *: everywhere")
    product_kind: str | None = prop("food, drug, device, vehicle, consumer; *: all")
    recall_class: str | None = prop("Class it is for; empty: all")
    customer: str | None = prop("Company code of the customer who demands it")
    binding: str | None = prop("law, standard, customer")
    trigger: str | None = prop("Event that starts the clock")
    act: str | None = prop("Event that stops it")
    hours: float | None = prop("Time allowed", unit="HUR")
    working_days: int | None = prop("Working days allowed", unit="DAY")
    calendar: str | None = prop("Country of the holidays, or country and part as in DE-BY")
    timezone: str | None = prop("IANA time zone in which days end")
    title_en: str | None = prop("What is to be done, in English")
    title_zh: str | None = prop("What is to be done, in Chinese")
    citation: str | None = prop("Text of law or standard, with its place")
    text_date: str | None = prop("Date of the text")
    checked: str | None = prop("Date on which the text was read; empty: not checked")
    active: bool | None = prop("False: the rule does not apply here")
    person: str | None = prop("Pseudonym of who stated it")
    role: str | None = prop("Role")
    reason: str | None = prop("Reason")
    at: int | None = prop("Time", unit="us")


@dataclass(frozen=True, kw_only=True)
class RetentionRule:
    """How long personal data of one kind are kept; replaces the shipped one of the same name."""

    rule: str = prop("Name of the rule", label="retention_rule")
    subject: str | None = prop("Whose data: operator, contact, account")
    months: float | None = prop("Time kept after the last record", unit="MON")
    citation: str | None = prop("Text of law, with its place")
    checked: str | None = prop("Date on which the text was read; empty: not checked")
    person: str | None = prop("Pseudonym of who stated it")
    role: str | None = prop("Role")
    reason: str | None = prop("Reason")
    at: int | None = prop("Time", unit="us")


CASES: tuple[type, ...] = (
    Hypothesis,
    FrozenScope,
    FrozenLot,
    FrozenParty,
    Hold,
    Notice,
    SubConsignee,
    Claim,
    Deed,
    Alert,
    DeadlineRule,
    RetentionRule,
)
"""Facts of cases; none of them changes a flow, so graph and arrays stay as they are."""
