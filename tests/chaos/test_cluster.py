"""Any machine of a site may go: nothing that was acknowledged does."""

from __future__ import annotations

import random

import pytest

from tests.chaos import cluster
from tests.chaos.campaign import BETWEEN

pytestmark = [pytest.mark.slow, pytest.mark.postgres, pytest.mark.nats]


def test_each_kind_of_node_may_be_killed_and_nothing_is_lost_and_streams_go_on() -> None:
    found = cluster.run(1, seed=random.randrange(2**32))
    assert found.good, str(found)
    assert found.strikes == 5
    assert found.acknowledged >= BETWEEN * found.strikes, str(found)
    assert found.streamed > found.pushed > 0, str(found)
    assert len(found.ready) == cluster.SERVERS, str(found)


def test_with_a_replica_that_is_behind_a_failover_would_lose_what_was_acknowledged() -> None:
    """The control."""
    found = cluster.run(1, seed=random.randrange(2**32), behind=True)
    assert found.lost, str(found)
