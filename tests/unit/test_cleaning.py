"""Cells are read as printed."""

import polars as pl
import pytest

from loaders.cleaning import clean_code, clean_number
from loaders.times import Zone, read_times


@pytest.mark.parametrize(
    ("cell", "lot_no"),
    [
        ("240101.0", "240101"),  # spreadsheets hand whole numbers over as floats
        ("00123", "00123"),  # leading zeros belong to the number
        (" Ｂ－17 ", "B-17"),  # full-width typing
        ("1e5", "1e5"),
        ('="007"', "007"),
        ("a\u200bb", "ab"),
        ("x\0y", "xy"),
        ("  ", None),
    ],
)
def test_lot_number_is_read_as_printed(cell: str, lot_no: str | None) -> None:
    assert clean_code(pl.Series([cell])).to_list() == [lot_no]


@pytest.mark.parametrize(
    ("cell", "amount"),
    [("1,234.5", 1234.5), ("12,5", 12.5), ("1.234,50", 1234.5), ("5%", 0.05), ("nan", None)],
)
def test_amount_is_read_with_its_separators(cell: str, amount: float | None) -> None:
    assert clean_number(pl.Series([cell])).to_list() == [amount]


@pytest.mark.parametrize(
    ("cell", "earliest", "latest"),
    [
        ("2024-01-02 08:30:00", "2024-01-02 00:30:00.000000", "2024-01-02 00:30:00.000000"),
        ("2024/1/2 8:30", "2024-01-02 00:30:00.000000", "2024-01-02 00:30:59.999999"),
        ("2024年1月", "2023-12-31 22:00:00.000000", "2024-01-31 21:59:59.999999"),
        ("45293", "2024-01-01 22:00:00.000000", "2024-01-02 21:59:59.999999"),
        ("2024-01-02T08:30:00Z", "2024-01-02 08:30:00.000000", "2024-01-02 08:30:00.000000"),
        ("2024-02-30", None, None),
    ],
)
def test_time_is_an_interval(cell: str, earliest: str | None, latest: str | None) -> None:
    zone = Zone(pl.Series(["Asia/Shanghai"]), pl.Series([360]))
    bounds = read_times(pl.Series([cell]), zone)
    shown = [each.cast(pl.Datetime("us")).dt.strftime("%F %T%.6f").item() for each in bounds]
    assert shown == [earliest, latest]


def test_cell_is_read_the_same_whatever_stands_beside_it() -> None:
    cells = ["a  b", "张三", " Ｂ－17 ", '="007"', "'12", "240101.0", "\u200b", "1.05", None]
    together = clean_code(pl.Series(cells)).to_list()
    assert together == [clean_code(pl.Series([cell], dtype=pl.String)).item() for cell in cells]
    assert together == ["a b", "张三", "B-17", "007", "12", "240101", None, "1.05", None]


def test_times_of_a_mixed_column_are_those_of_each_cell() -> None:
    cells = [
        "2024-01-02 08:30:00", "2024-01-02 08:30", "2024-01-02", "2024/1/2 8:30", "2024/1/2",
        "2024年1月", "20240102", "45293.5", "2024-01-02T08:30:00Z", "2024-02-30", "soon", None,
        "3024-01-02 08:30:00", "2024-03-31 02:30:00", "2024-10-27 02:30",
    ]  # fmt: skip
    for names in (["Europe/Berlin"] * len(cells), ["Europe/Berlin", "Asia/Shanghai", "UTC"] * 5):
        starts = [360, 0, 0] * 5
        both = read_times(pl.Series(cells), Zone(pl.Series(names), pl.Series(starts)))
        for at, cell in enumerate(cells):
            zone = Zone(pl.Series([names[at]]), pl.Series([starts[at]]))
            alone = read_times(pl.Series([cell], dtype=pl.String), zone)
            assert [column[at] for column in both] == [column.item() for column in alone]
