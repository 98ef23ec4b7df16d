// Question: which department and role have these persons?
// Params:   $persons  pseudonyms
// Returns:  person, department, role
UNWIND $persons AS k
MATCH (p:Person {key: k})
RETURN p.key AS person, p.department AS department, p.role AS role
ORDER BY person
