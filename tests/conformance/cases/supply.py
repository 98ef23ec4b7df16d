"""What items and lots are used for, and where lots are."""

from tests.conformance.cases import Case
from tests.conformance.plant import DAY, HOUR

CASES = {
    "where_used_planned": [
        # A co-product of dough is no input of it.
        Case({"item": "P/BR"}, "item", []),
        Case({"item": "P/A"}, "item item_name steps", [
            ("P/F", "Flour", 1), ("P/D", "Dough", 2), ("P/C", "Cake", 3)]),
    ],
    "where_used_actual": [
        Case({"item": "P/F"}, "item item_name operations input_lots output_lots", [
            ("P/D", "Dough", 2, 2, 2)]),
        # Rework puts cake into dough, which no recipe plans. D1A and D3 were baked.
        Case({"item": "P/C"}, "item operations input_lots output_lots", [("P/D", 1, 1, 1)]),
        Case({"item": "P/D"}, "item operations input_lots output_lots", [("P/C", 2, 2, 2)]),
        # Sugar without a lot counts through the mixed stock.
        Case({"item": "P/SU"}, "item operations input_lots output_lots", [("P/D", 2, 2, 2)]),
    ],
    "where_are_lots": [
        Case({"lots": ["P/C/C2", "P/C/C1"]}, "lot state place party quantity uom status", [
            ("P/C/C1", "shipped", "P/V1", "K1", 20.0, "kg", "delivered"),
            ("P/C/C1", "in_transit", "P/V4", None, 1.0, "kg", "shipped"),
            ("P/C/C2", "in_transit", "P/V2", "K2", 10.0, "kg", "shipped"),
            ("P/C/C2", "planned", "P/V3", "K3", 10.0, "kg", "planned"),
            ("P/C/C2", "stock", "P/WH", None, 20.0, "kg", "hold")]),
        Case({"lots": ["P/F/F2", "P/F/F1"]}, "lot state place place_name quantity status as_of", [
            ("P/F/F2", "in_process", "P/produce/W6", "Kneader", 10.0, "open", 25 * HOUR),
            ("P/F/F1", "stock", "P/WH", "Warehouse", 58.0, "conforming", 5 * DAY)]),
    ],
}  # fmt: skip
