"""What goes wrong with an Edge TPU, and what to do about it: by the texts that vendor, runtime and our engine give."""

from __future__ import annotations

import re

_REBUILD = (
    "libedgetpu and the runtime must be built for the same TensorFlow: Google's own (16.0) is for 2.5. Install a"
    " libedgetpu built for this runtime, or a runtime that fits it (docs/edgetpu.md)."
)
# In the order in which they are tried: the first text that is found decides.
_ADVICE: tuple[tuple[str, str], ...] = (
    (
        r"libusb-1\.0\.so\.0: cannot open shared object",
        "libedgetpu needs libusb: `sudo apt install libusb-1.0-0`.",
    ),
    (
        r"libedgetpu\.so\.1: cannot open shared object",
        "Install the Edge TPU runtime: libedgetpu1-std, or -max for the full clock (docs/edgetpu.md).",
    ),
    (
        r"no permission for",
        (
            "Install the udev rule that comes with libedgetpu, join the group plugdev"
            " (`sudo usermod -aG plugdev $USER`), log in again and plug the stick in again."
        ),
    ),
    (r"is in use", "End the other program: one process at a time can hold an Edge TPU."),
    (r"refused .*=", "`performance` is Low, Medium, High or Max; `usb_always_dfu` True or False (docs/edgetpu.md)."),
    (
        r"finds no Edge TPU|no Edge TPU:|nothing is in port|there is no /?.*apex",
        (
            "Plug it in, or name the place's port as `devbench devices` shows it. In a container or virtual machine,"
            " pass through both USB ids: 1a6e:089a before the firmware is loaded, 18d1:9302 after."
        ),
    ),
    (
        r"[Uu]nresolved custom op: edgetpu-custom-op",
        (
            "The file is compiled for the Edge TPU, and there is no delegate: measure it on an Edge TPU, and its"
            " original on the CPU (`source:` and `compiled:` in the suite)."
        ),
    ),
    (r"unresolved custom op.*EdgeTpuDelegateForCustomOp\) failed to invoke", _REBUILD),
    (
        r"Failed to execute request",
        (
            "The Edge TPU failed during an inference. Plug it in again, give it more power (900 mA at the full clock)"
            " or the std library, and let it cool down."
        ),
    ),
    (r"Unsupported data type in custom op handler", _REBUILD + " If they are, compile the model again."),
    (r"input->bytes", "The compiled file's input does not fit its operation: compile the model again."),
    (r"killed by SIGSEGV|killed by SIGABRT", _REBUILD),
    (
        r"could not open",
        "Plug the stick in again, at a port or powered hub that gives it 900 mA; `devbench doctor` looks for more.",
    ),
)


def advice(error: str) -> str:
    """What to do about a failure with this text; "" if none of the known ones."""
    return next((text for pattern, text in _ADVICE if re.search(pattern, error)), "")
