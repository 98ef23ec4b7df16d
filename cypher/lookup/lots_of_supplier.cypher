// Question: which lots carry this number of this supplier?
// Params:   $supplier  company code; $lot_no  number on the supplier's label
// Returns:  key
//   the supplier's own lots and lots received from it under that number; never limited
MATCH (l:Lot) WHERE l.lot_no = $lot_no AND (l.owner = $supplier OR l.supplier = $supplier)
RETURN l.key AS key
ORDER BY key
