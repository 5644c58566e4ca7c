"""How soon a server is ready over a database that is there already, and its memory when idle."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from statistics import median

import psutil

from benchmarks.cases import request
from benchmarks.processes import ROOT, settings
from benchmarks.seed import Site
from stentor.keys import load_or_create
from tests.servers import free_port

SECONDS, MEGABYTES = 1.0, 100
#: Seconds after which a server is idle.
IDLE = 1.5
PATIENCE = 30.0


@dataclass(frozen=True, slots=True)
class Figures:
    """Seconds from the command to the first answer, with the fastest and slowest; bytes."""

    seconds: float
    spread: tuple[float, float]
    memory: int


def measure(site: Site, tries: int) -> Figures:
    """Starts `stentor serve` so many times."""
    load_or_create(site.data / "keys.json")
    found = [_once(site) for _ in range(tries)]
    seconds = [one for one, _ in found]
    memory = max(used for _, used in found)
    return Figures(median(seconds), (min(seconds), max(seconds)), memory)


def _once(site: Site) -> tuple[float, int]:
    port = free_port()
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "stentor", "serve"],
        cwd=ROOT,
        env=settings(site.data, site.url, port),
        stdout=subprocess.DEVNULL,
    )
    try:
        while not _healthy(port):
            if process.poll() is not None or time.perf_counter() - began > PATIENCE:
                raise RuntimeError("stentor serve did not start")
            time.sleep(0.005)
        seconds = time.perf_counter() - began
        time.sleep(IDLE)
        return seconds, psutil.Process(process.pid).memory_info().rss
    finally:
        process.terminate()
        process.wait(PATIENCE)


def _healthy(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.sendall(request("GET", "/health").encode())
            return connection.recv(64).startswith(b"HTTP/1.1 200")
    except ConnectionError:
        return False
