"""Recording on the floor: the forms of the steps, and what the page tells its script."""
