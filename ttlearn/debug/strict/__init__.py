"""Strict mode: hazards that hardware passes over in silence."""
