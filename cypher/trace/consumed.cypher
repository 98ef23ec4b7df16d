// Question: with which movements were these lots consumed?
// Params:   $lots  lot keys
// Returns:  key, start, finish, quantity, uom, basis, rule, earliest, latest, person
//   one row per movement; start and finish are keys of a lot and an operation; never limited
UNWIND $lots AS k
MATCH (l:Lot {key: k})-[e:CONSUMED_IN]->(o:Operation)
RETURN e.key AS key, l.key AS start, o.key AS finish, e.quantity AS quantity, e.uom AS uom,
       e.basis AS basis, e.rule AS rule, e.earliest AS earliest, e.latest AS latest,
       e.person AS person
