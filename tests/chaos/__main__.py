"""`make chaos`: all campaigns, one after the other; ends with 1 if one of them has failed.

Each prints what came of it, with the seed that makes it happen again. `python -m tests.chaos NAME…`
runs only those.
"""

from __future__ import annotations

import subprocess
import sys

#: What is run, by name: a module and its options.
CAMPAIGNS = {
    "power cuts": ["tests.chaos.power_cuts", "--cuts", "10000"],
    "kills of the server": ["tests.chaos.crashes", "kills", "--times", "200"],
    "the same on PostgreSQL": ["tests.chaos.crashes", "kills-on-postgres", "--times", "50"],
    "crashes of PostgreSQL": ["tests.chaos.crashes", "restarts", "--times", "20"],
    "full disks": ["tests.chaos.crashes", "disks", "--times", "50"],
    "pushes": ["tests.chaos.kills", "--kills", "200"],
    "cluster": ["tests.chaos.cluster", "--rounds", "10"],
}


def main(*names: str) -> int:
    """Runs them; a failure ends none of the others. 2 if there is none of that name."""
    if not set(names) <= CAMPAIGNS.keys():
        sys.stdout.write(f"there are: {', '.join(CAMPAIGNS)}\n")
        return 2
    failed = []
    for name in names or CAMPAIGNS:
        sys.stdout.write(f"{name}: ")
        sys.stdout.flush()
        if subprocess.run([sys.executable, "-m", *CAMPAIGNS[name]], check=False).returncode:
            failed.append(name)
    sys.stdout.write(f"failed: {', '.join(failed)}\n" if failed else "nothing was lost\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
