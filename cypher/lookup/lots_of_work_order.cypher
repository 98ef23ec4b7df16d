// Question: which lots went into this order and came out of it?
// Params:   $work_order  operation key or work order number
// Returns:  key, owner, item_code, lot_no, sublot, action, operation, quantity, uom, earliest,
//           latest, person
//   one row per movement, derived steps left out; never limited
MATCH (l:Lot)-[e:CONSUMED_IN]->(o:Operation)
WHERE (o.key = $work_order OR o.work_order_no = $work_order OR o.`order` = $work_order)
  AND o.rule IS NULL
RETURN l.key AS key, l.owner AS owner, l.item_code AS item_code, l.lot_no AS lot_no,
       l.sublot AS sublot, 'consumed' AS action, o.key AS operation, e.quantity AS quantity,
       e.uom AS uom, e.earliest AS earliest, e.latest AS latest, e.person AS person
UNION ALL
MATCH (l:Lot)<-[e:PRODUCED]-(o:Operation)
WHERE (o.key = $work_order OR o.work_order_no = $work_order OR o.`order` = $work_order)
  AND o.rule IS NULL
RETURN l.key AS key, l.owner AS owner, l.item_code AS item_code, l.lot_no AS lot_no,
       l.sublot AS sublot, 'produced' AS action, o.key AS operation, e.quantity AS quantity,
       e.uom AS uom, e.earliest AS earliest, e.latest AS latest, e.person AS person
UNION ALL
MATCH (l:Lot)<-[e:RETURNED]-(o:Operation)
WHERE (o.key = $work_order OR o.work_order_no = $work_order OR o.`order` = $work_order)
  AND o.rule IS NULL
RETURN l.key AS key, l.owner AS owner, l.item_code AS item_code, l.lot_no AS lot_no,
       l.sublot AS sublot, 'returned' AS action, o.key AS operation, e.quantity AS quantity,
       e.uom AS uom, e.earliest AS earliest, e.latest AS latest, e.person AS person
