"""What a source system is: it offers forms, and gives the documents of a form from a cursor on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from loaders.sources.forms import Form

Cursor = dict[str, Any]
"""Where a form stands, as JSON: `high` is the newest change seen, by the source's own clock, where
the system knows changes; all else is the source's own."""


@dataclass(frozen=True)
class Page:
    """Some documents of a form: one record a line, fields by their names in the source.

    `cursor`: where the form stands once these are in the ledger. `deleted`: the source no longer
    has them. `unasked`: there was no reason to ask for this form now.
    """

    form: Form
    records: list[dict[str, Any]]
    cursor: Cursor
    deleted: bool = False
    unasked: bool = False


@dataclass(frozen=True)
class Offered:
    """A form as the system has it: its title, its fields by title, and how it is used here.

    `since`: the newest change that the system knows of, as it writes it; empty where it tells none.
    """

    name: str
    title: str
    fields: tuple[str, ...]
    sheet: str = ""
    since: str = ""


@dataclass(frozen=True)
class Proposal:
    """A mapping that a person has to confirm: a form, and titles that stand for nothing here."""

    form: Form
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True)
class Proposed:
    """What is proposed for a system whose forms are its users' own, and what is left out."""

    proposals: tuple[Proposal, ...] = ()
    unread: tuple[str, ...] = ()


class Source(Protocol):
    """A system with the credentials to read it. Every method may raise SourceError."""

    def forms(self) -> list[Form]:
        """The forms to pull, in order."""

    def offers(self) -> list[Offered]:
        """What the system has."""

    def pages(self, form: Form, cursor: Cursor) -> Iterator[Page]:
        """The documents of a form that are new or changed since `cursor`, all of them for {}.

        With a `high` in the cursor the pages begin at or before it, so that they hold at least the
        record that it was taken from: an answer without any record is a fault, not "no news".
        """

    def close(self) -> None:
        """Ends the connection."""


@runtime_checkable
class Receiver(Protocol):
    """A source that also sends documents by itself, as soon as they change."""

    def received(self, pushed: Mapping[str, Any]) -> Page | None:
        """The page of a pushed document; None where its form is not one of those to pull."""


@runtime_checkable
class Proposer(Protocol):
    """A source whose forms are its users' own, so that a person confirms their mapping."""

    def propose(self) -> Proposed:
        """A mapping for each form whose title is known."""
