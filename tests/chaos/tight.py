"""A server whose database cannot grow while there is a file ``full`` beside it.

`python -m tests.chaos.tight` is `stentor` on a file layer that then answers as the kernel does on
a full disk. It stands in for one where nothing can be mounted.
"""

import apsw

from stentor.cli import main
from tests.chaos.faulty_files import FaultyFile, FaultyFiles


def refuse_to_grow(file: FaultyFile, end: int) -> None:
    if end > file.xFileSize() and file.path.with_name("full").exists():
        raise apsw.FullError


def serve() -> None:
    """`stentor`, on that layer."""
    layer = FaultyFiles(refuse_to_grow)
    main()
    layer.unregister()


if __name__ == "__main__":
    serve()
