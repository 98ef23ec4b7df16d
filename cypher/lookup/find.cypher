// Question: what carries this number?
// Params:   $number  as typed: a number, a key, or the name of a company
// Returns:  kind, key, number, name, owner
//   one row per candidate of any kind; derived lots and steps are left out; never limited
MATCH (l:Lot)
WHERE (l.key = $number OR l.lot_no = $number OR l.sublot = $number OR l.trace_code = $number)
  AND l.rule IS NULL
RETURN CASE WHEN EXISTS { MATCH (s:Supplier) WHERE s.key = l.owner }
       THEN 'supplier_lot' ELSE 'lot' END AS kind, l.key AS key, l.lot_no AS number,
       l.item_code AS name, l.owner AS owner
UNION ALL
MATCH (i:Item)
WHERE i.key = $number OR i.item_code = $number
RETURN 'item' AS kind, i.key AS key, i.item_code AS number, i.item_name AS name,
       i.company AS owner
UNION ALL
MATCH (o:Operation)
WHERE (o.key = $number OR o.number = $number OR o.work_order_no = $number OR o.doc_no = $number
  OR o.purchase_order_no = $number) AND o.rule IS NULL
RETURN 'operation' AS kind, o.key AS key,
       coalesce(o.work_order_no, o.doc_no, o.number) AS number, o.kind AS name,
       o.company AS owner
UNION ALL
MATCH (s:Shipment)
WHERE s.key = $number OR s.delivery_no = $number OR s.sales_order_no = $number
RETURN 'shipment' AS kind, s.key AS key, s.delivery_no AS number, s.customer AS name,
       s.company AS owner
UNION ALL
MATCH (c:Customer)
WHERE c.key = $number OR c.name = $number
RETURN 'customer' AS kind, c.key AS key, c.company AS number, c.name AS name,
       c.company AS owner
UNION ALL
MATCH (s:Supplier)
WHERE s.key = $number OR s.name = $number
RETURN 'supplier' AS kind, s.key AS key, s.company AS number, s.name AS name,
       s.company AS owner
UNION ALL
MATCH (s:Site)
WHERE s.key = $number OR s.site_code = $number
RETURN 'site' AS kind, s.key AS key, s.site_code AS number, s.name AS name,
       s.company AS owner
UNION ALL
MATCH (c:Complaint)
WHERE c.key = $number OR c.complaint_no = $number OR c.printed_code = $number
RETURN 'complaint' AS kind, c.key AS key, c.complaint_no AS number, c.reason AS name,
       c.company AS owner
UNION ALL
MATCH (i:Inspection)
WHERE i.key = $number OR i.inspection_no = $number
RETURN 'inspection' AS kind, i.key AS key, i.inspection_no AS number, i.inspection_item AS name,
       i.company AS owner
UNION ALL
MATCH (i:Incident)
WHERE i.key = $number OR i.incident_no = $number
RETURN 'incident' AS kind, i.key AS key, i.incident_no AS number, i.title AS name,
       i.company AS owner
