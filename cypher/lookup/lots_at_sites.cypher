// Question: which lots passed or lay at these places in this time?
// Params:   $sites  site keys; $start, $finish  us UTC, both included
// Returns:  movement, key, owner, item_code, lot_no, sublot, action, subject, quantity, uom,
//           earliest, latest, person
//   never limited; one row per movement or stock record, derived steps left out
//   (twice where the place of the step and that of the goods both fit)
UNWIND $sites AS k
MATCH (l:Lot)-[e:CONSUMED_IN]->(o:Operation)-[:PERFORMED_AT]->(:Site {key: k})
WHERE o.rule IS NULL AND coalesce(e.latest, o.latest, $finish) >= $start
  AND coalesce(e.earliest, o.earliest, $start) <= $finish
RETURN e.key AS movement, l.key AS key, l.owner AS owner, l.item_code AS item_code,
       l.lot_no AS lot_no, l.sublot AS sublot, 'consumed' AS action, o.key AS subject,
       e.quantity AS quantity, e.uom AS uom, e.earliest AS earliest, e.latest AS latest,
       e.person AS person
UNION ALL
UNWIND $sites AS k
MATCH (l:Lot)-[e:CONSUMED_IN]->(o:Operation)
WHERE (e.from_place = k OR e.to_place = k) AND o.rule IS NULL AND coalesce(e.latest, o.latest, $finish) >= $start
  AND coalesce(e.earliest, o.earliest, $start) <= $finish
RETURN e.key AS movement, l.key AS key, l.owner AS owner, l.item_code AS item_code,
       l.lot_no AS lot_no, l.sublot AS sublot, 'consumed' AS action, o.key AS subject,
       e.quantity AS quantity, e.uom AS uom, e.earliest AS earliest, e.latest AS latest,
       e.person AS person
UNION ALL
UNWIND $sites AS k
MATCH (l:Lot)<-[e:PRODUCED]-(o:Operation)-[:PERFORMED_AT]->(:Site {key: k})
WHERE o.rule IS NULL AND coalesce(e.latest, o.latest, $finish) >= $start
  AND coalesce(e.earliest, o.earliest, $start) <= $finish
RETURN e.key AS movement, l.key AS key, l.owner AS owner, l.item_code AS item_code,
       l.lot_no AS lot_no, l.sublot AS sublot, 'produced' AS action, o.key AS subject,
       e.quantity AS quantity, e.uom AS uom, e.earliest AS earliest, e.latest AS latest,
       e.person AS person
UNION ALL
UNWIND $sites AS k
MATCH (l:Lot)<-[e:PRODUCED]-(o:Operation)
WHERE (e.from_place = k OR e.to_place = k) AND o.rule IS NULL AND coalesce(e.latest, o.latest, $finish) >= $start
  AND coalesce(e.earliest, o.earliest, $start) <= $finish
RETURN e.key AS movement, l.key AS key, l.owner AS owner, l.item_code AS item_code,
       l.lot_no AS lot_no, l.sublot AS sublot, 'produced' AS action, o.key AS subject,
       e.quantity AS quantity, e.uom AS uom, e.earliest AS earliest, e.latest AS latest,
       e.person AS person
UNION ALL
UNWIND $sites AS k
MATCH (l:Lot)<-[e:RETURNED]-(o:Operation)-[:PERFORMED_AT]->(:Site {key: k})
WHERE o.rule IS NULL AND coalesce(e.latest, o.latest, $finish) >= $start
  AND coalesce(e.earliest, o.earliest, $start) <= $finish
RETURN e.key AS movement, l.key AS key, l.owner AS owner, l.item_code AS item_code,
       l.lot_no AS lot_no, l.sublot AS sublot, 'returned' AS action, o.key AS subject,
       e.quantity AS quantity, e.uom AS uom, e.earliest AS earliest, e.latest AS latest,
       e.person AS person
UNION ALL
UNWIND $sites AS k
MATCH (l:Lot)<-[e:RETURNED]-(o:Operation)
WHERE (e.from_place = k OR e.to_place = k) AND o.rule IS NULL AND coalesce(e.latest, o.latest, $finish) >= $start
  AND coalesce(e.earliest, o.earliest, $start) <= $finish
RETURN e.key AS movement, l.key AS key, l.owner AS owner, l.item_code AS item_code,
       l.lot_no AS lot_no, l.sublot AS sublot, 'returned' AS action, o.key AS subject,
       e.quantity AS quantity, e.uom AS uom, e.earliest AS earliest, e.latest AS latest,
       e.person AS person
UNION ALL
UNWIND $sites AS k
MATCH (l:Lot)-[e:SHIPPED_IN]->(s:Shipment)
WHERE e.from_place = k AND coalesce(e.latest, s.ship_latest, $finish) >= $start
  AND coalesce(e.earliest, s.ship_earliest, $start) <= $finish
RETURN e.key AS movement, l.key AS key, l.owner AS owner, l.item_code AS item_code,
       l.lot_no AS lot_no, l.sublot AS sublot, 'shipped' AS action, s.key AS subject,
       e.quantity AS quantity, e.uom AS uom, e.earliest AS earliest, e.latest AS latest,
       e.person AS person
UNION ALL
UNWIND $sites AS k
MATCH (l:Lot)-[e:STORED_AT]->(s:Site {key: k})
WHERE coalesce(e.as_of, $finish) >= $start AND coalesce(e.as_of, $start) <= $finish
RETURN e.key AS movement, l.key AS key, l.owner AS owner, l.item_code AS item_code,
       l.lot_no AS lot_no, l.sublot AS sublot, 'stored' AS action, s.key AS subject,
       e.quantity AS quantity, e.uom AS uom, e.as_of AS earliest, e.as_of AS latest,
       CASE WHEN e.key IS NULL THEN '' END AS person
