"""Where lots went and where they came from."""

from tests.conformance.cases import FILL, POOL, Case

BEHIND_C2 = [
    ("P/D/D3", 2), ("P/D/D1B", 4), ("P/D/D2", 4), ("P/D/D1", 6), ("P/F/F2", 6), (POOL, 6),
    ("P/F/F1", 8), ("P/SU/G1", 8), ("S2/F/77", 8), ("S1/F/77", 10),
]  # fmt: skip
LOOP = [("P/D/D1A", 4), ("P/C/C1", 2)]

CASES = {
    "forward": [
        Case({"lots": ["S1/F/77"]}, "key steps", [
            ("P/F/F1", 2), ("P/D/D1", 4), ("P/D/D1A", 6), ("P/D/D1B", 6), ("P/C/C1", 8),
            ("P/D/D3", 8), ("P/C/C2", 10)]),
        Case({"lots": ["S2/F/77"]}, "key steps", [
            ("P/F/F2", 2), ("P/D/D2", 4), ("P/D/D3", 6), ("P/C/C2", 8)]),
        Case({"lots": ["P/D/D1A"]}, "key steps", LOOP),
        Case({"lots": ["P/D/D1B", "P/D/D2"]}, "key steps", [("P/D/D3", 2), ("P/C/C2", 4)]),
        Case({"lots": ["P/C/C2", "no/such/lot"]}, "key", []),
        Case({"lots": []}, "key", []),
    ],
    "backward": [
        Case({"lots": ["P/C/C2"]}, "key steps", BEHIND_C2),
        Case({"lots": ["P/C/C1"]}, "key steps", [
            ("P/D/D1A", 2), ("P/PA/K9", 2), ("P/D/D1", 4), ("P/C/C1", 4), ("P/F/F1", 6),
            ("P/SU/G1", 6), ("S1/F/77", 8)]),
        Case({"lots": ["S1/F/77"]}, "key", []),
    ],
    "both": [
        Case({"lots": ["P/D/D3"]}, "key steps direction", [
            ("P/C/C2", 2, "forward"),
            *((key, steps - 2, "backward") for key, steps in BEHIND_C2 if key != "P/D/D3")]),
        Case({"lots": ["P/C/C1"]}, "key direction", [
            ("P/C/C1", "forward"), ("P/D/D1A", "forward"), ("P/C/C1", "backward"),
            ("P/D/D1A", "backward"), ("P/PA/K9", "backward"), ("P/D/D1", "backward"),
            ("P/F/F1", "backward"), ("P/SU/G1", "backward"), ("S1/F/77", "backward")]),
    ],
    "inputs": [
        Case({"lots": ["P/D/D1A", "P/D/D2"]}, "lot input operation", [
            ("P/D/D1A", "P/D/D1", "P/split/T1"), ("P/D/D1A", "P/C/C1", "P/produce/W5"),
            ("P/D/D2", "P/F/F2", "P/produce/W2"), ("P/D/D2", POOL, "P/produce/W2")]),
    ],
    "outputs": [
        Case({"lots": ["P/D/D1", "P/D/D1A"]}, "lot output operation", [
            ("P/D/D1", "P/D/D1A", "P/split/T1"), ("P/D/D1", "P/D/D1B", "P/split/T1"),
            ("P/D/D1A", "P/C/C1", "P/produce/W3")]),
    ],
    "flows_forward": [
        Case({"lots": ["P/D/D1B"]}, "start finish quantity uom basis rule", [
            ("P/D/D1B", "P/merge/M1", 20.0, "kg", "exact", None),
            ("P/merge/M1", "P/D/D3", 70.0, "kg", "exact", None),
            ("P/D/D3", "P/produce/W4", 40.0, "kg", "by_order", None),
            ("P/produce/W4", "P/C/C2", 40.0, "kg", "by_order", None)]),
        Case({"lots": ["P/C/C1"]}, "key person", [
            ("i10", "p2"), ("i13", None), ("o9", "p2"), ("o11", None)]),
    ],
    "flows_backward": [
        Case({"lots": ["P/D/D2"]}, "start finish quantity uom basis rule", [
            ("S2/F/77", "P/receive/R2", 100.0, "kg", "exact", None),
            ("P/receive/R2", "P/F/F2", 100.0, "kg", "exact", None),
            ("P/opening/O1", "P/SU/G1", 20.0, "kg", None, None),
            ("P/SU/G1", FILL, None, None, "inferred", "at_place"),
            (FILL, POOL, None, None, "inferred", "pool"),
            (POOL, "P/produce/W2", None, None, "inferred", "unlotted"),
            ("P/F/F2", "P/produce/W2", 45.0, "kg", "by_order", None),
            ("P/produce/W2", "P/D/D2", 50.0, "kg", "by_order", None)]),
    ],
}  # fmt: skip
