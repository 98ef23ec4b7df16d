"""What people enter about an incident, a row a deed; refused where it names nothing known."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from typing import Any

import polars as pl

from graph_model import cases, keys
from graph_model.errors import BadInput
from graph_model.schema import conform
from loaders.entries import Signature, fact, now

Asked = Mapping[str, Any]
"""A question as `Suspects.given` tells it."""


def one_of(value: str | None, known: Iterable[str], what: str) -> str | None:
    """The value, if it is known or none. Raises BadInput that lists what is."""
    if value is not None and value not in known:
        raise BadInput("not_one_of", what=what, value=value, known=", ".join(known))
    return value


def opened(
    company: str,
    number: str,
    asked: Asked,
    signed: Signature,
    *,
    title: str,
    kind: str,
    product_kind: str | None = None,
    recall_class: str | None = None,
    hazard: str | None = None,
    agent: str | None = None,
    rules: str | None = None,
    jurisdictions: Iterable[str] = (),
    lot: str | None = None,
) -> pl.DataFrame:
    """A new incident. `lot`: key of the suspect lot, if it is one; `rules`: TOML."""
    one_of(kind, cases.INCIDENT_KINDS, "kind")
    one_of(product_kind, cases.PRODUCT_KINDS, "product_kind")
    one_of(recall_class, cases.CLASSES, "recall_class")
    return fact(
        cases.Incident, keys.join(company, number), company=company, incident_no=number,
        title=title, kind=kind, product_kind=product_kind, recall_class=recall_class,
        hazard=hazard, agent=agent, asked=question(asked),
        rules=rules,
        jurisdictions=";".join(sorted(set(jurisdictions))) or None, lot=lot, opened_at=now(),
        **signed.fields(),
    )  # fmt: skip


def question(asked: Asked) -> str:
    """A question as it is kept."""
    return json.dumps(asked, ensure_ascii=False, sort_keys=True)


def hypothesis(incident: str, name: str, asked: Asked, signed: Signature) -> pl.DataFrame:
    """What else may be the source."""
    if not name.strip():
        raise BadInput("name_missing")
    return fact(
        cases.Hypothesis, keys.join("hypothesis", incident, name), incident=incident, name=name,
        asked=question(asked), at=now(), **signed.fields(),
    )  # fmt: skip


def deed(
    incident: str, kind: str, subject: str | None, signed: Signature, *more: str, **values: Any
) -> pl.DataFrame:
    """Something done; `more` tells deeds of one moment apart in the key."""
    at = now()
    return fact(
        cases.Deed, keys.join("deed", incident, kind, subject or "", *more, str(at)),
        incident=incident, kind=kind, subject=subject, at=at, **signed.fields(), **values,
    )  # fmt: skip


def event(incident: str, name: str, happened_at: int, signed: Signature) -> pl.DataFrame:
    """A moment that starts or stops clocks; a later statement of the same event goes before."""
    one_of(name, cases.EVENTS, "event")
    if happened_at > now():
        raise BadInput("event_in_future")
    return deed(incident, "event", name, signed, happened_at=happened_at)


def classified(
    row: Mapping[str, Any],
    signed: Signature,
    *,
    product_kind: str | None = None,
    recall_class: str | None = None,
    jurisdictions: Iterable[str] = (),
) -> dict[str, pl.DataFrame]:
    """Kind of product, class and further countries of an incident: as stated, and who said so."""
    one_of(product_kind, cases.PRODUCT_KINDS, "product_kind")
    one_of(recall_class, cases.CLASSES, "recall_class")
    known = [name for name in (row["jurisdictions"] or "").split(";") if name]
    values = {
        "product_kind": product_kind,
        "recall_class": recall_class,
        "jurisdictions": ";".join(sorted({*known, *jurisdictions})) or None,
    }
    if not any((product_kind, recall_class, *jurisdictions)):
        raise BadInput("nothing_classified")
    same = {"company": row["company"], "incident_no": row["incident_no"]}
    told = " ".join(f"{name}={value}" for name, value in values.items() if value)
    return {
        "Incident": fact(cases.Incident, row["key"], **same, **values),
        "Deed": deed(row["key"], "classify", told, signed),
    }


def deadline(rule: str, signed: Signature, **values: Any) -> pl.DataFrame:
    """A time limit that goes before the shipped one of that name; None leaves a field as it is."""
    one_of(values.get("trigger"), cases.EVENTS, "event")
    one_of(values.get("act"), cases.EVENTS, "event")
    one_of(values.get("recall_class"), cases.CLASSES, "recall_class")
    if values.get("product_kind") != "*":
        one_of(values.get("product_kind"), cases.PRODUCT_KINDS, "product_kind")
    if values.get("hours") is not None and values.get("working_days") is not None:
        raise BadInput("two_durations")
    if (values.get("hours") or 0) < 0 or (values.get("working_days") or 0) < 0:
        raise BadInput("negative_duration")
    if not rule.strip():
        raise BadInput("name_missing")
    at = now()
    return fact(
        cases.DeadlineRule, keys.join("deadline", rule, str(at)), rule=rule, at=at,
        **signed.fields(), **values,
    )  # fmt: skip


def together(*tables: Mapping[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    """Tables by kind as one."""
    found: dict[str, list[pl.DataFrame]] = {}
    for table in tables:
        for kind, frame in table.items():
            found.setdefault(kind, []).append(frame)
    return {kind: pl.concat(frames) for kind, frames in found.items()}


def rows(kind: type, values: list[dict[str, Any]]) -> pl.DataFrame:
    """Rows of a kind, each with its key."""
    if not values:
        return conform(kind, pl.DataFrame(schema={"key": pl.String}), provenance=True)
    return conform(kind, pl.DataFrame(values, infer_schema_length=None), provenance=True)


def holds(incident: str, wanted: pl.DataFrame, as_of: int, signed: Signature) -> pl.DataFrame:
    """Holds of lots at places: lot, place, site, quantity, uom."""
    spot = (pl.col(name).fill_null("").map_elements(keys.escape, return_dtype=pl.String)
            for name in ("lot", "place", "site"))  # fmt: skip
    stated = {name: pl.lit(value) for name, value in signed.fields().items()}
    return conform(
        cases.Hold,
        wanted.with_columns(
            key=pl.concat_str([pl.lit(keys.join("hold", incident)), *spot], separator="/"),
            incident=pl.lit(incident), as_of=pl.lit(as_of), at=pl.lit(now()), **stated,
        ),
        provenance=True,
    )  # fmt: skip


def notices(
    incident: str, customers: pl.DataFrame, depth: str, level: str, share: float | None,
    signed: Signature,
) -> pl.DataFrame:  # fmt: skip
    """Notices to customers: customer, language, contact. Raises BadInput for what is not known."""
    one_of(depth, cases.DEPTHS, "depth")
    one_of(level, tuple(cases.LEVELS), "level")
    if level == "B" and not 0 < (share or 0) <= 1:
        raise BadInput("share_missing")
    at, stated = now(), signed.fields()
    return rows(
        cases.Notice,
        [
            {
                "key": keys.join("notice", incident, customer), "incident": incident,
                "customer": customer, "depth": depth, "level": level,
                "share": cases.LEVELS[level] if level != "B" else share, "contact": contact,
                "language": language, "at": at, **stated,
            }
            for customer, language, contact in customers.select(
                "customer", "language", "contact"
            ).iter_rows()
        ],
    )  # fmt: skip


def answers(
    incident: str, notice: str, lot: str | None, uom: str | None,
    amounts: Mapping[str, float], signed: Signature,
) -> list[pl.DataFrame]:  # fmt: skip
    """What a customer says of goods it got: amounts recovered, destroyed, used."""
    for outcome, amount in amounts.items():
        one_of(outcome, cases.OUTCOMES, "outcome")
        if not (math.isfinite(amount) and amount >= 0):
            raise BadInput("bad_amount", amount=amount)
    return [
        deed(incident, "answer", notice, signed, lot or "", outcome, lot=lot, uom=uom,
             disposition=outcome, quantity=amount)
        for outcome, amount in amounts.items()
    ]  # fmt: skip


def sub_consignees(notice: str, listed: Iterable[Mapping[str, Any]]) -> pl.DataFrame:
    """Whom a customer passed goods on to; a later list states the same consignee and lot anew."""
    made = []
    for n, one in enumerate(listed, 1):
        if not str(one.get("consignee") or "").strip():
            raise BadInput("consignee_missing", row=n)
        key = keys.join("sub", notice, str(one["consignee"]), str(one.get("lot") or ""))
        made.append({"key": key, "notice": notice, **one})
    return rows(cases.SubConsignee, made)


def claim(
    incident: str, supplier: str, kind: str, signed: Signature, *,
    reply_hours: float | None, amount: float | None, currency: str | None,
) -> pl.DataFrame:  # fmt: skip
    """What a supplier is asked to answer and pay; one a supplier, kind and moment."""
    one_of(kind, cases.CLAIM_KINDS, "claim")
    if any(value is not None and value < 0 for value in (reply_hours, amount)):
        raise BadInput("bad_amount", amount=amount)
    at = now()
    return fact(
        cases.Claim, keys.join("claim", incident, supplier, kind, str(at)), incident=incident,
        supplier=supplier, kind=kind, reply_hours=reply_hours, amount=amount, currency=currency,
        at=at, **signed.fields(),
    )  # fmt: skip
