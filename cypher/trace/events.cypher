// Question: which events name these lots, and what else does each of them name?
// Params:   $lots  keys of lots or containers
// Returns:  event, event_id, event_type, event_action, biz_step, earliest, latest, read_point,
//   biz_location, lot, event_role
//   one row per event and lot that it names; declared errors are left out; never limited
UNWIND $lots AS k
MATCH (:Lot {key: k})-[:MENTIONED_IN]->(e:Event)
WITH DISTINCT e
MATCH (l:Lot)-[m:MENTIONED_IN]->(e)
RETURN e.key AS event, e.event_id AS event_id, e.event_type AS event_type,
       e.event_action AS event_action, e.biz_step AS biz_step, e.earliest AS earliest,
       e.latest AS latest, e.read_point AS read_point, e.biz_location AS biz_location,
       l.key AS lot, m.event_role AS event_role
ORDER BY event, event_role, lot
