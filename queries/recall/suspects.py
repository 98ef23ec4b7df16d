"""What is suspected, as a person names it."""

from __future__ import annotations

from dataclasses import dataclass, fields

from graph_model.errors import BadInput
from graph_model.i18n import text, time_text
from graph_model.interval import MAX, MIN
from queries.recall.slices import Stretch

_CAUSES = ("supplier", "supplier_lot"), ("operation", "operator", "machine", "site")
_EFFECTS = ("shipment", "customer", "complaint")


@dataclass(frozen=True, kw_only=True)
class Suspects:
    """What is suspected. Period ends are microseconds UTC; people are pseudonyms."""

    lots: tuple[str, ...] = ()
    supplier: str | None = None
    supplier_lot: str | None = None
    item: str | None = None
    start: int | None = None
    end: int | None = None
    operation: str | None = None
    operator: str | None = None
    machine: str | None = None
    site: str | None = None
    shipment: str | None = None
    customer: str | None = None
    complaint: str | None = None
    printed_from: int | None = None
    printed_to: int | None = None
    serial_from: str | None = None
    serial_to: str | None = None

    @property
    def stretch(self) -> Stretch:
        """The part of the lots that is meant, where only a part is."""
        return Stretch(
            printed_from=self.printed_from, printed_to=self.printed_to,
            serial_from=self.serial_from, serial_to=self.serial_to,
        )  # fmt: skip

    def given(self) -> dict[str, object]:
        """What was asked, without what was not."""
        return {f.name: getattr(self, f.name) for f in fields(self) if getattr(self, f.name)}

    def refuse_unused(self) -> None:
        """What would be left out of account in silence. Raises BadInput."""
        given = self.given()
        kinds = [[name for name in names if name in given] for names in (*_CAUSES, _EFFECTS)]
        named = [names for names in kinds if names]
        if len(named) > 1:
            one, other = (text(f"suspect.{names[0]}") for names in named[:2])
            raise BadInput("cannot_combine", one=one, other=other)
        if self.start is None and self.end is None:
            return
        if kinds[-1] or not (named or self.item):
            about = (kinds[-1] or [name for name in ("lots",) if self.lots] or ["end"])[0]
            raise BadInput("period_of_nothing", about=text(f"suspect.{about}"))
        if (self.start or MIN) > (MAX if self.end is None else self.end):
            raise BadInput(
                "period_reversed",
                start=time_text(self.start or MIN),
                end=time_text(self.end or MAX),
            )
