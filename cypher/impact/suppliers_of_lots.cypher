// Question: who supplied these lots?
// Params:   $lots  lot keys
// Returns:  supplier, supplier_name, lot, owner, item_code, lot_no, sublot
//   one row per lot and supplier; lots that nobody supplied are left out; never limited
UNWIND $lots AS k
MATCH (s:Supplier)-[:SUPPLIED]->(l:Lot {key: k})
RETURN DISTINCT s.key AS supplier, s.name AS supplier_name, l.key AS lot, l.owner AS owner,
       l.item_code AS item_code, l.lot_no AS lot_no, l.sublot AS sublot
UNION
UNWIND $lots AS k
MATCH (l:Lot {key: k})
MATCH (s:Supplier {key: l.owner})
RETURN DISTINCT s.key AS supplier, s.name AS supplier_name, l.key AS lot, l.owner AS owner,
       l.item_code AS item_code, l.lot_no AS lot_no, l.sublot AS sublot
