// Question: where are these lots in stock?
// Params:   $lots  lot keys
// Returns:  lot, state, place, place_name, party, quantity, uom, status, as_of
//   one row per stock record; never limited
// OPTIONAL MATCH: the embedded engine then looks the keys up instead of scanning every edge.
UNWIND $lots AS k
MATCH (l:Lot {key: k})
OPTIONAL MATCH (l)-[e:STORED_AT]->(s:Site)
WITH l, e, s WHERE s.key IS NOT NULL
RETURN l.key AS lot, 'stock' AS state, s.key AS place, s.name AS place_name, s.holder AS party,
       e.quantity AS quantity, e.uom AS uom, e.quality_status AS status, e.as_of AS as_of
ORDER BY lot, place, e.key
