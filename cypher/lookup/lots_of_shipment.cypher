// Question: which lots does this shipment carry?
// Params:   $shipment  shipment key or delivery note
// Returns:  key, item, item_code, lot_no, owner, sublot, quantity, uom, shipment
//   one row per shipment line; never limited
MATCH (l:Lot)-[e:SHIPPED_IN]->(s:Shipment)
WHERE s.key = $shipment OR s.delivery_no = $shipment
RETURN l.key AS key, l.item AS item, l.item_code AS item_code, l.lot_no AS lot_no,
       l.owner AS owner, l.sublot AS sublot, e.quantity AS quantity, e.uom AS uom,
       s.key AS shipment
ORDER BY key, shipment, e.key
