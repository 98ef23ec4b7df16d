// Question: who shipped, inspected or gave back material at these lots and operations?
// Params:   $lots  lot keys; $operations  operation keys
// Returns:  action, subject, lot, person, earliest, latest
//   subject = shipment, inspection or operation; one row per record with a person; never limited
UNWIND $lots AS k
MATCH (l:Lot {key: k})-[e:SHIPPED_IN]->(s:Shipment)
WHERE e.person IS NOT NULL
RETURN 'shipped' AS action, s.key AS subject, l.key AS lot, e.person AS person,
       e.earliest AS earliest, e.latest AS latest
UNION ALL
UNWIND $lots AS k
MATCH (i:Inspection)-[:INSPECTED]->(l:Lot {key: k})
WHERE i.person IS NOT NULL
RETURN 'inspected' AS action, i.key AS subject, l.key AS lot, i.person AS person,
       i.earliest AS earliest, i.latest AS latest
UNION ALL
UNWIND $operations AS k
MATCH (i:Inspection)-[:INSPECTED]->(o:Operation {key: k})
WHERE i.person IS NOT NULL
RETURN 'inspected' AS action, i.key AS subject, i.lot AS lot, i.person AS person,
       i.earliest AS earliest, i.latest AS latest
UNION ALL
UNWIND $operations AS k
MATCH (o:Operation {key: k})-[e:RETURNED]->(l:Lot)
WHERE e.person IS NOT NULL
RETURN 'returned' AS action, o.key AS subject, l.key AS lot, e.person AS person,
       e.earliest AS earliest, e.latest AS latest
