"""The parts of the recall page."""
