"""Fixtures for all tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import structlog

pytest_plugins = ["tests.servers", "tests.recycling", "tests.fixtures", "tests.serving"]


@pytest.fixture(autouse=True)
def log_as_it_was() -> Iterator[None]:
    """An application that a test starts sets up the log, of which later tests shall not know."""
    yield
    structlog.reset_defaults()
