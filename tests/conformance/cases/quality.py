"""What complaints have in common, and where records break off."""

from tests.conformance.cases import POOL, Case

CASES = {
    "sibling_lots": [
        Case({"lots": ["P/C/C1"]}, "key common_source steps", [
            ("P/D/D1B", "P/D/D1", 2), (POOL, "P/SU/G1", 2), ("P/D/D2", "P/SU/G1", 4),
            ("P/D/D3", "P/D/D1", 4), ("P/C/C2", "P/D/D1", 6)]),
        # Common to both is the sugar, and the flour in D1.
        Case({"lots": ["P/C/C1", "P/C/C2"]}, "key common_source steps", [
            ("P/D/D1A", "P/D/D1", 2), ("P/D/D1B", "P/D/D1", 2), (POOL, "P/SU/G1", 2),
            ("P/D/D2", "P/SU/G1", 4), ("P/D/D3", "P/D/D1", 4)]),
        Case({"lots": ["S1/F/77", "S2/F/77"]}, "key", []),
        Case({"lots": []}, "key", []),
    ],
    "broken_chains": [
        Case({"lots": ["P/C/C1"]}, "problem key rule", [
            ("lot_without_origin", "P/PA/K9", ""), ("shipment_without_customer", "P/V4", "")]),
        Case({"lots": ["P/F/F2"]}, "problem key rule", [
            ("lot_not_recorded", "P/produce/W2", "unlotted")]),
        Case({"lots": ["P/F/F1"]}, "problem key", [
            ("shipment_without_customer", "P/V4"), ("operation_without_output", "P/produce/W7")]),
        Case({"lots": ["P/D/D9"]}, "problem key", [("operation_without_input", "P/produce/W8")]),
        Case({"lots": []}, "key", []),
    ],
}  # fmt: skip
