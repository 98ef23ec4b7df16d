"""The hold list: what is held where, and what became of it."""
