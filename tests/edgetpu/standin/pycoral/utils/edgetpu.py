"""pycoral.utils.edgetpu, as far as its callers see it: signatures as in google-coral/pycoral 46f06c8, nothing else of it.

The real one takes the functions of C from its own pybind module; here ctypes gives them.
"""

import ctypes
import os
from pathlib import Path

import tflite_runtime.interpreter as tflite

_library = ctypes.CDLL("libedgetpu.so.1")


class _Device(ctypes.Structure):
    _fields_ = [("type", ctypes.c_int), ("path", ctypes.c_char_p)]


_library.edgetpu_version.restype = ctypes.c_char_p
_library.edgetpu_list_devices.restype = ctypes.POINTER(_Device)


def _note(call):
    if "STANDIN_CORAL_LOG" in os.environ:
        with Path(os.environ["STANDIN_CORAL_LOG"]).open("a") as file:
            file.write(call + "\n")


def get_runtime_version():
    return _library.edgetpu_version().decode()


def list_edge_tpus():
    count = ctypes.c_size_t()
    first = _library.edgetpu_list_devices(ctypes.byref(count))
    return [{"type": ("pci", "usb")[first[k].type], "path": first[k].path.decode()} for k in range(count.value)]


def set_verbosity(verbosity):
    return True


def supports_dmabuf(interpreter_handle):
    return False


def invoke_with_bytes(interpreter_handle, input_data):
    raise NotImplementedError


def invoke_with_dmabuffer(interpreter_handle, dma_fd, size):
    raise NotImplementedError


def invoke_with_membuffer(interpreter_handle, buffer, size):
    raise NotImplementedError


def load_edgetpu_delegate(options=None):
    _note(f"load_edgetpu_delegate {sorted((options or {}).items())}")
    return tflite.load_delegate("libedgetpu.so.1", options or {})


def make_interpreter(model_path_or_content, device=None, delegate=None):
    _note("make_interpreter {} {}".format(device, "with a delegate" if delegate else "alone"))
    delegates = [delegate or load_edgetpu_delegate({"device": device} if device else {})]
    kind = "model_content" if isinstance(model_path_or_content, bytes) else "model_path"
    return tflite.Interpreter(**{kind: model_path_or_content}, experimental_delegates=delegates)


def run_inference(interpreter, input_data):
    raise NotImplementedError
