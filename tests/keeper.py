"""Runs one server for a test run and takes it down with it, however the run ends.

`python keeper.py DIRECTORY SIGNAL USER COMMAND…` starts the command as USER ("-": as
whoever runs the tests) and waits for the end of its own standard input. That end
comes when the test process closes its pipe, and just as well when it is killed. Then
the command gets SIGNAL, a little later SIGKILL, and DIRECTORY is removed.
Only the standard library, so that it starts in a few hundredths of a second.
"""

import shutil
import signal
import subprocess
import sys
import threading

PATIENCE = 10.0


def main() -> int:
    directory, ending, user, *command = sys.argv[1:]
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)  # the pipe decides, not a Ctrl-C for the group
    who = {} if user == "-" else {"user": user, "group": None, "extra_groups": []}
    server = subprocess.Popen(
        command, cwd=directory, stdin=subprocess.DEVNULL, start_new_session=True, **who
    )
    threading.Thread(target=_report_end, args=(server,), daemon=True).start()
    sys.stdout.write(f"{server.pid}\n")
    sys.stdout.flush()
    sys.stdin.buffer.read()
    server.send_signal(int(ending))
    try:
        server.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()
    shutil.rmtree(directory, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
