"""Runs one server for the tests and takes it down with them, however they end.

`python keeper.py DIRECTORY USER COMMAND…` obeys the bytes of its standard input: 0 starts
COMMAND in DIRECTORY as USER ("-": as whoever runs the tests) and answers with its process
id; any other byte is a signal to end it with, answered by its exit code. The end of the
input, which comes when the tests close their pipe and just as well when they are killed,
stops the command and removes DIRECTORY. Only the standard library: it starts in 30 ms.
"""

import pwd
import shutil
import signal
import subprocess
import sys

PATIENCE = 60.0


def start(directory: str, user: str, command: list[str]) -> subprocess.Popen[bytes]:
    who = {}
    if user != "-":
        who = {"user": user, "group": pwd.getpwnam(user).pw_gid, "extra_groups": []}
    return subprocess.Popen(
        command, cwd=directory, stdin=subprocess.DEVNULL, stdout=2, start_new_session=True, **who
    )


def end(server: subprocess.Popen[bytes], number: int) -> int:
    server.send_signal(number)
    try:
        return server.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        server.kill()
        return server.wait()


def main(directory: str, user: str, *command: str) -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # the pipe decides, not a Ctrl-C to the whole group
    server = None
    while order := sys.stdin.buffer.read(1):
        if order == b"\0":
            server = start(directory, user, list(command))
            answer = server.pid
        else:
            assert server is not None
            answer = end(server, order[0])
        sys.stdout.write(f"{answer}\n")
        sys.stdout.flush()
    if server is not None:
        end(server, signal.SIGINT)
    shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
