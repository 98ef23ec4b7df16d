"""What a later batch states again without change: which rows outlive the undo of their batch.

A batch keeps of such a statement only its key and the names of the columns it fills. The row of a
void batch stays in force, in those columns, while a batch of the same source that saw it in force
and stated it again is not void.
"""

from __future__ import annotations

import polars as pl

SCHEMA = {"kind": pl.String, "key": pl.String, "columns": pl.String}
_PLAIN = {"key": pl.String, "columns": pl.String}

Restating = list[tuple[int, pl.DataFrame]]
"""(batch, its restated keys and columns of one kind) in batch order."""


def restatement(name: str, stated: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
    """The statements with a `known` key as they are kept."""
    rows = stated.join(known, on="key", how="semi")
    names = [column for column in rows.columns if column != "key" and column[0] != "_"]
    filled = [
        pl.when(pl.col(column).is_not_null()).then(pl.lit(column)).alias(column) for column in names
    ]
    return rows.select(
        "key", kind=pl.lit(name), columns=pl.concat_str(filled, separator=",", ignore_nulls=True)
    ).select(*SCHEMA)


def in_force(
    rows: pl.DataFrame, batch: int, again: Restating, voided: dict[int, int]
) -> pl.DataFrame:
    """The rows of void batch `batch` that still stand, with the columns that do.

    `voided`: batch -> batch that voids it. A key may come back more than once.
    """
    seen: Restating = []
    for number, frame in again:
        if number <= batch:
            continue
        stated = frame.select("key", "columns")
        if number > voided[batch]:
            stated = _common(stated, _standing(seen, voided, number))
        seen.append((number, stated))
    standing = _standing(seen, voided, None).unique()
    kept = rows.join(standing, on="key", how="inner", maintain_order="left")
    patterns = kept["columns"].unique().to_list()  # few: a source fills the same columns each time
    return kept.select(
        pl.col(name)
        if name == "key" or name[0] == "_"
        else _filled(name, [text for text in patterns if name in text.split(",")])
        for name in rows.columns
    )


def _filled(name: str, patterns: list[str]) -> pl.Expr:
    return pl.when(pl.col("columns").is_in(patterns)).then(pl.col(name)).alias(name)


def _standing(seen: Restating, voided: dict[int, int], when: int | None) -> pl.DataFrame:
    """What the restating batches not void before batch `when` (None: now) say."""
    frames = [
        frame
        for number, frame in seen
        if number not in voided or (when is not None and voided[number] > when)
    ]
    return pl.concat(frames) if frames else pl.DataFrame(schema=_PLAIN)


def _common(stated: pl.DataFrame, before: pl.DataFrame) -> pl.DataFrame:
    both = stated.join(before, on="key", suffix="_before")
    names, others = (pl.col(name).str.split(",") for name in ("columns", "columns_before"))
    return both.select("key", columns=names.list.set_intersection(others).list.join(","))
