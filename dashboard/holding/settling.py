"""What became of a line that was looked for: count again, dispose of it, ask for its release."""

from __future__ import annotations

from typing import Any

from dash import html

from dashboard import words
from dashboard.components.forms import choice, field, form, reason
from dashboard.components.parts import chip
from dashboard.holding.listing import Listing
from dashboard.visit import Visit
from graph_model.cases import DISPOSITIONS
from graph_model.i18n import text
from queries.incidents.holds import Line


def of(visit: Visit, found: Listing, line: Line) -> list[Any]:
    """The amounts of the line, and the deeds that are open to the visitor."""
    held, unit = line.held, line.hold["uom"]
    amounts = {"expected": held.expected, "found": held.found, "missing": held.missing,
               "surplus": held.surplus, "in_hand": held.in_hand}  # fmt: skip
    shown = [
        chip([text(f"screen.hold.amount_{name}"), " ", html.B(words.amounts({unit: amount}))])
        for name, amount in amounts.items()
        if amount or name in ("found", "in_hand")
    ]
    shown += [chip([words.labelled("screen.hold.disposition", kind), " ",
                    html.B(words.amounts({unit: amount}))])
              for kind, amount in held.disposed.items()]  # fmt: skip
    base, key = f"/api/v1/incidents/{found.number}", line.hold["key"]
    deeds = [_deed(text("screen.hold.recount"), f"{base}/found", unit,
                   {"lot": key, "recount": True})]  # fmt: skip
    if held.free > 0:
        kinds = [(one, words.labelled("screen.hold.disposition", one)) for one in DISPOSITIONS[:-1]]
        deeds.append(_deed(
            text("screen.hold.dispose"), f"{base}/dispositions", unit, {"lot": key},
            choice("disposition", text("screen.hold.dispose_as"), kinds),
        ))  # fmt: skip
        if visit.can("hold.release"):
            deeds.append(_deed(text("screen.hold.release"), f"{base}/releases", unit, {"lot": key}))
    return [html.Div(shown, className="chips"), *deeds]


def _deed(
    title: str, address: str, unit: str | None, fixed: dict[str, Any], *more: Any
) -> html.Details:
    amount = field("quantity", text("screen.hold.amount", unit=words.unit(unit)), required=True,
                   decimal=True)  # fmt: skip
    made = form(address, [amount, *more, reason()], title, button="accent", fixed=fixed,
                numbers=("quantity",), done=text("screen.form.done"))  # fmt: skip
    return html.Details([html.Summary(title), made])
