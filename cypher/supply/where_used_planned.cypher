// Question: into which items does this item go by recipe, at any depth?
// Params:   $item  item key
// Returns:  item, item_code, item_name, steps
//   one row per item, co-products left out, nor the item itself; never limited
MATCH p = (:Item {key: $item})-[:COMPONENT_OF*1..]->(i:Item)
WHERE i.key <> $item AND all(r IN relationships(p) WHERE NOT coalesce(r.co_product, false))
WITH i, min(length(p)) AS steps
RETURN i.key AS item, i.item_code AS item_code, i.item_name AS item_name, steps AS steps
ORDER BY steps, item
