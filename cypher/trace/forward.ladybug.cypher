// SHORTEST visits each lot once; plain * would walk every path.
UNWIND $lots AS k
MATCH (s:Lot {key: k})-[e:CONSUMED_IN|PRODUCED* SHORTEST 1..1000]->(l:Lot)
WITH l, min(length(e)) AS steps
RETURN l.key AS key, l.item AS item, l.item_code AS item_code, l.lot_no AS lot_no,
       l.owner AS owner, l.sublot AS sublot, steps AS steps, steps AS depth_
ORDER BY steps, key
