// Question: which lots of this item are there?
// Params:   $item  item key or item number
// Returns:  key, owner, item_code, lot_no, sublot
//   derived lots (mixed stock, parts) are left out; never limited
MATCH (:Item {key: $item})<-[:OF_ITEM]-(l:Lot)
WHERE l.rule IS NULL
RETURN l.key AS key, l.owner AS owner, l.item_code AS item_code, l.lot_no AS lot_no,
       l.sublot AS sublot
UNION
MATCH (l:Lot {item_code: $item})
WHERE l.rule IS NULL
RETURN l.key AS key, l.owner AS owner, l.item_code AS item_code, l.lot_no AS lot_no,
       l.sublot AS sublot
