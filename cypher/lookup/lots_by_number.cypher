// Question: which lots carry this number, as lot number, sublot or printed code?
// Params:   $number  as typed
// Returns:  key, owner, item_code, lot_no, sublot
MATCH (l:Lot) WHERE l.lot_no = $number OR l.sublot = $number OR l.trace_code = $number
RETURN l.key AS key, l.owner AS owner, l.item_code AS item_code, l.lot_no AS lot_no,
       l.sublot AS sublot
ORDER BY key
