// Question: what is known of these operations?
// Params:   $operations  operation keys
// Returns:  operation, kind, step, site
UNWIND $operations AS k
MATCH (o:Operation {key: k})
RETURN o.key AS operation, o.kind AS kind, o.step AS step, o.site AS site
ORDER BY operation
