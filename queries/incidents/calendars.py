"""Working days: public holidays by country, in China with the working days moved to weekends."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import holidays

from graph_model.errors import BadInput


@cache
def calendar(place: str) -> holidays.HolidayBase:
    """The holidays of a country (`CN`) or of a part of one (`DE-BY`). Raises BadInput."""
    country, _, part = place.partition("-")
    try:
        return holidays.country_holidays(country, subdiv=part or None)
    except NotImplementedError as error:
        raise BadInput("no_such_calendar", calendar=place) from error


def provisional(place: str, year: int) -> bool:
    """Whether a year's calendar is not published yet.

    China moves working days to weekends by a notice of the year before, mostly in November.
    """
    if place.partition("-")[0] != "CN":
        return False
    known = calendar(place)
    return not known.is_working_day(f"{year}-01-01") and not any(
        day.year == year for day in known.weekend_workdays
    )


def after_working_days(start: int, count: int, place: str, zone: str) -> tuple[int, bool]:
    """When the last of so many working days ends, and whether a year is not published yet.

    The day of `start` does not count; both moments are microseconds UTC, days are those of `zone`.
    """
    here = ZoneInfo(zone)
    day = datetime.fromtimestamp(start / 1e6, UTC).astimezone(here).date()
    known, open_ = calendar(place), False
    while count:
        day += timedelta(days=1)
        count -= known.is_working_day(day)
        open_ |= provisional(place, day.year)
    end = datetime(day.year, day.month, day.day, tzinfo=here) + timedelta(days=1)
    return round(end.timestamp() * 1e6) - 1, open_
