"""Explaining: the strict checks, and why a device hangs."""
