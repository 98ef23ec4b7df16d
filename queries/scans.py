"""What a scanner or a person hands over: a plain number, or a GS1 or EPC code that holds some."""

from __future__ import annotations

from dataclasses import dataclass, field

from biip import parse
from biip.gs1_messages import GS1Message

from graph_model import identifiers
from graph_model.identifiers import Thing

LOT_NUMBERS = ("10", "21", "00", "235")
"""Application identifiers that number goods: batch or lot, serial, SSCC, third-party serial."""
GTIN = ("01", "02")


@dataclass(frozen=True)
class Scan:
    """What was typed, and what a code in it says: element strings by application identifier.

    `key`: of the lot under GS1's own numbering, where the code names one.
    """

    text: str
    numbers: tuple[str, ...]
    elements: dict[str, str] = field(default_factory=dict)
    key: str | None = None


def read(text: str) -> Scan:
    """The numbers to look for: the text as it stands, or the numbers that its code holds."""
    text = text.strip()
    if text.startswith("urn:"):
        thing = identifiers.thing(text)
        named = [thing.sublot or thing.lot_no or thing.item_code] if thing.known else []
        return Scan(text, tuple(filter(None, named)) or (text,), {}, thing.lot)
    message = _message(text)
    elements = {e.ai.ai: e.value for e in message.element_strings} if message else {}
    numbers = [elements[ai] for ai in LOT_NUMBERS if ai in elements]
    numbers += [] if numbers else [elements[ai] for ai in GTIN if ai in elements]
    named_thing: Thing | None = identifiers.of_elements(elements)
    key = named_thing.lot if named_thing else None
    return Scan(text, tuple(numbers) or ((text,) if text else ()), elements, key)


def _message(text: str) -> GS1Message | None:
    if text.startswith("("):
        try:
            return GS1Message.parse_hri(text)
        except ValueError:
            return None
    found = parse(text) if text else None
    if found is None:
        return None
    if found.gs1_digital_link_uri is not None:
        return found.gs1_digital_link_uri.as_gs1_message()
    return found.gs1_message
