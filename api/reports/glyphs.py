"""Which characters the bundled font has; what it lacks is printed as its code point.

Read from the font's own character map (OpenType `cmap`, format 12).
"""

from __future__ import annotations

import re
import struct
from functools import cache
from importlib.resources import files
from pathlib import Path

FONTS = Path(str(files("api.reports") / "fonts"))
_REGULAR = FONTS / "NotoSansSC-Regular.ttf"
_HIDDEN = re.compile(
    r"[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    r"\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffc]"
)
"""Characters without a shape of their own: two numbers that differ in one look alike."""


@cache
def covered() -> frozenset[int]:
    """Code points that the bundled font draws."""
    data = _REGULAR.read_bytes()
    tables = struct.unpack_from(">H", data, 4)[0]
    entries = (struct.unpack_from(">4sIII", data, 12 + 16 * at) for at in range(tables))
    start = next(offset for tag, _, offset, _ in entries if tag == b"cmap")
    found: set[int] = set()
    for at in range(struct.unpack_from(">H", data, start + 2)[0]):
        offset = start + struct.unpack_from(">HHI", data, start + 4 + 8 * at)[2]
        if struct.unpack_from(">H", data, offset)[0] != 12:
            continue
        for group in range(struct.unpack_from(">I", data, offset + 12)[0]):
            first, last, _ = struct.unpack_from(">III", data, offset + 16 + 12 * group)
            found.update(range(first, last + 1))
    return frozenset(found)


def printable(content: str) -> str:
    """The text with every character that would not be seen as `[U+XXXX]`; line ends are blanks."""
    content = re.sub(r"\s*[\r\n\t]\s*", " ", content)
    if content.isascii() and content.isprintable():
        return content
    known = covered()
    return "".join(
        char if ord(char) in known and not _HIDDEN.match(char) and char >= " " else _coded(char)
        for char in content
    )


def _coded(char: str) -> str:
    return f"[U+{ord(char):04X}]"
