"""Fixtures for all tests."""

from __future__ import annotations

import atexit
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator

import pytest
import structlog

pytest_plugins = [
    "tests.servers",
    "tests.recycling",
    "tests.fixtures",
    "tests.serving",
    "tests.remembering",
]

if sys.dont_write_bytecode:
    # Who wants no bytecode in the tree gets it elsewhere, for as long as the tests run: they start
    # hundreds of processes, and each would compile everything again.
    sys.dont_write_bytecode = False
    sys.pycache_prefix = tempfile.mkdtemp(prefix="stentor-test-bytecode-")
    atexit.register(shutil.rmtree, sys.pycache_prefix, ignore_errors=True)
    os.environ["PYTHONPYCACHEPREFIX"] = sys.pycache_prefix
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # `python -B` says the same


def pytest_xdist_auto_num_workers() -> int:
    """One more than there are cores, and not too many: often a test only waits."""
    return min(4, (os.cpu_count() or 1) + 1)


@pytest.fixture(autouse=True, scope="session")
def patient() -> Iterator[None]:
    """Nothing fails because a machine with much to do takes its time to connect or to answer.

    How soon a server gives up is tested where a test says how soon that shall be.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("stentor.store.postgres.WAIT_SECONDS", 60.0)
        patch.setattr("stentor.store.postgres.STATEMENT_SECONDS", 60.0)
        yield


@pytest.fixture(autouse=True)
def log_as_it_was() -> Iterator[None]:
    """An application that a test starts sets up the log, of which later tests shall not know."""
    yield
    structlog.reset_defaults()
