"""CUDA's runtime library through ctypes: memory, copies and streams, so that nothing need be installed. Python 3.6."""

import ctypes
import ctypes.util
import glob
from typing import Any, Callable, Dict, Iterable, Optional, Tuple

_TO_DEVICE, _TO_HOST = 1, 2  # of enum cudaMemcpyKind
_ATTRIBUTES = {"multiprocessors": 16, "major": 75, "minor": 76}  # of enum cudaDeviceAttr
_PLACES = ("/usr/local/cuda/lib64/libcudart.so*", "/usr/local/cuda*/lib*/libcudart.so*", "/usr/lib/*/libcudart.so*")
_NO_ERROR = 0


class Cuda:
    """The library, open. Each call that fails is a RuntimeError with the call's name and CUDA's own words."""

    def __init__(self) -> None:
        self._c = _open()
        self._c.cudaGetErrorString.restype = ctypes.c_char_p
        self._c.cudaGetErrorString.argtypes = [ctypes.c_int]

    def facts(self) -> Dict[str, str]:
        """Versions of the library and the driver, and which GPU it is, as far as CUDA tells."""
        found = {"cuda": self._version("cudaRuntimeGetVersion"), "cuda_driver": self._version("cudaDriverGetVersion")}
        values = {name: self._attribute(number) for name, number in _ATTRIBUTES.items()}
        if None not in values.values():
            found["compute_capability"] = "{major}.{minor}".format(**values)
            found["gpu_multiprocessors"] = str(values["multiprocessors"])
        return found

    def device_memory(self, size: int) -> int:
        """The address of `size` bytes on the device."""
        address = ctypes.c_void_p()
        self._do("cudaMalloc", ctypes.byref(address), ctypes.c_size_t(size))
        return address.value or 0

    def host_memory(self, size: int) -> int:
        """The address of `size` bytes here that a copy needs no detour for."""
        address = ctypes.c_void_p()
        self._do("cudaMallocHost", ctypes.byref(address), ctypes.c_size_t(size))
        return address.value or 0

    def stream(self) -> int:
        """A new stream."""
        stream = ctypes.c_void_p()
        self._do("cudaStreamCreate", ctypes.byref(stream))
        return stream.value or 0

    def copies(self, pairs: Iterable[Tuple[int, int, int]], stream: int, to_device: bool) -> Callable[[], None]:
        """A function that starts these copies, each of (destination, source, size), on the stream."""
        kind = ctypes.c_int(_TO_DEVICE if to_device else _TO_HOST)
        copy, check, on = self._c.cudaMemcpyAsync, self._check, ctypes.c_void_p(stream)
        ready = [(ctypes.c_void_p(to), ctypes.c_void_p(of), ctypes.c_size_t(size)) for to, of, size in pairs]

        def start() -> None:
            for to, of, size in ready:
                status = copy(to, of, size, kind, on)
                if status:
                    check("cudaMemcpyAsync", status)

        return start

    def waiter(self, stream: int) -> Callable[[], None]:
        """A function that waits until the stream has done all of its work."""
        wait, check, on = self._c.cudaStreamSynchronize, self._check, ctypes.c_void_p(stream)

        def until_done() -> None:
            status = wait(on)
            if status:
                check("cudaStreamSynchronize", status)

        return until_done

    def _version(self, call: str) -> str:
        number = ctypes.c_int()
        self._do(call, ctypes.byref(number))
        return "{}.{}".format(number.value // 1000, number.value % 1000 // 10)

    def _attribute(self, number: int) -> Optional[int]:
        value = ctypes.c_int()
        status = self._c.cudaDeviceGetAttribute(ctypes.byref(value), ctypes.c_int(number), ctypes.c_int(0))
        return value.value if status == _NO_ERROR else None

    def _do(self, call: str, *arguments: Any) -> None:
        self._check(call, getattr(self._c, call)(*arguments))

    def _check(self, call: str, status: int) -> None:
        if status != _NO_ERROR:
            said = (self._c.cudaGetErrorString(status) or b"").decode("utf-8", "replace")
            raise RuntimeError("{}: {} (CUDA error {})".format(call, said, status))


def _open() -> ctypes.CDLL:
    found = ctypes.util.find_library("cudart")
    names = [found] if found else []
    for place in _PLACES:
        names += sorted(glob.glob(place), reverse=True)
    for name in ["libcudart.so"] + names:
        try:
            return ctypes.CDLL(name)
        except OSError:
            continue
    raise OSError("libcudart.so: CUDA's runtime library is not found")
