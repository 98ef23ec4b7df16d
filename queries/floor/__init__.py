"""What a step on the floor needs to know of the records, and what becomes of what was entered."""
