// Question: which shipments carried these lots, to whom, and how much?
// Params:   $lots  lot keys
// Returns:  customer, customer_name, shipment, delivery_no, status, lot, item_code, lot_no,
//           quantity, uom, ship_earliest, ship_latest
//   one row per shipment line; never limited
// OPTIONAL MATCH: the embedded engine then looks the keys up instead of scanning every edge.
UNWIND $lots AS k
MATCH (l:Lot {key: k})
OPTIONAL MATCH (l)-[e:SHIPPED_IN]->(s:Shipment)
WITH l, e, s WHERE s.key IS NOT NULL
OPTIONAL MATCH (s)-[:SHIPPED_TO]->(c:Customer)
RETURN c.key AS customer, c.name AS customer_name, s.key AS shipment,
       s.delivery_no AS delivery_no, s.status AS status, l.key AS lot,
       l.item_code AS item_code, l.lot_no AS lot_no, e.quantity AS quantity, e.uom AS uom,
       s.ship_earliest AS ship_earliest, s.ship_latest AS ship_latest
ORDER BY customer, shipment, lot, e.key
