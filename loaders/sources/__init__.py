"""Other systems as sources: pull documents with a cursor, map them to the rows of sheets, append.

A source gives pages of documents (`base`); a profile says which of its fields is which field of a
sheet (`forms`); from there on the rows go the way of files: same checks, findings and ledger
(`pulling`). All that leaves the machine goes through one door (`door`).
"""
