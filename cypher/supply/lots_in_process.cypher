// Question: which of these lots are in orders that are not closed?
// Params:   $lots  lot keys
// Returns:  lot, state, place, place_name, party, quantity, uom, status, as_of
//   one row per movement into an open order; place = the order; never limited
// OPTIONAL MATCH: the embedded engine then looks the keys up instead of scanning every edge.
UNWIND $lots AS k
MATCH (l:Lot {key: k})
OPTIONAL MATCH (l)-[e:CONSUMED_IN]->(o:Operation)
WITH l, e, o WHERE o.kind IN ['produce', 'rework'] AND coalesce(o.status, 'open') <> 'closed'
OPTIONAL MATCH (o)-[:PERFORMED_AT]->(s:Site)
RETURN l.key AS lot, 'in_process' AS state, o.key AS place, s.name AS place_name,
       s.holder AS party, e.quantity AS quantity, e.uom AS uom, o.status AS status,
       e.latest AS as_of
ORDER BY lot, place, e.key
