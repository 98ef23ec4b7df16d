"""Every character of a report is seen: drawn by the bundled font, or told as its code point."""

from __future__ import annotations

import pytest

from api.reports.glyphs import covered, printable


@pytest.mark.parametrize(
    ("recorded", "shown"),
    [
        ("镕喆㐂䶮𬭎 B－17", "镕喆㐂䶮𬭎 B－17"),
        ("𠮷", "[U+20BB7]"),
        ("A\u200bB\u202e", "A[U+200B]B[U+202E]"),
        ("A\x00\x1b", "A[U+0000][U+001B]"),
        ("ไทย", "[U+0E44][U+0E17][U+0E22]"),
        ("one\r\n two\tthree", "one two three"),
        ("≤ 5 °C · € 3 – ½", "≤ 5 °C · € 3 – ½"),
    ],
)
def test_a_character_is_drawn_or_told(recorded: str, shown: str) -> None:
    assert printable(recorded) == shown


def test_the_font_has_the_common_characters() -> None:
    common = {*range(0x20, 0x7F), *range(0x4E00, 0x9FA6), *map(ord, "，。：；（）“”、·–—−€£¥×±")}
    assert common <= covered()
