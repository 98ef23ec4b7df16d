// Question: which lots did this person handle in this time?
// Params:   $person  pseudonym; $start, $finish  us UTC, both included
// Returns:  movement, key, owner, item_code, lot_no, sublot, action, subject, quantity, uom,
//           earliest, latest, person
//   never limited; one row per movement
MATCH (l:Lot)-[e:CONSUMED_IN]->(o:Operation)
WHERE e.person = $person AND coalesce(e.latest, o.latest, $finish) >= $start
  AND coalesce(e.earliest, o.earliest, $start) <= $finish
RETURN e.key AS movement, l.key AS key, l.owner AS owner, l.item_code AS item_code,
       l.lot_no AS lot_no, l.sublot AS sublot, 'consumed' AS action, o.key AS subject,
       e.quantity AS quantity, e.uom AS uom, e.earliest AS earliest, e.latest AS latest,
       e.person AS person
UNION ALL
MATCH (l:Lot)<-[e:PRODUCED]-(o:Operation)
WHERE e.person = $person AND coalesce(e.latest, o.latest, $finish) >= $start
  AND coalesce(e.earliest, o.earliest, $start) <= $finish
RETURN e.key AS movement, l.key AS key, l.owner AS owner, l.item_code AS item_code,
       l.lot_no AS lot_no, l.sublot AS sublot, 'produced' AS action, o.key AS subject,
       e.quantity AS quantity, e.uom AS uom, e.earliest AS earliest, e.latest AS latest,
       e.person AS person
UNION ALL
MATCH (l:Lot)<-[e:RETURNED]-(o:Operation)
WHERE e.person = $person AND coalesce(e.latest, o.latest, $finish) >= $start
  AND coalesce(e.earliest, o.earliest, $start) <= $finish
RETURN e.key AS movement, l.key AS key, l.owner AS owner, l.item_code AS item_code,
       l.lot_no AS lot_no, l.sublot AS sublot, 'returned' AS action, o.key AS subject,
       e.quantity AS quantity, e.uom AS uom, e.earliest AS earliest, e.latest AS latest,
       e.person AS person
UNION ALL
MATCH (l:Lot)-[e:SHIPPED_IN]->(s:Shipment)
WHERE e.person = $person AND coalesce(e.latest, s.ship_latest, $finish) >= $start
  AND coalesce(e.earliest, s.ship_earliest, $start) <= $finish
RETURN e.key AS movement, l.key AS key, l.owner AS owner, l.item_code AS item_code,
       l.lot_no AS lot_no, l.sublot AS sublot, 'shipped' AS action, s.key AS subject,
       e.quantity AS quantity, e.uom AS uom, e.earliest AS earliest, e.latest AS latest,
       e.person AS person
