"""Reports that one can hand to an auditor: workbooks, CSV and PDF, in the language in force.

Plain functions: an answer goes in, bytes or a file come out. Nothing in them comes from the clock,
so that a report made again from the same batch is the same, byte for byte.
"""
