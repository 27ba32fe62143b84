"""Makes root respect the modes of files, as everybody else must, without becoming another user."""

from __future__ import annotations

import ctypes
import os

_VERSION_3 = 0x20080522
_DAC_OVERRIDE, _DAC_READ_SEARCH = 1, 2


class _Header(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class _Sets(ctypes.Structure):
    _fields_ = (("effective", ctypes.c_uint32), ("permitted", ctypes.c_uint32), ("inheritable", ctypes.c_uint32))


def drop_access_to_everything() -> None:
    """Give up, for this process and its children, what lets root read and write any file."""
    if os.geteuid() != 0:
        return  # nothing to give up
    c = ctypes.CDLL(None, use_errno=True)
    header, sets = _Header(_VERSION_3, 0), (_Sets * 2)()
    mask = ~(1 << _DAC_OVERRIDE | 1 << _DAC_READ_SEARCH) & 0xFFFFFFFF
    if c.capget(ctypes.byref(header), sets):
        raise OSError(ctypes.get_errno(), "capget")
    for kind in ("effective", "permitted", "inheritable"):
        setattr(sets[0], kind, getattr(sets[0], kind) & mask)
    if c.capset(ctypes.byref(header), sets):
        raise OSError(ctypes.get_errno(), "capset")
