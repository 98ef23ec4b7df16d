// Question: with which movements were these lots consumed?
// Params:   $lots  lot keys
// Returns:  key, start, finish, quantity, uom, basis, rule, earliest, latest, person
//   one row per movement; start and finish are keys of a lot and an operation; never limited
// OPTIONAL MATCH: the embedded engine then looks the keys up instead of scanning every edge.
UNWIND $lots AS k
MATCH (l:Lot {key: k})
OPTIONAL MATCH (l)-[e:CONSUMED_IN]->(o:Operation)
WITH l, e, o WHERE o.key IS NOT NULL
RETURN e.key AS key, l.key AS start, o.key AS finish, e.quantity AS quantity, e.uom AS uom,
       e.basis AS basis, e.rule AS rule, e.earliest AS earliest, e.latest AS latest,
       e.person AS person
