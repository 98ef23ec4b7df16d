"""All that happens, in its order: labels, ordinary life, records, deviations, notes and counts."""

from __future__ import annotations

from collections.abc import Callable

from loaders.demo_plant import bookkeeping, deviations, posting, residue
from loaders.demo_plant.book import Book, write_down
from loaders.demo_plant.life import live
from loaders.demo_plant.master import add_master
from loaders.demo_plant.spec import Dirt
from loaders.demo_plant.watch import count_difference, watch

Deviation = Callable[[Book, float], None]

BEFORE: tuple[Deviation, ...] = (deviations.two_suppliers_one_number,)
AFTER: tuple[Deviation, ...] = (
    deviations.lot_changed_at_transfer,
    deviations.topped_up_lot,
    deviations.heel_recorded,
    deviations.heel_unrecorded,
    deviations.opening_stock,
    deviations.consignment_draw,
    deviations.rework_tomorrow,
    bookkeeping.borrowed_between_orders,
    bookkeeping.whole_reel_leftover,
    bookkeeping.unposted_return,
    bookkeeping.opened_bag_returned,
    bookkeeping.book_zero_stock,
    bookkeeping.partial_scanning,
    bookkeeping.first_piece_scrap,
    bookkeeping.fifo_proposed_lot,
    bookkeeping.issue_without_lot,
    deviations.mixed_pallet,
    bookkeeping.shipment_without_lot,
    bookkeeping.draft_documents,
    posting.month_end_date,
    posting.night_shift_date,
    posting.issue_after_weekend,
    posting.scan_upload_time,
)


LAST: tuple[Deviation, ...] = (
    count_difference,
    residue.tools_and_agents,
    residue.residue_on_line,
    residue.leftover_labels,
    residue.line_unrecorded,
    residue.sample_missed,
)


def soil(book: Book, dirt: Dirt) -> None:
    """Write the records down with every deviation at its rate."""
    _deviate(book, dirt, BEFORE)
    live(book)
    write_down(book)
    add_master(book)
    _deviate(book, dirt, AFTER)
    watch(book)
    _deviate(book, dirt, LAST)


def _deviate(book: Book, dirt: Dirt, deviations: tuple[Deviation, ...]) -> None:
    for deviate in deviations:
        if rate := getattr(dirt, deviate.__name__):
            deviate(book, rate)
