"""What the documents promise in seconds follows from these figures.

Tests of what happens in that time wait until it happens, however slow the machine is. So that
nobody makes it slower unnoticed, the figures themselves are held here.
"""

from __future__ import annotations

import pytest

from stentor.commands import server, workers
from stentor.commands.worker import DRAIN_SECONDS
from stentor.push.sender import DEADLINE
from stentor.push.worker import GRACE, LAST_WORDS
from stentor.streaming import hub, relay, sse
from stentor.streaming.numbering import BEAT, SILENCE

# As they are before the fixture `patient` makes them longer.
from stentor.store.postgres import STATEMENT_SECONDS, WAIT_SECONDS  # isort: skip

PROMISES = {
    "a stream ends within two seconds of its token": (hub.SWEEP_SECONDS, 1.0),
    "what no news told is found within two seconds": (hub.FLOOR_SECONDS, 1.0),
    "a lost message is noticed with the next heartbeat": (BEAT, 1.0),
    "a process that falls silent is missed after five seconds": (SILENCE, 5.0),
    "whoever is alone has heard nothing for fifteen seconds": (relay.ALONE, 15.0),
    "a bus is tried again at most three seconds later": (relay.PAUSES[1] * 1.5, 3.0),
    "nobody waits longer for a bus": (relay.PATIENCE, 2.0),
    "a machine that vanished is given up after seven seconds": (
        WAIT_SECONDS + STATEMENT_SECONDS,
        7.0,
    ),
    "a push service has ten seconds to answer": (DEADLINE, 10.0),
    "a worker exits within ten seconds": (max(DRAIN_SECONDS, GRACE + LAST_WORDS), 10.0),
    "a server exits within ten seconds": (max(server.DRAIN_SECONDS, hub.DRAIN_SECONDS), 10.0),
    "a silent event stream says something every fifteen seconds": (sse.HEARTBEAT, 15.0),
}


@pytest.mark.parametrize("promise", PROMISES)
def test_what_is_promised_in_seconds_is_kept_by_the_figures(promise: str) -> None:
    seconds, promised = PROMISES[promise]
    assert 0 < seconds <= promised


def test_a_heart_beats_often_enough_not_to_be_taken_for_silence() -> None:
    assert 3 * BEAT < SILENCE < relay.ALONE
    # Nobody is killed while he still ends what is under way.
    assert workers.PATIENCE > server.DRAIN_SECONDS
