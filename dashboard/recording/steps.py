"""The steps of the floor as forms: which fields each has, and how a field is filled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from graph_model import floor
from graph_model.i18n import catalogue, language, text
from queries.floor.stops import USES

ICONS = {
    "receive": "truck", "issue": "operation", "make": "item", "move": "path", "count": "inspection",
    "ship": "shipment", "inspect": "flask", "hold": "barrier",
}  # fmt: skip
"""Large buttons, in the order of the work; a hold is lifted on the form of holds."""

_RESULTS = ("conforming", "nonconforming", "pending", "concession")


@dataclass(frozen=True)
class Field:
    """One field. `kind`: scan, number, day, choice, text; or a list that the device keeps: orders,
    items, places, suppliers, customers."""

    name: str
    kind: str = "text"
    required: bool = False
    options: tuple[str, ...] = ()
    more: bool = False
    """Seldom needed: shown when it is asked for."""

    def told(self) -> dict[str, Any]:
        """For the script, with its label."""
        options = [
            [value, text(f"screen.floor.option.{value or 'good'}")] for value in self.options
        ]
        return {"name": self.name, "kind": self.kind, "required": self.required,
                "label": text(f"screen.floor.field.{self.name}"), "options": options,
                "more": self.more}  # fmt: skip


_CODE = Field("code", "scan", required=True)
_AMOUNT = (Field("quantity", "number", required=True), Field("uom"))
STEPS: dict[str, tuple[Field, ...]] = {
    "receive": (
        Field("code", "scan"), Field("item", "items", required=True), *_AMOUNT,
        Field("supplier", "suppliers"), Field("expiry", "day"), Field("to_place", "places"),
        Field("lot_no", more=True), Field("purchase_order", more=True),
    ),
    "issue": (
        Field("order", "orders", required=True), _CODE, *_AMOUNT, Field("place", "places"),
        Field("line", "places", more=True),
    ),
    "make": (
        Field("order", "orders", required=True), *_AMOUNT, Field("to_place", "places"),
        Field("expiry", "day"), Field("result", "choice", options=("", "scrap")),
        Field("made_on", "day", more=True), Field("lot_no", more=True),
        Field("line", "places", more=True),
    ),
    "move": (
        _CODE, *_AMOUNT, Field("place", "places"), Field("to_place", "places", required=True),
    ),
    "count": (
        Field("place", "places", required=True), Field("code", "scan"), Field("item", "items"),
        *_AMOUNT,
    ),
    "ship": (
        Field("delivery"), Field("customer", "customers"), _CODE, *_AMOUNT,
        Field("place", "places"),
    ),
    "inspect": (
        _CODE, Field("check"), Field("result", "choice", required=True, options=_RESULTS),
        Field("value"), Field("reason", more=True), Field("place", "places", more=True),
    ),
    "hold": (
        _CODE, Field("step", "choice", options=("hold", "lift")),
        Field("reason", required=True),
    ),
}  # fmt: skip

TOLD = (
    "record", "back", "camera", "camera_off", "close", "scan_hint", "responsible", "second",
    "nobody", "confirm", "proposed", "expires", "blocked", "choose", "new_order", "recorded",
    "known", "stopped", "refused", "queued", "unsent", "unsent_list", "label", "print", "again",
    "mine", "waiting", "yes", "no", "withdraw", "why", "withdrawn", "against", "despite",
    "clock_off", "offline", "plan_of", "plan_cut", "none_yet", "hours", "entries", "missing",
    "remove", "correct", "more", "stop_wrong_item", "stop_blocked", "stop_expired", "waits",
    "all_sent",
)  # fmt: skip
"""Texts that the script shows."""


def told(*, may_override: bool) -> dict[str, Any]:
    """Everything that the script needs to build the page."""
    rules = "screen.floor.rule."
    return {
        "override": may_override,
        "uses": USES,
        "lasting": floor.LASTING,
        "text": {name: text(f"screen.floor.{name}") for name in TOLD},
        "items": Field("item", "items", required=True).told(),
        "order_item": Field("order_item", "items", required=True).told(),
        "steps": [
            {"name": name, "label": text(f"screen.floor.step.{name}"), "icon": ICONS[name],
             "fields": [field.told() for field in fields]}
            for name, fields in STEPS.items()
        ],
        "against": {
            key.removeprefix(rules): words for key, words in catalogue(language()).items()
            if key.startswith(rules)
        },
        "names": {name: text(f"screen.floor.step.{name}") for name in (*STEPS, "lift")},
    }  # fmt: skip
