"""Can we go on making when a supplier's goods are suspect?"""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic import Field

from api.answers import answer, moment_of
from api.asked import Scoped, Word
from api.doors import asks
from api.scoping import scope_of, suspects
from graph_model.access import signed_in
from queries import purchasing

router = APIRouter(prefix="/api/v1", tags=["buying"])


class Covered(Scoped):
    """Supply of a supplier's items. With further fields only what they name is suspect."""

    supplier: Word = Field(min_length=1, description="Supplier code")


@asks(router, "/cover", Covered, permission="exposure.read", audit="cover.read")
def show_cover(request: Request, asked: Covered) -> Response:
    """Clean stock, what is to come, days of cover, alternates, and orders that run short."""
    moment = moment_of(request, asked.as_of, asked.after)
    given = suspects(request, asked)
    suspect = None
    if set(given.given()) != {"supplier"}:
        suspect = scope_of(request, asked, moment).held
    with request.app.state.budget.spend(signed_in().account):
        found = purchasing.cover(moment.facts, moment.lineage, given.supplier or "", suspect)
    return answer(request, purchasing.to_dict(found), "items", limit=asked.limit, after=asked.after)
