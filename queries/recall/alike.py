"""Lot numbers that are easily mistaken for another: what a scope lists as *near*.

Alike are numbers that are equal but for case, width, punctuation, leading zeros and letters that
look like digits, and those that have one character more or less or two neighbours swapped. Another
digit in the same place is another number: consecutive lots are not alike.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import polars as pl
from rapidfuzz import fuzz, process

from graph_model.lineage import Index, Lineage, once

_LOOKS_LIKE = {"O": "0", "Q": "0", "I": "1", "L": "1", "Z": "2", "S": "5", "B": "8"}
_ALPHABET = "0123456789ACDEFGHJKMNPRTUVWXY"
_SCORE = 85.0


def near(lineage: Lineage, texts: Iterable[str]) -> Index:
    """Recorded lots with numbers alike to one of these, the numbers themselves among them."""
    wanted = {
        other for text in fold(pl.Series(list(texts), dtype=pl.String)) for other in _slips(text)
    }
    index = _index(lineage)
    keys = pl.Series(sorted(wanted), dtype=pl.String)
    start = index["folded"].search_sorted(keys, side="left").to_numpy()
    end = index["folded"].search_sorted(keys, side="right").to_numpy()
    found = [
        index["n"][low:high].to_numpy() for low, high in zip(start, end, strict=True) if high > low
    ]
    return np.unique(np.concatenate([np.empty(0, dtype=np.int64), *found]))


def suggestions(lineage: Lineage, text: str, limit: int = 8) -> list[str]:
    """The recorded lot numbers most like a text that was not found, best first."""
    numbers = lineage.lots["lot_no"].filter(pl.Series(lineage.recorded)).unique().sort().to_list()
    hits = process.extract(text, numbers, scorer=fuzz.ratio, limit=limit, score_cutoff=_SCORE)
    return [hit[0] for hit in hits]


def fold(numbers: pl.Series) -> pl.Series:
    """Numbers without case, width, punctuation and leading zeros, look-alike letters as digits."""
    plain = numbers.str.normalize("NFKC").str.to_uppercase().str.replace_all(r"[^\p{L}\p{N}]", "")
    digits = plain.str.replace_many(list(_LOOKS_LIKE), list(_LOOKS_LIKE.values()))
    return digits.str.replace_all(r"(^|[^0-9])0+([0-9])", "${1}${2}")


def _slips(text: str) -> set[str]:
    """The text, and the text with one character more or less or two neighbours swapped."""
    cuts = [(text[:at], text[at:]) for at in range(len(text) + 1)]
    found = {text}
    found |= {a + b[1:] for a, b in cuts if b}
    found |= {a + b[1] + b[0] + b[2:] for a, b in cuts if len(b) > 1}
    found |= {a + sign + b for a, b in cuts for sign in _ALPHABET}
    return found - {""}


@once
def _index(lineage: Lineage) -> pl.DataFrame:
    """folded, n: recorded lots by folded number."""
    numbered = lineage.lots.select("lot_no", n=pl.int_range(pl.len(), dtype=pl.Int64))
    numbered = numbered.filter(pl.Series(lineage.recorded) & (pl.col("lot_no") != ""))
    return numbered.select("n", folded=fold(numbered["lot_no"])).sort("folded", "n")
