"""Whether somebody else could have written a file: owner and mode of it, and of every folder on the way to it."""

from __future__ import annotations

import errno
import grp
import os
import pwd
import stat
from collections.abc import Iterator
from pathlib import Path

_MOST_LINKS = 40
_ALL_USERS = "0 0 4294967295"  # what /proc/self/uid_map says outside of a user namespace
_UNMAPPED = 65534  # how the owner of a file looks whom this user namespace does not know


def read_ours(path: Path) -> bytes:
    """The content of a file that nobody but this user or root could have written. Raises OSError, also for any other.

    What is checked is what is read: the descriptor, and no symbolic link in the last step.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)  # a pipe is not waited for
    except OSError as error:
        text = "is a symbolic link" if error.errno == errno.ELOOP else error.strerror
        raise OSError(error.errno, text, str(path)) from error
    with os.fdopen(descriptor, "rb") as file:
        about = os.fstat(descriptor)
        if not stat.S_ISREG(about.st_mode):
            raise OSError(errno.EINVAL, "is not a regular file", str(path))
        _refuse_others(path, about, _owners())
        check_ours(path.parent)
        return file.read()


def check_ours(path: Path, *, trusted: int | None = None) -> None:
    """Raise PermissionError if anybody but this user or root could change what `path` leads to, links included.

    Its `filename` is the file or folder that is open to others, its `strerror` says how. Of what does not exist yet,
    or cannot be reached, the folders on the way are checked. trusted: one more user.
    """
    owners = _owners() | ({trusted} if trusted is not None else set())
    for step in _steps(path):
        try:
            about = step.lstat()
        except OSError:
            return
        _refuse_others(step, about, owners)


def sudo_caller() -> int | None:
    """The user who started this process by sudo; None where nobody did."""
    caller = os.environ.get("SUDO_UID", "")
    return int(caller) if os.geteuid() == 0 and caller.isdecimal() else None


def _owners() -> set[int]:
    return {os.geteuid(), 0}


def _refuse_others(path: Path, about: os.stat_result, owners: set[int]) -> None:
    folder = stat.S_ISDIR(about.st_mode)
    if about.st_uid not in owners and not (folder and about.st_uid == _UNMAPPED and _in_user_namespace()):
        raise PermissionError(errno.EPERM, f"belongs to {_name(about.st_uid)}", str(path))
    if stat.S_ISLNK(about.st_mode) or (folder and about.st_mode & stat.S_ISVTX):
        return  # a link has no mode; in a folder such as /tmp nobody can replace what is another's
    if about.st_mode & stat.S_IWOTH or (about.st_mode & stat.S_IWGRP and not _is_private(about.st_gid, about.st_uid)):
        mode = f"{stat.S_IMODE(about.st_mode):o}"
        raise PermissionError(errno.EPERM, f"can be written by other users (mode {mode})", str(path))


def _is_private(group: int, owner: int) -> bool:
    """Whether the owner is alone in the group: many systems give each user one, and let it write all of his files.

    OpenSSH on Debian judges in the same way.
    """
    try:
        name = pwd.getpwuid(owner).pw_name
        if any(member != name for member in grp.getgrgid(group).gr_mem):
            return False
    except KeyError:
        return False
    return {user.pw_uid for user in pwd.getpwall() if user.pw_gid == group} == {owner}


def _steps(path: Path) -> Iterator[Path]:
    """Every folder, link and file that decides what `path` leads to, from the root on, as the kernel goes."""
    todo = list(reversed(path.absolute().parts))
    here = Path(todo.pop())
    yield here
    links = 0
    while todo:
        name = todo.pop()
        step = here.parent if name == ".." else here / name
        yield step
        if not step.is_symlink():
            here = step
            continue
        links += 1
        if links > _MOST_LINKS:
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(path))
        target = step.readlink()
        if target.is_absolute():
            here = Path("/")
        todo += reversed(target.parts[1:] if target.is_absolute() else target.parts)


def _in_user_namespace() -> bool:
    try:
        return Path("/proc/self/uid_map").read_text().split() != _ALL_USERS.split()
    except OSError:
        return False


def _name(user: int) -> str:
    try:
        return f"user {pwd.getpwuid(user).pw_name}"
    except KeyError:
        return f"user {user}"
