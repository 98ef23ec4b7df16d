// Question: which lots were shipped, or are to be shipped, to this customer?
// Params:   $customer  company code
// Returns:  key, owner, item_code, lot_no, sublot, shipment, status, quantity, uom
//   one row per shipment line; never limited
MATCH (l:Lot)-[e:SHIPPED_IN]->(s:Shipment)-[:SHIPPED_TO]->(:Customer {key: $customer})
RETURN l.key AS key, l.owner AS owner, l.item_code AS item_code, l.lot_no AS lot_no,
       l.sublot AS sublot, s.key AS shipment, s.status AS status, e.quantity AS quantity,
       e.uom AS uom
ORDER BY key, shipment, e.key
