"""What a report stands on: a batch of the ledger, its head, and the zone of its times."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from graph_model.ledger import BatchInfo
from graph_model.plant import Plant
from graph_model.settings import Settings

NOTHING = datetime(1970, 1, 1, tzinfo=UTC)
"""When a ledger without batches was sealed."""


@dataclass(frozen=True)
class Edition:
    """The batch that an answer stands on. `sealed` is the only date that a report carries."""

    batch: int
    head: str
    sealed: datetime
    zone: ZoneInfo
    company: str

    @property
    def sealed_us(self) -> int:
        """When the batch was sealed, in microseconds UTC."""
        return round(self.sealed.timestamp() * 1e6)

    @staticmethod
    def of(plant: Plant, as_of: int | None = None) -> Edition:
        """The edition of a plant now or as of a batch."""
        return Edition.among(plant.ledger.batches(), plant.settings, as_of)

    @staticmethod
    def among(
        batches: Sequence[BatchInfo], settings: Settings, as_of: int | None = None
    ) -> Edition:
        """The edition of the last of these batches, or of the last one until `as_of`."""
        number, head, sealed = 0, "", NOTHING
        for batch in batches:
            if as_of is None or batch.number <= as_of:
                number, head, sealed = batch.number, batch.hash, datetime.fromisoformat(batch.at)
        zone = ZoneInfo(settings.timezone)
        return Edition(number, f"{number}:{head}", sealed, zone, settings.company)
