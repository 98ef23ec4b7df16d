// Question: which lots were made directly from these lots?
// Params:   $lots  lot keys
// Returns:  lot, output, operation
//   one row per lot, operation and output; never limited
UNWIND $lots AS k
MATCH (l:Lot {key: k})-[:CONSUMED_IN]->(o:Operation)-[:PRODUCED]->(m:Lot)
RETURN DISTINCT l.key AS lot, m.key AS output, o.key AS operation
ORDER BY lot, output, operation
