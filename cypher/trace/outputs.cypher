// Question: which lots were made directly from these lots?
// Params:   $lots  lot keys
// Returns:  lot, output, operation
//   one row per lot, operation and output; never limited
// OPTIONAL MATCH: the embedded engine then looks the keys up instead of scanning every edge.
UNWIND $lots AS k
MATCH (l:Lot {key: k})
OPTIONAL MATCH (l)-[:CONSUMED_IN]->(o:Operation)-[:PRODUCED]->(m:Lot)
WITH l, o, m WHERE m.key IS NOT NULL
RETURN DISTINCT l.key AS lot, m.key AS output, o.key AS operation
ORDER BY lot, output, operation
