"""PDF reports read again with another library, and what must hold of each page of any of them."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from typing import Any

import pypdfium2

from api.reports import pdf
from api.reports.document import Document

A4 = (595.28, 841.89)
EDGE = 8 * 72 / 25.4
"""Nothing is printed nearer to the edge than 8 mm."""


def text_of(content: bytes) -> list[str]:
    """The text of each page."""
    with pypdfium2.PdfDocument(content) as book:
        # pdfium takes a hyphen at the end of a line for one of hyphenation and marks it so.
        return [page.get_textpage().get_text_range().replace("\ufffe", "-") for page in book]


def attached(content: bytes) -> bytes:
    """The attachment of a report."""
    with pypdfium2.PdfDocument(content) as book:
        assert book.count_attachments() == 1
        return bytes(book.get_attachment(0).get_data())


def squeezed(words: str) -> str:
    """Without what a line break may add or take."""
    return re.sub(r"\s+", "", words)


def printed(value: Any, name: str = "") -> Iterator[str]:
    """All texts of a report's content that are to be read on its pages."""
    if isinstance(value, str):
        yield from [] if name in {"svg", "mark", "type", "aligns"} else [value]
    elif isinstance(value, dict):
        empty = value.get("type") == "table" and not value["rows"]  # says that there are none
        for key, part in value.items():
            yield from [] if empty else printed(part, key)
    elif isinstance(value, list):
        for part in value:
            yield from printed(part, name)


def check(document: Document) -> list[str]:
    """Checks a report and its pages; gives their text.

    Made twice it is the same bytes; the hash on its pages is that of the content attached to it;
    each text of the content is there, whole; no glyph is missing, and nothing lies outside.
    """
    content = pdf.render(document)
    assert pdf.render(document) == content
    inside = attached(content)
    assert hashlib.sha256(inside).hexdigest() == document.digest()
    pages = text_of(content)
    whole = squeezed("".join(pages))
    for number, page in enumerate(pages, 1):
        assert "\ufffd" not in page
        assert document.digest() in squeezed(page)
        assert squeezed(document.edition.head) in squeezed(page)
        assert str(number) in page
    told = json.loads(inside)
    for words in printed({key: told[key] for key in ("title", "subject", "state", "blocks")}):
        assert seen(words, whole), words
    _check_boxes(content)
    return pages


def seen(words: str, whole: str) -> bool:
    """Whether a text is there: at once, or word by word, since lines of a cell alternate with those
    of its neighbours and with the foot of the page."""
    return squeezed(words) in whole or all(_pieces(word, whole) for word in words.split())


def _pieces(word: str, whole: str) -> bool:
    """Whether a word is there, whole or broken into pieces."""
    at = 0
    while at < len(word):
        step = next((n for n in range(len(word) - at, 0, -1) if word[at : at + n] in whole), 0)
        if not step:
            return False
        at += step
    return True


def _check_boxes(content: bytes) -> None:
    with pypdfium2.PdfDocument(content) as book:
        for page in book:
            width, height = page.get_size()
            assert (round(width), round(height)) in {(595, 842), (842, 595)}
            letters = page.get_textpage()
            for at in range(letters.count_chars()):
                left, bottom, right, top = letters.get_charbox(at)
                if right <= left:
                    continue  # a space, or a line end that pdfium adds
                assert left >= EDGE, letters.get_text_range(at, 1)
                assert right <= width - EDGE, letters.get_text_range(at, 1)
                assert bottom >= EDGE, letters.get_text_range(at, 1)
                assert top <= height - EDGE, letters.get_text_range(at, 1)
            assert _drawn(page)


def _drawn(page: pypdfium2.PdfPage) -> bool:
    """Renders the page; whether there is anything on it."""
    bitmap = page.render(scale=0.5, grayscale=True)
    return min(bytes(bitmap.buffer)) < 128
