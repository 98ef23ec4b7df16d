// Question: which lots went into this order, came out of it or were given back?
// Params:   $work_order  operation key or work order number
// Returns:  movement, key, owner, item_code, lot_no, sublot, action, subject, quantity, uom,
//           earliest, latest, person
//   never limited; one row per movement, derived steps left out
MATCH (l:Lot)-[e:CONSUMED_IN]->(o:Operation)
WHERE (o.key = $work_order OR o.work_order_no = $work_order OR o.`order` = $work_order)
  AND o.rule IS NULL
RETURN e.key AS movement, l.key AS key, l.owner AS owner, l.item_code AS item_code,
       l.lot_no AS lot_no, l.sublot AS sublot, 'consumed' AS action, o.key AS subject,
       e.quantity AS quantity, e.uom AS uom, e.earliest AS earliest, e.latest AS latest,
       e.person AS person
UNION ALL
MATCH (l:Lot)<-[e:PRODUCED]-(o:Operation)
WHERE (o.key = $work_order OR o.work_order_no = $work_order OR o.`order` = $work_order)
  AND o.rule IS NULL
RETURN e.key AS movement, l.key AS key, l.owner AS owner, l.item_code AS item_code,
       l.lot_no AS lot_no, l.sublot AS sublot, 'produced' AS action, o.key AS subject,
       e.quantity AS quantity, e.uom AS uom, e.earliest AS earliest, e.latest AS latest,
       e.person AS person
UNION ALL
MATCH (l:Lot)<-[e:RETURNED]-(o:Operation)
WHERE (o.key = $work_order OR o.work_order_no = $work_order OR o.`order` = $work_order)
  AND o.rule IS NULL
RETURN e.key AS movement, l.key AS key, l.owner AS owner, l.item_code AS item_code,
       l.lot_no AS lot_no, l.sublot AS sublot, 'returned' AS action, o.key AS subject,
       e.quantity AS quantity, e.uom AS uom, e.earliest AS earliest, e.latest AS latest,
       e.person AS person
