"""What a suite may ask of an Edge TPU's runtimes: of libedgetpu, and of the compiler."""

from __future__ import annotations

from collections.abc import Mapping

from devbench import Option, OptionSpec

_YES_NO = OptionSpec(default="", choices=(True, False))

# "" stands for the library's own choice.
OPTIONS: Mapping[str, Option | OptionSpec] = {
    "threads": 1,
    "performance": OptionSpec(default="", choices=("Low", "Medium", "High", "Max")),
    "usb_always_dfu": OptionSpec(default="", choices=(True, False, "True", "False")),
    "usb_max_bulk_in_queue_length": OptionSpec(default="", least=0, most=255),
    "compiler_min_runtime": OptionSpec(default="", least=10, most=14),
    "compiler_all_subgraphs": _YES_NO,
    "compiler_search": _YES_NO,
    "compiler_timeout_s": OptionSpec(default="", least=1, most=86_400),
    "compiler_together": "",  # names of files beside the model's, with commas between
}
