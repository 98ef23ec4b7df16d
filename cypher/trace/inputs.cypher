// Question: which lots went directly into these lots?
// Params:   $lots  lot keys
// Returns:  lot, input, operation
//   one row per lot, operation and input; never limited
// OPTIONAL MATCH: the embedded engine then looks the keys up instead of scanning every edge.
UNWIND $lots AS k
MATCH (l:Lot {key: k})
OPTIONAL MATCH (l)<-[:PRODUCED]-(o:Operation)<-[:CONSUMED_IN]-(i:Lot)
WITH l, o, i WHERE i.key IS NOT NULL
RETURN DISTINCT l.key AS lot, i.key AS input, o.key AS operation
ORDER BY lot, input, operation
