"""What a suite may ask of an Edge TPU's runtimes: of libedgetpu, and of the compiler."""

from __future__ import annotations

from collections.abc import Mapping

from devbench import Option

OPTIONS: Mapping[str, Option] = {
    "threads": 1,
    "performance": "",
    "usb_always_dfu": "",
    "usb_max_bulk_in_queue_length": "",
    "compiler_min_runtime": "",
    "compiler_all_subgraphs": "",
    "compiler_search": "",
    "compiler_timeout_s": "",
    "compiler_together": "",
}
_WORDS: Mapping[str, tuple[Option, ...]] = {
    "performance": ("Low", "Medium", "High", "Max"),
    "usb_always_dfu": (True, False, "True", "False"),
    "compiler_all_subgraphs": (True, False),
    "compiler_search": (True, False),
}
_NUMBERS: Mapping[str, tuple[int, int]] = {
    "threads": (1, 1024),
    "usb_max_bulk_in_queue_length": (0, 255),
    "compiler_min_runtime": (10, 14),
    "compiler_timeout_s": (1, 86_400),
}


def wrong_option(name: str, value: Option) -> str:
    """Why the option cannot have this value; "" if it can. An empty text stands for the library's own choice."""
    if value == "":
        return ""
    if name in _WORDS and not any(value is word or (isinstance(word, str) and value == word) for word in _WORDS[name]):
        words = list(dict.fromkeys(str(word) for word in _WORDS[name]))
        return f"{name} is {', '.join(words[:-1])} or {words[-1]}, not {value}"
    if name in _NUMBERS:
        least, most = _NUMBERS[name]
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            return f"{name} is a whole number from {least} to {most}, not {value}"
    if name == "compiler_together" and not isinstance(value, str):
        return f"{name} is a text with names of files beside the model's, and commas between, not {value}"
    return ""
