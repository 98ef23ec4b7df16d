// Question: which places are there, and of which are they part?
// Params:   none
// Returns:  key, site_code, parent
MATCH (s:Site)
RETURN s.key AS key, s.site_code AS site_code, s.parent AS parent
ORDER BY key
