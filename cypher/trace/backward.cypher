// Question: which lots went into this lot, at any depth?
// Params:   $lot  lot key
// Returns:  key, item, item_code, lot_no, owner, sublot, steps
//   one row per lot; steps = edges from the root (two per operation); never limited
MATCH p = (s:Lot {key: $lot})<-[:CONSUMED_IN|PRODUCED*1..]-(l:Lot)
WITH l, min(length(p)) AS steps
RETURN l.key AS key, l.item AS item, l.item_code AS item_code, l.lot_no AS lot_no,
       l.owner AS owner, l.sublot AS sublot, steps AS steps
ORDER BY steps, key
