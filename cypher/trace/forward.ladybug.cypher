// One root a search: with UNWIND the engine searches from every lot of the table.
// SHORTEST visits each lot once; plain * would walk every path.
MATCH (s:Lot {key: $lot})-[e:CONSUMED_IN|PRODUCED* SHORTEST 1..1000]->(l:Lot)
RETURN l.key AS key, l.item AS item, l.item_code AS item_code, l.lot_no AS lot_no,
       l.owner AS owner, l.sublot AS sublot, length(e) AS steps, length(e) AS depth_
ORDER BY steps, key
