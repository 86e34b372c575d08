"""Test tiers: plain `pytest` leaves out `slow` and `soak`, `pytest -m full` only `soak`, `pytest -m soak` is the rest."""

from __future__ import annotations

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.get_closest_marker("soak") is None:
            item.add_marker(pytest.mark.full)
