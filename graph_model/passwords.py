"""Which passwords are taken: long ones that cannot be guessed from the account or the product."""

from __future__ import annotations

from graph_model.errors import BadInput

SHORTEST, LONGEST = 12, 256

SAMPLES = frozenset({"change-me", "changeme", "password", "lotgraph", "neo4j", "postgres", "admin"})
"""Secrets as they stand in samples and manuals: refused outside the demo."""

_RUNS = ("abcdefghijklmnopqrstuvwxyz", "qwertyuiopasdfghjklzxcvbnm", "01234567890123456789")


def check_password(password: str, *own: str) -> None:
    """Raises BadInput for a password that is too short, too long or easily guessed.

    No rule asks for kinds of characters, and none for a change now and then (NIST SP 800-63B,
    3.1.1.2). `own`: what the owner is called.
    """
    if not SHORTEST <= len(password) <= LONGEST:
        raise BadInput("password_length", shortest=SHORTEST, longest=LONGEST)
    rest = password.lower()
    guessable = {*SAMPLES, *(part for name in own for part in name.lower().split() if part)}
    for word in sorted(guessable, key=len, reverse=True):
        if len(word) > 2:
            rest = rest.replace(word, "")
    if len(set(rest)) < 5 or any(_in_a_row(rest, run) for run in _RUNS):
        raise BadInput("password_guessable")


def _in_a_row(text: str, run: str) -> bool:
    """Whether the text is little more than a row of keys."""
    pieces = {run[at : at + 4] for at in range(len(run) - 3)}
    hits = sum(text[at : at + 4] in pieces for at in range(len(text) - 3))
    return hits * 2 > len(text)
