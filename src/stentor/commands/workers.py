"""``stentor serve --workers N``: N processes on one listening socket, and a parent that minds them.

The parent binds the address, takes the lock of the data folder and answers nothing. The workers
inherit both. One socket for all, rather than one each with SO_REUSEPORT: whoever waits to be
accepted while a worker dies is accepted by another, on Linux and on macOS alike.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

import click
import structlog
import uvloop

from stentor import folders
from stentor.app import Application
from stentor.commands import common, server
from stentor.config import Settings
from stentor.lock import Lock

log = structlog.get_logger("stentor.workers")

#: Seconds before a worker that died is started again, at first and at most.
PAUSES = (0.1, 10.0)
#: Seconds that a worker must have lived for the next pause to be the shortest again.
SETTLED = 10.0
#: Seconds that workers have to drain; longer than each of them allows itself.
PATIENCE = 40.0

_HEARD = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD)


class Worker:
    """One of the N, whichever process it is at the moment; ``pid`` is 0 between two of them."""

    def __init__(self) -> None:
        self.pid = 0
        self.ready = False
        self.status = -1
        self.started_at = 0.0
        self.start_at = 0.0
        self.pause = 0.0
        self.retiring = False


class Supervisor:
    """Keeps ``count`` workers running until it is told to stop.

    ``work`` is what each does in its own process: it is given the descriptor to which it writes
    what there is to say once it is ready, and one that ends when the parent does. It never returns.
    """

    def __init__(self, count: int, work: Callable[[int, int], NoReturn]) -> None:
        self._workers = [Worker() for _ in range(count)]
        self._work = work
        self._lifeline, self._alive = os.pipe()
        self._bell, self._ring = os.pipe()
        self._selector = selectors.DefaultSelector()
        self._signals: list[int] = []
        self._retiring: list[Worker] = []
        self._said = ""
        self._announced = False
        self._stopping_until = 0.0
        self._code = 0

    def run(self) -> int:
        """Until SIGTERM or SIGINT; the exit code. SIGHUP replaces the workers one by one."""
        os.set_blocking(self._bell, False)
        os.set_blocking(self._ring, False)
        self._selector.register(self._bell, selectors.EVENT_READ)
        signal.set_wakeup_fd(self._ring, warn_on_full_buffer=False)
        for number in _HEARD:
            signal.signal(number, lambda number, _: self._signals.append(number))
        self._start(self._workers[0])  # it makes the schema and finds out whether anything is wrong
        while any(worker.pid for worker in self._workers) or not self._stopping_until:
            self._wait()
            self._obey()
            self._reap()
            self._go_on()
        return self._code

    # --- one turn of the loop

    def _wait(self) -> None:
        now = time.monotonic()
        times = [one.start_at for one in self._workers if one.start_at] + [now + 1.0]
        for key, _ in self._selector.select(max(0.0, min(times) - now)):
            if key.fd == self._bell:
                with contextlib.suppress(BlockingIOError):
                    os.read(self._bell, 4096)
            else:
                self._hear(key.data)

    def _hear(self, worker: Worker) -> None:
        said = os.read(worker.status, 65536)
        self._silence(worker)
        if not said:
            return
        worker.ready = True
        log.info("worker ready", process=worker.pid)
        self._said = self._said or said.decode()
        if not self._announced:
            for one in self._workers:
                if not one.pid:
                    self._start(one)
            if all(one.ready for one in self._workers):
                self._announced = True
                click.echo(self._said)

    def _silence(self, worker: Worker) -> None:
        if worker.status >= 0:
            self._selector.unregister(worker.status)
            os.close(worker.status)
            worker.status = -1

    def _obey(self) -> None:
        signals, self._signals = self._signals, []
        for number in signals:
            if number == signal.SIGHUP:
                self._retiring = [one for one in self._workers if one.pid]
            elif number != signal.SIGCHLD:
                self._stop()

    def _stop(self) -> None:
        """Tells all workers to drain; told again, they do not wait for anybody."""
        self._stopping_until = self._stopping_until or time.monotonic() + PATIENCE
        self._retiring = []
        for worker in self._workers:
            worker.start_at = 0.0
            self._tell(worker, signal.SIGTERM)

    def _tell(self, worker: Worker, number: int) -> None:
        if worker.pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(worker.pid, number)

    def _reap(self) -> None:
        for worker in self._workers:
            if worker.pid:
                pid, status = os.waitpid(worker.pid, os.WNOHANG)
                if pid:
                    self._ended(worker, os.waitstatus_to_exitcode(status))

    def _ended(self, worker: Worker, code: int) -> None:
        now = time.monotonic()
        asked = worker.retiring or bool(self._stopping_until)
        if self._announced:
            (log.info if asked else log.error)("worker ended", process=worker.pid, exit=code)
        self._silence(worker)
        worker.pid, worker.ready = 0, False
        if self._stopping_until:
            return
        if not self._announced:  # something is wrong here; it has said what
            self._code = code if code > 0 else common.FAILED
            self._stop()
            return
        shortest, longest = PAUSES
        lived = now - worker.started_at
        worker.pause = shortest if asked or lived > SETTLED else min(worker.pause * 2, longest)
        worker.pause = max(worker.pause, shortest)
        worker.start_at = now if asked else now + worker.pause
        worker.retiring = False

    def _go_on(self) -> None:
        now = time.monotonic()
        if self._stopping_until:
            if now > self._stopping_until:
                for worker in self._workers:
                    self._tell(worker, signal.SIGKILL)
            return
        for worker in self._workers:
            if worker.start_at and worker.start_at <= now:
                self._start(worker)
        if self._retiring and all(one.ready and not one.retiring for one in self._workers):
            worker = self._retiring.pop(0)
            worker.retiring = True
            self._tell(worker, signal.SIGTERM)

    # --- a new process

    def _start(self, worker: Worker) -> None:
        status, told = os.pipe()
        pid = os.fork()
        if pid == 0:
            self._become(status, told)
        os.close(told)
        worker.pid, worker.status, worker.ready = pid, status, False
        worker.started_at, worker.start_at = time.monotonic(), 0.0
        self._selector.register(status, selectors.EVENT_READ, worker)

    def _become(self, status: int, told: int) -> NoReturn:
        signal.set_wakeup_fd(-1)
        for number in _HEARD:
            signal.signal(number, signal.SIG_DFL)
        # The parent forwards what concerns us; a terminal tells the whole group at once.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        self._selector.close()
        others = [one.status for one in self._workers if one.status >= 0]
        for descriptor in (status, self._alive, self._bell, self._ring, *others):
            os.close(descriptor)
        self._work(told, self._lifeline)


def run(settings: Settings, announcement: server.Announcement) -> int:
    """Serves with several processes until told to stop; the exit code.

    Raises Failure, AlreadyRunning or OSError before anything was started.
    """
    folder = Path(settings.data)
    folders.make(folder, mode=0o700)
    lock = Lock(folder)
    try:
        listener = server.bind(settings.host, settings.port)
        # Listening from now on: nobody is refused, however late a worker is.
        listener.listen(server.BACKLOG)
        settings = replace(settings, port=listener.getsockname()[1])
        lock.note(f"{settings.site_scheme}://{settings.site_domain}")

        def work(told: int, lifeline: int) -> NoReturn:
            async def ready(app: Application) -> None:
                os.write(told, ((await announcement(app)) or "ready").encode())
                os.close(told)

            code = 1
            try:
                inherited = server.Inherited(listener, lifeline)
                uvloop.run(server.serve(settings, ready, inherited))
                code = 0
            except BaseException as problem:  # noqa: BLE001 - this process ends here in any case
                code = _report(problem)
            finally:
                sys.stdout.flush()
                sys.stderr.flush()
                os._exit(code)

        return Supervisor(settings.workers, work).run()
    finally:
        lock.release()


def _report(problem: BaseException) -> int:
    """Says why a worker ends; its exit code."""
    told = common.failure(problem)
    if told is None:
        log.error("worker failed", exc_info=problem)
        return common.FAILED
    told.show()
    return told.exit_code
