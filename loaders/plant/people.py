"""Persons become pseudonyms before anything is mapped."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

_NATURAL = ["person", "individual", "natural_person", "个人", "自然人"]
_COLUMNS = ("operator", "inspector", "person_code", "contact_phone")


class Names:
    """Pseudonyms by the code or name written; `real` maps pseudonyms to names."""

    def __init__(self, pseudonym: Callable[[str], str]) -> None:
        self._pseudonym = pseudonym
        self._known: dict[str, str] = {}
        self._codes: dict[str, str] = {}
        self.real: dict[str, str] = {}

    def learn(self, people: pl.DataFrame | None) -> None:
        """Names of codes, and codes of names that only one person has."""
        if people is None:
            return
        pairs = (
            people.select("person_code", "person_name").drop_nulls().unique().sort("person_code")
        )
        for code, name in pairs.iter_rows():
            pseudonym = self._of(code)
            if pseudonym:
                self.real[pseudonym] = name
        once = pairs.filter(~pl.col("person_name").is_duplicated())
        self._codes = {name: code for code, name in once.iter_rows()}

    def _of(self, written: str) -> str | None:
        if written not in self._known:
            code = self._codes.get(written, written)
            pseudonym = self._pseudonym(code)
            self._known[written] = pseudonym
            if pseudonym:
                self.real.setdefault(pseudonym, written)
        return self._known[written] or None

    def hide(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The frame with pseudonyms instead of persons; names of persons left out."""
        for column in (name for name in _COLUMNS if name in frame.columns):
            written = frame[column].unique().drop_nulls()
            hidden = {name: self._of(name) for name in written}
            replaced = frame[column].replace_strict(hidden, default=None, return_dtype=pl.String)
            frame = frame.with_columns(replaced)
        if "person_name" in frame.columns:
            frame = frame.with_columns(person_name=pl.lit(None, dtype=pl.String))
        if "customer_name" in frame.columns and "party_kind" in frame.columns:
            frame = self._natural(frame)
        return frame

    def _natural(self, frame: pl.DataFrame) -> pl.DataFrame:
        """A customer who is a natural person is named by pseudonym."""
        person = frame["party_kind"].is_in(_NATURAL).fill_null(False)
        names = frame.filter(person)["customer_name"].drop_nulls().unique()
        hidden = {name: self._of(name) for name in names}
        pseudonyms = frame["customer_name"].replace_strict(
            hidden, default=None, return_dtype=pl.String
        )
        kept = frame["customer_name"].zip_with(~person, pseudonyms)
        return frame.with_columns(kept.alias("customer_name"))
