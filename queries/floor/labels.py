"""What a label says: a lot by its number, with what else the code holds; and a code to print."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qs, quote, urlsplit

import segno

from graph_model import keys
from queries import scans

LOT, EXPIRY, MADE, GTIN = "10", "17", "11", "01"
"""GS1 application identifiers: batch or lot, expiration date, production date, item."""


@dataclass(frozen=True)
class Label:
    """A label as read. `key`: of a lot of ours, where it is a label that we printed.

    `expiry` and `made_on` are ISO days; all are empty where the label does not say it.
    """

    lot_no: str
    key: str = ""
    gtin: str = ""
    expiry: str = ""
    made_on: str = ""


def read(code: str) -> Label:
    """What a code that was scanned or typed says; plain text is a lot number."""
    own = parse_qs(urlsplit(code.strip()).query).get("lot", []) if "://" in code else []
    if own:
        return Label(keys.lot_parts(own[0])[2], key=own[0])
    scan = scans.read(keys.plain(code))
    told = scan.elements
    number = told.get(LOT) or (scan.numbers[0] if scan.numbers else "")
    return Label(
        number, gtin=told.get(GTIN, ""), expiry=_day(told.get(EXPIRY)), made_on=_day(told.get(MADE))
    )


def _day(written: str | None) -> str:
    """YYMMDD of GS1 as an ISO day; day 00 is the month as a whole, so its last day is not known."""
    if written is None or len(written) != 6 or not written.isascii() or not written.isdigit():
        return ""
    year, month, day = written[:2], written[2:4], written[4:]
    return f"20{year}-{month}" if day == "00" else f"20{year}-{month}-{day}"


def address(base: str, lot: str) -> str:
    """Where the label of a lot leads: its trace."""
    return f"{base}/trace?lot={quote(lot, safe='')}"


def picture(address: str) -> str:
    """A QR code of an address, as the data of an image."""
    code = segno.make(address, error="m")
    return str(code.svg_data_uri(scale=4, border=2, dark="#000", light="#fff"))
