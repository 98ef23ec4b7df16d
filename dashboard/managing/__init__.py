"""Figures for management that are drawn."""
