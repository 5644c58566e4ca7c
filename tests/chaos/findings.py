"""What all campaigns have in common: they find something, and say so with the seed of it."""

from __future__ import annotations

import argparse
import random
import sys
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Any, NoReturn

#: Of the faults so many are printed.
SHOWN = 20


@dataclass
class Findings(ABC):
    """What a campaign has found: a line, and what must not be."""

    seed: int
    seconds: float = 0.0
    problems: list[str] = field(default_factory=list)

    @property
    @abstractmethod
    def line(self) -> str:
        """All figures, but for the seed."""

    @property
    def faults(self) -> list[Any]:
        """Everything that must not be."""
        return [*self.problems]

    @property
    def good(self) -> bool:
        """There is none of it."""
        return not self.faults

    def __str__(self) -> str:
        return "\n  ".join([f"seed {self.seed}: {self.line}", *map(str, self.faults[:SHOWN])])


def options(doc: str | None) -> argparse.ArgumentParser:
    """A command line, from a module's docstring; a seed is drawn unless it is given."""
    parser = argparse.ArgumentParser(description=(doc or "").partition("\n")[0])
    parser.add_argument("--seed", type=int, default=random.randrange(2**32))
    return parser


def tell(found: Findings, *, control: bool) -> NoReturn:
    """Prints it, and ends with 0 if it is good; that of a control must not be."""
    sys.stdout.write(f"{found}\n")
    sys.exit(0 if found.good != control else 1)
