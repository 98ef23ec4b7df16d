"""A plant with a known truth: what physically happened, kept apart from what was recorded."""
