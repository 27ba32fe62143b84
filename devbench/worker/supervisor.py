"""Starts a program, and ends it with all that it has started when nobody waits for it any more. Python 3.6, Linux.

Two processes do this, one below the other, and both sleep in poll() until something happens. If one of them is killed
or stopped, the other one does its work. The program's own process could not do it: a native call there can hold the
interpreter's lock forever, and a stopped process does nothing. That the host is gone is seen at its pipes, and told
by the kernel in case another process holds a pipe open.

Nothing escapes by becoming an orphan: the kernel gives an orphan to the nearest subreaper above it, which is one of
these two. A control group would catch no more than that, and would change the conditions of the measurement.
"""

import os
import select
import signal
import sys
import time

TYPE_CHECKING = False  # importing `typing` takes longer than everything else here
if TYPE_CHECKING:
    from typing import Callable, Dict, List, Optional, Tuple

    Prctl = Callable[[int, int, int, int, int], int]

SIGNALLED = 128  # as in shells, the exit status is this and the number of the signal that ended the program
NOT_STARTED = 127
ENDS_WITHIN_S = 5.0  # what takes longer to die waits for a driver, and dies when the driver lets go of it
_HEAD_START_S = 0.5  # in which the lower one ends everything, before the upper one takes that over
_POLL_S = 0.01
_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36


def supervise(life_s: float, grace_s: float = 0.0, lines: "Tuple[int, ...]" = (0, 1)) -> None:
    """Return in a new process, below two supervisors that end with its exit status.

    The new process and all below it are ended after `life_s`, after a SIGTERM, or `grace_s` after the host is gone.
    lines: the descriptors whose other end is the host's. Without 0, the end of the input means nothing.
    """
    host, outer = os.getppid(), os.getpid()
    try:
        os.setsid()
    except OSError:
        pass  # it leads a group already
    prctl = _prctl()
    inner = os.fork()
    if inner:
        later_s = life_s + _HEAD_START_S, grace_s + _HEAD_START_S
        os._exit(_Supervisor(inner, host, outer, prctl).watch(*later_s, lines))
    program = os.fork()
    if program:
        os._exit(_Supervisor(program, outer, outer, prctl).watch(life_s, grace_s, lines))


class _Supervisor:
    """One of the two. outer: the process id of the upper one."""

    def __init__(self, child: int, parent: int, outer: int, prctl: "Prctl") -> None:
        self._child = child
        self._parent = parent
        self._outer = outer
        self._prctl = prctl
        self._status: "Optional[int]" = None

    def watch(self, life_s: float, grace_s: float, lines: "Tuple[int, ...]") -> int:
        """The child's exit status, when it and everything below it has ended."""
        self._woken = _wake_up_on(signal.SIGCHLD, signal.SIGTERM, signal.SIGUSR1)
        self._prctl(_PR_SET_PDEATHSIG, signal.SIGUSR1, 0, 0, 0)
        self._adopts_orphans = self._prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0
        self._wait(life_s, grace_s, lines)
        self._end_all()
        if os.getppid() == self._outer:
            os.kill(self._outer, signal.SIGCONT)  # somebody may have stopped it
        return SIGNALLED + signal.SIGKILL if self._status is None else self._status

    def _wait(self, life_s: float, grace_s: float, lines: "Tuple[int, ...]") -> None:
        """Sleep until the child has ended, or until there is a reason to end it."""
        poll = select.poll()
        poll.register(self._woken, select.POLLIN)
        for line in lines:  # poll() always tells that a pipe is closed; of a socket's two directions, it must be asked
            poll.register(line, getattr(select, "POLLRDHUP", 0) if line == 0 else 0)
        deadline_s = time.monotonic() + life_s
        wanted, told = True, False
        while self._has_children() and self._status is None and time.monotonic() < deadline_s:
            if wanted and (told or os.getppid() != self._parent):
                wanted = False
                deadline_s = min(deadline_s, time.monotonic() + grace_s)
                for line in lines:
                    poll.unregister(line)
            ready = [one for one, _ in poll.poll(int((deadline_s - time.monotonic()) * 1000) + 1)]
            told = bool(set(ready) & set(lines)) or (
                self._woken in ready and signal.SIGTERM in os.read(self._woken, 512)
            )

    def _has_children(self) -> bool:
        """Whether there are any, after taking note of those that have ended."""
        try:
            while True:
                pid, status = os.waitpid(-1, os.WNOHANG)
                if not pid:
                    return True
                if pid == self._child:
                    ended = os.WIFEXITED(status)
                    self._status = os.WEXITSTATUS(status) if ended else SIGNALLED + os.WTERMSIG(status)
        except ChildProcessError:
            return False

    def _end_all(self) -> None:
        """Kill what is left, and again what that has started meanwhile, until there is nothing."""
        deadline_s = time.monotonic() + ENDS_WITHIN_S
        left = [] if self._status is not None else [self._child]
        while time.monotonic() < deadline_s:
            for pid in left:
                _kill(pid)
            if left and select.select([self._woken], [], [], _POLL_S)[0]:
                os.read(self._woken, 512)
            if not self._has_children() and self._adopts_orphans:
                return
            left = self._below()
            if not left:
                return

    def _below(self) -> "List[int]":
        """Every process below this one, and of its session where the outer supervisor leads that."""
        mine = os.getpid()
        parents = _parents_and_sessions()
        found = [pid for pid in parents if _is_below(pid, mine, parents)]
        if os.getsid(0) == self._outer:
            found += [pid for pid, (_, session) in parents.items() if session == self._outer]
        return [pid for pid in found if pid not in (mine, self._outer)]


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except OSError:
        pass  # it has ended, or belongs to another user


def _is_below(pid: int, top: int, parents: "Dict[int, Tuple[int, int]]") -> bool:
    seen = set()
    while pid in parents and pid not in seen:
        seen.add(pid)
        pid = parents[pid][0]
        if pid == top:
            return True
    return False


def _parents_and_sessions() -> "Dict[int, Tuple[int, int]]":
    """Parent and session of every process."""
    found = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open("/proc/{}/stat".format(name), "rb") as file:
                    fields = file.read().rpartition(b")")[2].split()
                found[int(name)] = int(fields[1]), int(fields[3])
            except (OSError, IndexError):
                pass  # it has ended since
    return found


def _wake_up_on(*numbers: int) -> int:
    """A descriptor in which the number of each of these signals can be read."""
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    os.set_blocking(woken, False)
    signal.set_wakeup_fd(wake)
    for number in numbers:
        signal.signal(number, lambda *_: None)
    return woken


def _prctl() -> "Prctl":
    """The system call; where Python has no ctypes, one that does nothing: the session is what is left to go by."""
    try:
        import ctypes

        call = ctypes.CDLL(None).prctl
        call.argtypes = [ctypes.c_int, *[ctypes.c_ulong] * 4]
    except (ImportError, OSError, AttributeError):
        return lambda *_: -1
    return call


def main() -> None:
    """Become the program that the command line names, after life, grace and lines."""
    life_s, grace_s, lines, *command = sys.argv[1:]
    supervise(float(life_s), float(grace_s), tuple(int(line) for line in lines))
    try:
        os.execvp(command[0], command)
    except OSError as error:
        os.write(2, "cannot start {}: {}\n".format(command[0], error.strerror).encode("utf-8", "replace"))
    os._exit(NOT_STARTED)
