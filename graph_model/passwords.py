"""Which passwords are taken: long ones that cannot be guessed from the account or the product."""

from __future__ import annotations

from zxcvbn import zxcvbn

from graph_model.errors import BadInput

SHORTEST, LONGEST = 12, 256

SAMPLES = frozenset({"change-me", "changeme", "password", "lotgraph", "neo4j", "postgres", "admin"})
"""Secrets as they stand in samples and manuals: refused outside the demo."""

_JUDGED = 72
"""Characters that zxcvbn looks at; what so many do not give away, more of them do not."""
_SAFE = 3
"""Its score from which a password stands up to 10^8 guesses."""


def check_password(password: str, *own: str) -> None:
    """Raises BadInput for a password that is too short, too long or easily guessed.

    zxcvbn counts the guesses: 30,000 common passwords, words, names, rows of keys, repeats, dates
    and what is made of them (ASVS 6.2.4). No rule asks for kinds of characters, and none for a
    change now and then (NIST SP 800-63B, 3.1.1.2). What the owner is called
    (`own`) and samples of secrets give nothing to a password.
    """
    if not SHORTEST <= len(password) <= LONGEST:
        raise BadInput("password_length", shortest=SHORTEST, longest=LONGEST)
    rest = password.lower()
    for word in sorted({*SAMPLES, *" ".join(own).lower().split()}, key=len, reverse=True):
        if len(word) > 2:
            rest = rest.replace(word, "")
    if not rest or zxcvbn(rest[:_JUDGED])["score"] < _SAFE:
        raise BadInput("password_guessable")
