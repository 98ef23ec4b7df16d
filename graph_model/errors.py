"""Errors say what to do.

LotgraphError     code = message key in every language; exit = exit status of the command line
├─ BadInput       422  2  bad argument or file; .findings where there are several
│  └─ BadFile     422  2  a file is refused as a whole
├─ Ambiguous      409  3  the number fits several lots; .choices
├─ NotFound       404  4  nothing carries that number
├─ NotAllowed     403  8  the role lacks the permission
├─ NotSignedIn    401  8  nobody is signed in, or the sign-in failed
├─ TooMany        429  9  too many requests or too dear a question; .seconds until the next try
├─ Locked         423  5  another process is writing; names the holder
├─ EngineError    503  6  the graph did not answer
├─ SourceError    502 10  a source system did not answer as agreed; nothing was taken from it
└─ LedgerError    500  7  a batch fails its hash; nothing is served from it
"""

from __future__ import annotations

from typing import Any, ClassVar


class LotgraphError(Exception):
    """Base of all errors shown to a person: a message key and its parameters."""

    status: ClassVar[int] = 500
    exit: ClassVar[int] = 1

    def __init__(self, code: str, **params: Any) -> None:
        self.code = code
        self.params = params
        super().__init__(code, params)

    def __str__(self) -> str:
        from graph_model.i18n import text

        return text(f"error.{self.code}", **self.params)


class BadInput(LotgraphError):
    """An argument or file cannot be used; says what to do."""

    status = 422
    exit = 2


class BadFile(BadInput):
    """A file is refused as a whole."""


class Ambiguous(LotgraphError):
    """The number fits several lots; `.choices` lists them."""

    status = 409
    exit = 3

    def __init__(self, code: str, choices: list[Any], **params: Any) -> None:
        super().__init__(code, **params)
        self.choices = choices


class NotFound(LotgraphError):
    """Nothing carries that number."""

    status = 404
    exit = 4


class NotAllowed(LotgraphError):
    """The role lacks the permission."""

    status = 403
    exit = 8


class NotSignedIn(LotgraphError):
    """Nobody is signed in, or the sign-in failed."""

    status = 401
    exit = 8


class TooMany(LotgraphError):
    """Too many requests, or too dear a question; `.seconds` until the next try."""

    status = 429
    exit = 9

    def __init__(self, code: str, seconds: int, **params: Any) -> None:
        super().__init__(code, seconds=seconds, **params)
        self.seconds = seconds


class Locked(LotgraphError):
    """Another process holds the data folder; the message names it."""

    status = 423
    exit = 5


class EngineError(LotgraphError):
    """The graph did not answer."""

    status = 503
    exit = 6


class SourceError(LotgraphError):
    """A source system did not answer as agreed; nothing of that answer was taken."""

    status = 502
    exit = 10


class LedgerError(LotgraphError):
    """A batch fails its hash; nothing is served from it."""

    exit = 7
