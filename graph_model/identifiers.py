"""What a GS1, GDST or other identifier names: a lot, a piece, a container, or only an item.

A GTIN with a lot is one lot in whatever form it is written: URN, Digital Link or element string.
GS1 numbers are read by `epcpy` (URNs) and `biip` (Digital Links). What neither reads stays one
thing under its own text, for an identifier that is not understood is still an identity.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import quote, unquote

from biip import ParseError
from biip.gs1_digital_link_uris import GS1DigitalLinkURI
from epcpy.epc_schemes.lgtin import LGTIN
from epcpy.utils.common import ConvertException
from epcpy.utils.parsers import epc_pure_identity_to_gs1_element

from graph_model.keys import GS1, join, lot_key

URI = "URI"
"""Whose numbering an identifier is that is kept as it stands."""
EPCIS = "EPCIS"
"""Company of operations, shipments and places that events name."""
RESOLVER = "https://id.gs1.org"
"""GS1's own address of a Digital Link; the canonical form of an identifier."""
OWN = "urn:lotgraph:"
"""How identifiers begin of what has no GS1 number; `own` writes them, this module reads them."""
_MOST = 1 << 17
_GDST = re.compile(r"urn:gdst:([^:]+):product:(lot:class|class|serial:obj):([^.]+)\.(.+)", re.I)
_CONTAINERS = ("urn:epc:id:sscc:", "urn:epc:id:grai:", "urn:epc:id:giai:")
_GOODS = ("urn:epc:id:sgtin:", "urn:epc:class:lgtin:")
_PATTERN = re.compile(r"urn:epc:idpat:(?:s|l)gtin:(\d+)\.(\d+)\.\*")


@dataclass(frozen=True, slots=True)
class Thing:
    """`lot` is null for an item without lot, `item` for what has no item number.

    `code` is the same text for every form of one identifier. `parent`: of a piece, the number of
    the lot that the identifier names. `known`: its form was understood.
    """

    code: str
    lot: str | None = None
    owner: str = URI
    item_code: str = ""
    lot_no: str = ""
    sublot: str = ""
    item: str | None = None
    parent: str | None = None
    kind: str | None = None
    known: bool = True


def own(kind: str, *parts: str) -> str:
    """Identifier of a lot, item, container, place, party, operation or delivery by its own key."""
    return OWN + ":".join((kind, *(quote(part, safe="") for part in parts)))


def own_parts(text: str | None, kind: str) -> list[str] | None:
    """The parts of such an identifier of this kind; None for any other text."""
    head = f"{OWN}{kind}:"
    if text is None or not text.startswith(head):
        return None
    return [unquote(part) for part in text.removeprefix(head).split(":")]


@lru_cache(_MOST)
def thing(text: str) -> Thing:
    """What the identifier names."""
    if text.startswith(OWN) and (one := _own(text)):
        return one
    if found := _GDST.fullmatch(text):
        return _gdst(text, *found.groups())
    if found := _PATTERN.fullmatch(text):
        gtin = _gtin(*found.groups())
        return _of_gtin({"01": gtin}) if gtin else Thing(text, known=False)
    if text.startswith("urn:epc:idpat:"):
        return Thing(text)
    elements = _elements(text)
    return _of_elements(elements) or _as_it_stands(text)


@lru_cache(_MOST)
def place(text: str) -> tuple[str, str]:
    """Company and code of a place: a GLN, with an extension if it has one, else the text itself."""
    named = own_parts(text, "place")
    if named and len(named) == 2:
        return named[0], named[1]
    elements = _elements(text)
    if "414" not in elements:
        return EPCIS, text
    extension = elements.get("254", "0")
    return EPCIS, elements["414"] + (f".{extension}" if extension != "0" else "")


@lru_cache(_MOST)
def party(text: str) -> str:
    """The code of a company: the GLN of a party or of its place, else the text itself."""
    named = own_parts(text, "party")
    elements = _elements(text)
    return (named and named[0]) or elements.get("417") or elements.get("414") or text


def of_elements(elements: Mapping[str, str]) -> Thing | None:
    """What element strings name, by application identifier; None where it is no goods."""
    return _of_elements(dict(elements))


def digital_link(elements: Mapping[str, str]) -> str:
    """The canonical Digital Link of identifiers in order."""
    path = "/".join(f"{ai}/{quote(value, safe='')}" for ai, value in elements.items())
    return f"{RESOLVER}/{path}"


