"""What people enter: decisions, tables of the plant, what an import did wrong."""
