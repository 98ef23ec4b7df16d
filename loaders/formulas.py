"""Texts that a spreadsheet would run as a formula, made harmless for files of plain text."""

from __future__ import annotations

RUNS = ("=", "+", "-", "@", "\t", "\r", "\n", "\0", "＝", "＋", "－", "＠")
"""How such a text begins (OWASP, CSV Injection; full width: what Chinese and Japanese Excel take
for the same sign)."""


def harmless(text: str) -> str:
    """The text, behind an apostrophe where a spreadsheet would run it."""
    return f"'{text}" if text.startswith(RUNS) else text
