"""Fixtures for all tests."""

pytest_plugins = ["tests.servers", "tests.fixtures", "tests.serving"]
