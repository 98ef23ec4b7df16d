"""From complaints to a source."""
