// Question: into which items did lots of this item really go, one step forward?
// Params:   $item  item key
// Returns:  item, item_code, item_name, operations, input_lots, output_lots
//   one row per item made; links derived by rule count too; never limited
MATCH (:Item {key: $item})<-[:OF_ITEM]-(l:Lot)-[:CONSUMED_IN]->(o:Operation)
      -[:PRODUCED]->(m:Lot)-[:OF_ITEM]->(i:Item)
WHERE i.key <> $item
RETURN i.key AS item, i.item_code AS item_code, i.item_name AS item_name,
       count(DISTINCT o.key) AS operations, count(DISTINCT l.key) AS input_lots,
       count(DISTINCT m.key) AS output_lots
ORDER BY item
