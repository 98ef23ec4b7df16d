// SHORTEST visits each item once; plain * would walk every path.
MATCH (:Item {key: $item})-[e:COMPONENT_OF* SHORTEST 1..1000
      (r, n | WHERE NOT coalesce(r.co_product, false))]->(i:Item)
WHERE i.key <> $item
RETURN i.key AS item, i.item_code AS item_code, i.item_name AS item_name, length(e) AS steps,
       length(e) AS depth_
ORDER BY steps, item
