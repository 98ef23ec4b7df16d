"""Lots by where they passed, and anything by a number."""

from tests.conformance.cases import POOL, Case
from tests.conformance.plant import HOUR

W1 = [
    ("P/F/F1", "consumed", "P/produce/W1", 45.0), ("P/SU/G1", "consumed", "P/produce/W1", 5.0),
    ("P/D/D1", "produced", "P/produce/W1", 50.0), ("P/F/F1", "returned", "P/produce/W1", 3.0),
]  # fmt: skip
W2 = [
    ("P/F/F2", "consumed", "P/produce/W2", 45.0), (POOL, "consumed", "P/produce/W2", None),
    ("P/D/D2", "produced", "P/produce/W2", 50.0),
]  # fmt: skip
W3 = [
    ("P/D/D1A", "consumed", "P/produce/W3", 30.0), ("P/PA/K9", "consumed", "P/produce/W3", 1.0),
    ("P/C/C1", "produced", "P/produce/W3", 30.0),
]  # fmt: skip
W4 = [("P/D/D3", "consumed", "P/produce/W4", 40.0), ("P/C/C2", "produced", "P/produce/W4", 40.0)]
MOVED = "key action subject quantity"
FOUND = "kind key number name owner"

CASES = {
    "lots_by_number": [
        Case({"number": "77"}, "key owner item_code lot_no sublot", [
            ("S1/F/77", "S1", "F", "77", ""), ("S2/F/77", "S2", "F", "77", "")]),
        Case({"number": "T-C1"}, "key", [("P/C/C1",)]),
    ],
    "lots_of_supplier": [
        Case({"supplier": "S1", "lot_no": "77"}, "key", [("S1/F/77",)]),
        Case({"supplier": "S2", "lot_no": "F2"}, "key", [("P/F/F2",)]),
        Case({"supplier": "S1", "lot_no": "F2"}, "key", []),
    ],
    "lots_of_item": [
        Case({"item": "F"}, "key", [("P/F/F1",), ("P/F/F2",), ("S1/F/77",), ("S2/F/77",)]),
        Case({"item": "P/SU"}, "key lot_no", [("P/SU/G1", "G1")]),
    ],
    "lots_of_work_order": [
        Case({"work_order": "W1"}, MOVED, W1),
        Case({"work_order": "P/produce/W2"}, MOVED, W2),
    ],
    "lots_at_site": [
        Case({"site": "L2", "start": None, "finish": None}, MOVED, W3 + W4),
        Case({"site": "P/L2", "start": 20 * HOUR, "finish": None}, MOVED,
             [W3[2], *W4]),  # C1 was finished in the hour that ended at the start
        Case({"site": "PL", "start": 10 * HOUR, "finish": 12 * HOUR}, MOVED, W1 + W2[:2]),
        # Receipts were done at the warehouse, opening stock came into it, and goods lie there.
        Case({"site": "WH", "start": None, "finish": 2 * HOUR}, MOVED, [
            ("P/SU/G1", "produced", "P/opening/O1", 20.0),
            ("S1/F/77", "consumed", "P/receive/R1", 100.0),
            ("P/F/F1", "produced", "P/receive/R1", 100.0),
            ("S2/F/77", "consumed", "P/receive/R2", 100.0),
            ("P/F/F2", "produced", "P/receive/R2", 100.0)]),
        Case({"site": "WH", "start": 12 * HOUR, "finish": None}, MOVED + " person", [
            ("P/F/F1", "returned", "P/produce/W1", 3.0, None),
            ("P/C/C1", "shipped", "P/V4", 1.0, None),
            ("P/F/F1", "stored", "P/WH", 58.0, None), ("P/C/C2", "stored", "P/WH", 20.0, None)]),
        Case({"site": "L9", "start": None, "finish": None}, MOVED, []),
    ],
    "lots_of_operator": [
        Case({"person": "p2", "start": None, "finish": None}, MOVED, [W3[0], W3[2], W4[0]]),
        Case({"person": "p1", "start": None, "finish": 11 * HOUR}, MOVED, W1[:2]),
        Case({"person": "p1", "start": 25 * HOUR, "finish": None}, MOVED, [
            ("P/F/F2", "consumed", "P/produce/W6", 10.0), ("P/C/C1", "shipped", "P/V1", 20.0)]),
    ],
    "lots_of_shipment": [
        Case({"shipment": "V1"}, "key quantity uom shipment", [("P/C/C1", 20.0, "kg", "P/V1")]),
        Case({"shipment": "P/V3"}, "key", [("P/C/C2",)]),
    ],
    "lots_of_customer": [
        Case({"customer": "K2"}, "key shipment status quantity uom", [
            ("P/C/C2", "P/V2", "shipped", 10.0, "kg")]),
        Case({"customer": "K3"}, "key status", [("P/C/C2", "planned")]),
    ],
    "find": [
        Case({"number": " 77 "}, FOUND, [
            ("supplier_lot", "S1/F/77", "77", "F", "S1"),
            ("supplier_lot", "S2/F/77", "77", "F", "S2")]),
        Case({"number": "T-C1"}, FOUND, [
            ("lot", "P/C/C1", "C1", "C", "P"), ("complaint", "P/B1", "B1", "metal", "P")]),
        Case({"number": "W5"}, FOUND, [("operation", "P/produce/W5", "W5", "rework", "P")]),
        Case({"number": "PO1"}, FOUND, [("operation", "P/receive/R1", "R1", "receive", "P")]),
        Case({"number": "SO2"}, FOUND, [("shipment", "P/V2", "V2", "K2", "P")]),
        Case({"number": "K3"}, FOUND, [("customer", "K3", "K3", "School", "K3")]),
        Case({"number": "S1"}, FOUND, [("supplier", "S1", "S1", "North Mill", "S1")]),
        Case({"number": "D"}, FOUND, [("item", "P/D", "D", "Dough", "P")]),
        Case({"number": "L1"}, FOUND, [("site", "P/L1", "L1", "Kneader", "P")]),
        Case({"number": "Q1"}, FOUND, [("inspection", "P/Q1", "Q1", None, "P")]),
        Case({"number": "E1"}, FOUND, [("incident", "P/E1", "E1", None, "P")]),
        Case({"number": "~pool"}, FOUND, []),
    ],
}  # fmt: skip
