"""The words of a recall notice and of a supplier claim, in the language of who gets them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from graph_model.i18n import text
from queries.partner import Pack


@dataclass(frozen=True)
class Letter:
    """Subject, paragraphs before the table of goods, and those after it."""

    language: str
    subject: str
    before: list[str]
    after: list[str]


def language_of(stated: str | None, country: str | None) -> str:
    """en or zh_CN: as the party's record says, else Chinese within China."""
    if stated:
        return "zh_CN" if stated.lower().startswith("zh") else "en"
    return "zh_CN" if (country or "").upper() in ("CN", "HK", "MO", "TW") else "en"


def notice(incident: Mapping[str, Any], told: Mapping[str, Any], pack: Pack, sender: str) -> Letter:
    """The notice to one customer: what to stop, what to send back, and by which answer.

    `told`: the customer's line of `notices.listing`.
    """
    lang = language_of(told["language"] or pack.language, pack.country)
    amounts = ", ".join(f"{amount:g} {unit}" for unit, amount in pack.quantity.items())
    about = {
        "number": incident["incident_no"], "title": incident["title"] or "", "amounts": amounts,
        "name": pack.name or pack.customer, "sender": sender, "lots": len(pack.lots),
    }  # fmt: skip
    before = [text(f"letter.notice.{part}", lang, **about) for part in ("dear", "what", "stop")]
    if pack.unlotted:
        before.append(text("letter.notice.unlotted", lang, count=len(pack.unlotted)))
    after = [text(f"letter.notice.depth_{told['depth'] or 'wholesale'}", lang)]
    after += [text(f"letter.notice.{part}", lang, **about) for part in ("answer", "confirm")]
    return Letter(lang, text("letter.notice.subject", lang, **about), before, after)


def claim(incident: Mapping[str, Any], owed: Mapping[str, Any], lang: str, sender: str) -> Letter:
    """The claim on a supplier: what is asked for, by when, and with which documents.

    `owed`: its line of `claims.listing`.
    """
    about = {
        "number": incident["incident_no"], "title": incident["title"] or "", "sender": sender,
        "supplier": owed["supplier"], "kind": text(f"letter.claim.kind_{owed['kind']}", lang),
        "due": owed["due"] or text("letter.claim.no_due", lang),
        "amount": "–" if owed["amount"] is None else f"{owed['amount']:,.2f}",
        "currency": owed["currency"] or "",
        "documents": ", ".join(one["document"] for one in owed["documents"]) or "–",
    }  # fmt: skip
    before = [text(f"letter.claim.{part}", lang, **about) for part in ("dear", "what")]
    after = [text(f"letter.claim.{part}", lang, **about) for part in ("reply", "money", "papers")]
    return Letter(lang, text("letter.claim.subject", lang, **about), before, after)
