"""The plant folder: 31 sheets, all optional."""
