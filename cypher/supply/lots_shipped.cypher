// Question: which of these lots left, are on their way or are to leave?
// Params:   $lots  lot keys
// Returns:  lot, state, place, place_name, party, quantity, uom, status, as_of
//   one row per shipment line that is not cancelled; place = the shipment; never limited
// OPTIONAL MATCH: the embedded engine then looks the keys up instead of scanning every edge.
UNWIND $lots AS k
MATCH (l:Lot {key: k})
OPTIONAL MATCH (l)-[e:SHIPPED_IN]->(s:Shipment)
WITH l, e, s WHERE s.key IS NOT NULL AND coalesce(s.status, 'delivered') <> 'cancelled'
OPTIONAL MATCH (s)-[:SHIPPED_TO]->(c:Customer)
RETURN l.key AS lot,
       CASE coalesce(s.status, 'delivered')
         WHEN 'planned' THEN 'planned' WHEN 'picked' THEN 'planned'
         WHEN 'shipped' THEN 'in_transit' ELSE 'shipped' END AS state,
       s.key AS place, c.name AS place_name, c.key AS party, e.quantity AS quantity,
       e.uom AS uom, s.status AS status, s.ship_latest AS as_of
ORDER BY lot, place, e.key