def _elements(text: str) -> dict[str, str]:
    """Element strings by application identifier; empty where it is no GS1 number."""
    try:
        if text.startswith("urn:epc:"):
            return _of_urn(text)
        if "://" in text:
            uri = GS1DigitalLinkURI.parse(text)
            return {element.ai.ai: element.value for element in uri.element_strings}
    except (ConvertException, ParseError, ValueError, IndexError):
        pass
    return {}


def _of_urn(text: str) -> dict[str, str]:
    is_lot = text.startswith("urn:epc:class:lgtin:")
    read = LGTIN(text) if is_lot else epc_pure_identity_to_gs1_element(text)
    message: str = read.gs1_element_string()
    # The first identifier is a number of fixed length, so its value holds no bracket.
    ai, _, rest = message[1:].partition(")")
    value, bracket, rest = rest.partition("(")
    more, _, serial = rest.partition(")")
    return {ai: value} | ({more: serial} if bracket else {})


def _gtin(prefix: str, reference: str) -> str | None:
    try:
        return LGTIN(f"urn:epc:class:lgtin:{prefix}.{reference}.0").gtin()
    except ConvertException:
        return None


def _of_elements(elements: dict[str, str]) -> Thing | None:
    if "01" in elements:
        return _of_gtin(elements)
    for ai in ("00", "8003", "8004"):
        if value := elements.get(ai):
            number = value if ai == "00" else f"({ai}){value}"
            code = digital_link({ai: value})
            key = lot_key(GS1, "", number)
            return Thing(code, key, GS1, lot_no=number, kind="container")
    return None


def _of_gtin(elements: dict[str, str]) -> Thing:
    """A serial number is unique within its GTIN, so the lot of a piece is no part of its key."""
    gtin = elements["01"].zfill(14 if len(elements["01"]) in (8, 12, 13) else 0)
    item, lot_no = join(GS1, gtin), elements.get("10", "")
    serial = elements.get("21") or elements.get("235") or ""
    if not lot_no and not serial:
        return Thing(digital_link({"01": gtin}), owner=GS1, item_code=gtin, item=item)
    if not serial:
        code = digital_link({"01": gtin, "10": lot_no})
        return Thing(code, lot_key(GS1, gtin, lot_no), GS1, gtin, lot_no, "", item)
    code = digital_link({"01": gtin, ("21" if elements.get("21") else "235"): serial})
    key = lot_key(GS1, gtin, "", serial)
    return Thing(code, key, GS1, gtin, "", serial, item, lot_no or None, "serial")


def _gdst(text: str, domain: str, level: str, company: str, rest: str) -> Thing:
    """Numbers of the seafood dialogue: `urn:gdst:<domain>:product:…:<company>.<item>.<lot>`."""
    owner = f"{domain}:{company}"
    item_code, _, number = (unquote(part) for part in rest.partition("."))
    item = join(owner, item_code)
    if level.lower() == "class" or not number:
        return Thing(text, owner=owner, item_code=item_code, item=item)
    if level.lower() == "serial:obj":
        key = lot_key(owner, item_code, "", number)
        return Thing(text, key, owner, item_code, "", number, item, kind="serial")
    key = lot_key(owner, item_code, number)
    return Thing(text, key, owner, item_code, number, "", item)


def _own(text: str) -> Thing | None:
    for kind, sizes in (("lot", (3, 4)), ("item", (2,)), ("container", (2,))):
        parts = own_parts(text, kind)
        if parts is None or len(parts) not in sizes:
            continue
        if kind == "container":
            owner, number = parts
            return Thing(text, lot_key(owner, "", number), owner, lot_no=number, kind=kind)
        owner, item_code = parts[:2]
        item = join(owner, item_code) if item_code else None
        if kind == "item":
            return Thing(text, owner=owner, item_code=item_code, item=item)
        key = lot_key(*parts)
        return Thing(text, key, owner, item_code, parts[2], "".join(parts[3:]), item)
    return None


def _as_it_stands(text: str) -> Thing:
    low = text.lower()
    kind = "container" if low.startswith(_CONTAINERS) else None
    known = not low.startswith((*_CONTAINERS, *_GOODS))
    return Thing(text, lot_key(URI, "", text), URI, lot_no=text, kind=kind, known=known)
