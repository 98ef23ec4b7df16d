// Question: what is known of these lots?
// Params:   $lots  lot keys
// Returns:  key, item, item_code, lot_no, owner, sublot, steps
UNWIND $lots AS k
MATCH (l:Lot {key: k})
RETURN l.key AS key, l.item AS item, l.item_code AS item_code, l.lot_no AS lot_no,
       l.owner AS owner, l.sublot AS sublot, 0 AS steps
ORDER BY key
