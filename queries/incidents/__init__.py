"""Incidents as cases: what is open, by when what is due, what is held, found, told and owed."""
