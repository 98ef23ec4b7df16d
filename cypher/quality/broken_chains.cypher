// Question: which links that must exist are missing at these lots and operations?
// Params:   $lots  lot keys; $operations  operation keys
// Returns:  problem, key, rule
//   key of a lot, operation or shipment; rule = what stands in for the missing link; never limited
UNWIND $lots AS k
MATCH (l:Lot {key: k})
WHERE l.rule IS NULL AND coalesce(l.kind, 'material') <> 'container'
  AND NOT EXISTS {
    MATCH (:Operation)-[e:PRODUCED]->(l) WHERE e.rule IS NULL OR e.rule = 'same_lot'
  }
  AND NOT EXISTS { MATCH (l)-[:PART_OF]->(:Lot)<-[e:PRODUCED]-(:Operation) WHERE e.rule IS NULL }
  AND NOT EXISTS { MATCH (l)<-[:PART_OF]-(:Lot)<-[e:PRODUCED]-(:Operation) WHERE e.rule IS NULL }
  AND NOT EXISTS { MATCH (s:Supplier) WHERE s.key = l.owner }
RETURN 'lot_without_origin' AS problem, l.key AS key, '' AS rule
UNION ALL
UNWIND $lots AS k
MATCH (l:Lot {key: k})-[:SHIPPED_IN]->(s:Shipment)
WHERE coalesce(s.kind, 'delivery') = 'delivery'
  AND NOT EXISTS { MATCH (s)-[:SHIPPED_TO]->(:Customer) }
RETURN DISTINCT 'shipment_without_customer' AS problem, s.key AS key, '' AS rule
UNION ALL
UNWIND $operations AS k
MATCH (:Lot)-[e:CONSUMED_IN]->(o:Operation {key: k})
WHERE o.rule IS NULL AND e.rule IS NOT NULL
RETURN DISTINCT 'lot_not_recorded' AS problem, o.key AS key, e.rule AS rule
UNION ALL
UNWIND $operations AS k
MATCH (o:Operation {key: k})
WHERE o.rule IS NULL AND NOT o.kind IN ['receive', 'opening', 'count']
  AND NOT EXISTS { MATCH (:Lot)-[e:CONSUMED_IN]->(o) WHERE e.rule IS NULL }
RETURN 'operation_without_input' AS problem, o.key AS key, '' AS rule
UNION ALL
UNWIND $operations AS k
MATCH (o:Operation {key: k})
WHERE o.rule IS NULL AND NOT o.kind IN ['scrap', 'use', 'count']
  AND (NOT o.kind IN ['produce', 'rework'] OR o.status = 'closed')
  AND NOT EXISTS { MATCH (o)-[e:PRODUCED]->(:Lot) WHERE e.rule IS NULL }
RETURN 'operation_without_output' AS problem, o.key AS key, '' AS rule
