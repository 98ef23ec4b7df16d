"""Notices to customers, their answers, and claims on suppliers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import polars as pl

from api.incidents import Actor, acting, open_only
from graph_model.errors import BadInput
from graph_model.plant import Plant
from graph_model.schema import Supplier
from loaders.entries import incidents
from queries.incidents import claims, notices


def prepare(
    plant: Plant, actor: Actor, number: str, *, depth: str, level: str, share: float | None = None
) -> int:
    """A notice for every party of the newest frozen scope that has none; how many are new."""
    with acting(plant, actor, "notify") as (batch, facts, signed):
        row = open_only(facts, number)
        wanted = notices.untold(facts, row["key"])
        made = incidents.notices(row["key"], wanted, depth, level, share, signed)
        batch.add({"Notice": made})
    return len(wanted)


def tell(
    plant: Plant, actor: Actor, number: str, kind: str, customers: Iterable[str] = (), *,
    channel: str | None = None, document: str | None = None, at: int | None = None,
) -> int:  # fmt: skip
    """States that notices were sent or confirmed (those named, else all prepared); how many."""
    if kind not in ("sent", "confirmed"):
        raise BadInput("not_one_of", what="kind", value=kind, known="sent, confirmed")
    with acting(plant, actor, kind) as (batch, facts, signed):
        row = open_only(facts, number)
        named = [notices.find(facts, row["key"], one)["key"] for one in customers]
        before = "prepared" if kind == "sent" else "sent"
        chosen = named or [
            one["notice"] for one in notices.listing(facts, row["key"]) if one["state"] == before
        ]
        made = [
            incidents.deed(row["key"], kind, key, signed, channel=channel, document=document,
                           happened_at=at)
            for key in chosen
        ]  # fmt: skip
        if made:
            batch.add({"Deed": pl.concat(made)})
    return len(chosen)


def answer(
    plant: Plant, actor: Actor, number: str, customer: str, amounts: Mapping[str, float], *,
    lot: str | None = None, uom: str | None = None,
) -> dict[str, Any]:  # fmt: skip
    """States what a customer answers: amounts by outcome, of a lot (key) or of all it got.

    Without a unit, that in which the customer got the goods. Gives the customer's line.
    """
    with acting(plant, actor, "answer") as (batch, facts, signed):
        row = open_only(facts, number)
        notice = notices.find(facts, row["key"], customer)
        line = _line(notices.listing(facts, row["key"]), notice["customer"])
        units = {one["uom"] for one in line["lots"] if lot is None or one["lot"] == lot}
        # Goods out of mixed stock may have no unit; then those that have one tell it.
        named = units - {""}
        if uom is None and (not units or len(named) > 1):
            raise BadInput("unit_missing", units=", ".join(sorted(named)) or "-")
        unit = next(iter(named), "") if uom is None else uom
        said = incidents.answers(row["key"], notice["key"], lot, unit or None, amounts, signed)
        if not said:
            raise BadInput("nothing_answered")
        batch.add({"Deed": pl.concat(said)})
    return _line(notices.listing(plant.facts(), row["key"]), notice["customer"])


def _line(listed: list[dict[str, Any]], customer: str) -> dict[str, Any]:
    return next(one for one in listed if one["customer"] == customer)


def pass_on(
    plant: Plant, actor: Actor, number: str, customer: str, listed: Iterable[Mapping[str, Any]]
) -> int:
    """Takes a customer's list of whom it passed goods on to; how many rows."""
    with acting(plant, actor, "sub-consignees") as (batch, facts, _):
        row = open_only(facts, number)
        notice = notices.find(facts, row["key"], customer)
        made = incidents.sub_consignees(notice["key"], listed)
        batch.add({"SubConsignee": made})
    return len(made)


def claim(
    plant: Plant, actor: Actor, number: str, supplier: str, kind: str, *,
    reply_hours: float | None = None, amount: float | None = None, currency: str | None = None,
) -> str:  # fmt: skip
    """Prepares a claim on a supplier; its key."""
    with acting(plant, actor, "claim") as (batch, facts, signed):
        row = open_only(facts, number)
        if supplier not in facts[Supplier]["key"]:
            raise BadInput("no_such_supplier", supplier=supplier)
        made = incidents.claim(row["key"], supplier, kind, signed, reply_hours=reply_hours,
                               amount=amount, currency=currency)  # fmt: skip
        batch.add({"Claim": made})
    key: str = made["key"][0]
    return key


def on_claim(
    plant: Plant, actor: Actor, number: str, supplier: str, kind: str, *,
    document: str | None = None, amount: float | None = None, at: int | None = None,
) -> None:  # fmt: skip
    """States what happened to a claim: claimed (sent), answered, document, recovered."""
    known = ("claimed", "answered", "document", "recovered")
    if kind not in known:
        raise BadInput("not_one_of", what="kind", value=kind, known=", ".join(known))
    if kind == "recovered" and not (amount or 0) > 0:
        raise BadInput("bad_amount", amount=amount)
    if kind == "document" and not (document or "").strip():
        raise BadInput("document_missing")
    with acting(plant, actor, kind) as (batch, facts, signed):
        row = open_only(facts, number)
        found = claims.find(facts, row["key"], supplier)
        made = incidents.deed(
            row["key"], kind, found["key"], signed, document=document, amount=amount,
            currency=found["currency"], happened_at=at,
        )  # fmt: skip
        batch.add({"Deed": made})
