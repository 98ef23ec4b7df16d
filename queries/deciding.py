"""What a decision is about: lots, codes and decisions, of what a person wrote."""

from __future__ import annotations

import polars as pl

from graph_model import keys
from graph_model.errors import Ambiguous, BadInput, NotFound
from graph_model.interval import in_force
from graph_model.lineage import Lineage
from graph_model.network import Facts
from graph_model.schema import Customer, Decision, Item, Site, Supplier
from queries import given
from queries.recall.contact import runs
from queries.recall.roots import one_lot

KINDS = (
    "delay", "trust_source", "rule_out_root", "same_lot", "alias_item", "alias_company", "horizon",
    "tolerance", "revoke",
)  # fmt: skip


def resolved(
    kind: str, subject: str, target: str | None, facts: Facts, lineage: Lineage, company: str
) -> tuple[str, str, str | None]:
    """Kind, subject and target of a decision as they are recorded.

    `company`: whose item numbers are written without a company. Raises NotFound, Ambiguous, and
    BadInput for a kind there is not or a target that is missing.
    """
    if kind not in KINDS:
        raise BadInput("no_such_decision_kind", kind=kind, kinds=", ".join(KINDS))
    if kind in ("same_lot", "alias_item", "alias_company", "tolerance") and not target:
        raise BadInput("decision_target_missing", kind=kind)
    if kind == "rule_out_root":
        return kind, _lot(lineage, subject), None
    if kind == "same_lot":
        return kind, _lot(lineage, subject), _lot(lineage, target or "")
    if kind in ("alias_item", "alias_company"):
        return "alias", *_codes(kind, subject, target or "", facts, company)
    if kind == "horizon":
        return kind, _line(facts, subject), target
    if kind == "tolerance":
        return kind, _item(subject, facts, company), f"{given.share(target or ''):g}"
    if kind == "revoke" and subject not in in_force(facts[Decision])["key"]:
        raise NotFound("no_such_decision", key=subject)
    return kind, subject, None


def _lot(lineage: Lineage, reference: str) -> str:
    key: str = lineage.lots["key"][one_lot(lineage, reference)]
    return key


def _line(facts: Facts, name: str) -> str:
    """The line, machine or tank of this key or code, or that a place of it is part of."""
    tops = runs.lines(facts[Site]).join(facts[Site].select("site_code", place="key"), on="place")
    named = tops.filter((pl.col("place") == name) | (pl.col("site_code") == name))
    found = named["line"].drop_nulls().unique().sort()
    if found.is_empty():
        raise NotFound("line_not_found", number=name)
    if len(found) > 1:
        raise Ambiguous("line_ambiguous", found.to_list(), number=name, candidates=", ".join(found))
    key: str = found[0]
    return key


def _codes(kind: str, alias: str, code: str, facts: Facts, company: str) -> tuple[str, str]:
    if kind == "alias_company":
        one, two = alias, code
        known = {*facts[Supplier]["key"], *facts[Customer]["key"]}
        if two not in known:
            raise NotFound("code_not_found", number=code)
        return one, two
    return _item_key(alias, company), _item(code, facts, company)


def _item(code: str, facts: Facts, company: str) -> str:
    """Key of a recorded item."""
    key = _item_key(code, company)
    if key not in facts[Item]["key"]:
        raise NotFound("code_not_found", number=code)
    return key


def _item_key(code: str, company: str) -> str:
    """An item of another company's numbering is written COMPANY/ITEM."""
    return code if "/" in code else keys.join(company, code)
