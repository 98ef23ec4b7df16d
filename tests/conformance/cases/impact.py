"""Who received what, and who stands behind it."""

from tests.conformance.cases import POOL, Case
from tests.conformance.plant import DAY

K1 = ("K1", "Corner Shop", "P/V1", "delivered", "P/C/C1", 20.0, "kg", 2 * DAY, 3 * DAY)
K2 = ("K2", "Station Kiosk", "P/V2", "shipped", "P/C/C2", 10.0, "kg", 3 * DAY, 4 * DAY)
K3 = ("K3", "School", "P/V3", "planned", "P/C/C2", 10.0, "kg", 4 * DAY, 5 * DAY)
NOBODY = (None, None, "P/V4", "shipped", "P/C/C1", 1.0, "kg", 5 * DAY, 6 * DAY)
LINE = "customer customer_name shipment status lot quantity uom ship_earliest ship_latest"

CASES = {
    "shipments": [
        Case({"lots": ["P/C/C1", "P/D/D3"]}, LINE, [K1, NOBODY]),
    ],
    "shipments_from_lots": [
        Case({"lots": ["P/D/D2"]}, LINE, [K2, K3]),
        Case({"lots": ["P/C/C1"]}, LINE, [K1, NOBODY]),
        Case({"lots": []}, LINE, []),
    ],
    "customers_of_supplier_lot": [
        Case({"supplier": "S1", "lot_no": "77"}, LINE, [K1, K2, K3, NOBODY]),
        Case({"supplier": "S2", "lot_no": "77"}, LINE, [K2, K3]),
        Case({"supplier": "S3", "lot_no": "77"}, LINE, []),
    ],
    "lots_behind_shipment": [
        Case({"shipment": "V1"}, "key steps", [
            ("P/C/C1", 0), ("P/D/D1A", 2), ("P/PA/K9", 2), ("P/D/D1", 4), ("P/F/F1", 6),
            ("P/SU/G1", 6), ("S1/F/77", 8)]),
        Case({"shipment": "P/V2"}, "key", [
            ("P/C/C2",), ("P/D/D3",), ("P/D/D1B",), ("P/D/D2",), ("P/D/D1",), ("P/F/F2",),
            (POOL,), ("P/F/F1",), ("P/SU/G1",), ("S2/F/77",), ("S1/F/77",)]),
        Case({"shipment": "V9"}, "key", []),
    ],
    "suppliers_behind_shipment": [
        Case({"shipment": "V1"}, "supplier supplier_name lot owner lot_no", [
            ("S1", "North Mill", "S1/F/77", "S1", "77"),
            ("S1", "North Mill", "P/F/F1", "P", "F1")]),
        Case({"shipment": "V2"}, "supplier lot", [
            ("S1", "S1/F/77"), ("S1", "P/F/F1"), ("S2", "S2/F/77"), ("S2", "P/F/F2")]),
    ],
}  # fmt: skip
