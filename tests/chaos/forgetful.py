"""The control of the kill runs: a worker that takes a row away before it has sent the message.

`python -m tests.chaos.forgetful` is `stentor` with that one change: no lease. A kill then loses
what was claimed, and the runs must notice.
"""

from stentor.cli import main
from stentor.store import push_deliveries

push_deliveries.CLAIM = push_deliveries.CLAIM.replace(
    "UPDATE push_deliveries SET run_at = $4, attempts = attempts + 1",
    "DELETE FROM push_deliveries",
).replace(
    "(SELECT account_id, notification_id, subscription_id FROM picked)",
    "(SELECT account_id, notification_id, subscription_id FROM picked) AND $4::bigint > 0",
)

if __name__ == "__main__":
    main()
