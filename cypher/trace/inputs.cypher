// Question: which lots went directly into these lots?
// Params:   $lots  lot keys
// Returns:  lot, input, operation
//   one row per lot, operation and input; never limited
UNWIND $lots AS k
MATCH (i:Lot)-[:CONSUMED_IN]->(o:Operation)-[:PRODUCED]->(l:Lot {key: k})
RETURN DISTINCT l.key AS lot, i.key AS input, o.key AS operation
ORDER BY lot, input, operation
