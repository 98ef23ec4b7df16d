"""Who did what."""

from tests.conformance.cases import Case
from tests.conformance.plant import HOUR

CASES = {
    "persons_along_trace": [
        Case({"lots": ["P/D/D2"]}, "person department role action subject kind site lot earliest", [
            ("p1", "Dough", "operator", "consumed", "P/produce/W2", "produce", "P/L1", "P/F/F2",
             12 * HOUR),
            ("p2", "Bakery", "operator", "consumed", "P/produce/W4", "produce", "P/L2", "P/D/D3",
             20 * HOUR),
            ("p3", "Laboratory", "inspector", "inspected", "P/Q1", None, None, "P/D/D2",
             13 * HOUR)]),
        Case({"lots": ["P/C/C1"]}, "person action subject lot", [
            ("p1", "consumed", "P/produce/W1", "P/F/F1"),
            ("p1", "consumed", "P/produce/W1", "P/SU/G1"),
            ("p3", "inspected", "P/Q2", None),
            ("p2", "consumed", "P/produce/W3", "P/D/D1A"),
            ("p2", "produced", "P/produce/W3", "P/C/C1"),
            ("p1", "shipped", "P/V1", "P/C/C1")]),
        Case({"lots": []}, "person", []),
    ],
}  # fmt: skip
