"""How the log is written: set up once, and nothing secret gets into it (reliability 5e)."""

from __future__ import annotations

import contextlib
import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any, TextIO, cast

import structlog

HIDDEN = "[hidden]"
# A field whose name holds one of these is never written.
_SECRET = re.compile(
    r"passw|email|secret|token|_key|crypt|salt|certificate|otp|authorization|cookie|"
    r"sec-websocket|code|state|p256dh|auth|endpoint|database_url",
    re.IGNORECASE,
)
# … but these hold none of the sort.
_HARMLESS = frozenset({"token_id", "status_code", "exit_code"})
_PASSWORD_IN_URL = re.compile(r"(?<=://)([^/\s:@]*):[^/\s@]+@")
_PASSWORD_IN_QUERY = re.compile(r"(?i)([?&](?:password|sslpassword|passfile)=)[^&\s]+")
_BEARER = re.compile(r"(?i)(bearer )\S+")


def redact(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Hides fields by their names, and credentials within texts by their shape."""
    for name, value in event.items():
        if name not in _HARMLESS and _SECRET.search(name):
            event[name] = HIDDEN
        elif isinstance(value, str):
            event[name] = clean(value)
    return event


def clean(text: str) -> str:
    """The text without passwords of URLs and without bearer tokens."""
    if "://" in text:
        text = _PASSWORD_IN_URL.sub(rf"\1:{HIDDEN}@", text)
        text = _PASSWORD_IN_QUERY.sub(rf"\1{HIDDEN}", text)
    if "earer " in text:
        text = _BEARER.sub(rf"\1{HIDDEN}", text)
    return text


class _Lenient:
    """Where the log goes. Whether it can be written is nobody's business who only logs.

    A disk that is full loses lines of the log, and no request or task for them.
    """

    def __init__(self, out: TextIO) -> None:
        self._out = out

    def write(self, text: str) -> None:
        with contextlib.suppress(OSError):
            self._out.write(text)

    def flush(self) -> None:
        with contextlib.suppress(OSError):
            self._out.flush()


def configure_if_nobody_has(level: str = "info") -> None:
    """Sets up structlog alone, unless the program that we are mounted in has done so itself.

    What structlog does by itself shows variables in tracebacks, tokens among them.
    """
    if not structlog.is_configured():
        _configure(level, sys.stderr)


def configure(level: str = "info", out: TextIO | None = None) -> None:
    """Lines for people on a terminal, JSON everywhere else; the libraries' logs join in."""
    out = out or sys.stderr
    common, shown = _configure(level, out)
    handler = logging.StreamHandler(_Lenient(out))
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=common,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *shown],
        )
    )
    lowest = max(getattr(logging, level.upper()), logging.WARNING)
    logging.basicConfig(handlers=[handler], level=lowest, force=True)


def _configure(level: str, out: TextIO) -> tuple[list[Any], list[Any]]:
    common: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    # Tracebacks are text before they are cleaned, and never show variables: those hold tokens.
    plain = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    last: Any = plain if out.isatty() else structlog.processors.JSONRenderer()
    shown: list[Any] = [structlog.processors.format_exc_info, redact, last]
    structlog.configure(
        processors=[*common, *shown],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        logger_factory=structlog.WriteLoggerFactory(cast("TextIO", _Lenient(out))),
    )
    return common, shown
