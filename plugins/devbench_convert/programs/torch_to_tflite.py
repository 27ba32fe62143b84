"""PyTorch's exported program to a float .tflite; pictures come in with channels last."""

from __future__ import annotations

from typing import Any


def convert(order: Any) -> Any:
    """Convert `order["source"]`."""
    import litert_torch
    import torch
    from torch.utils._pytree import tree_flatten

    program = torch.export.load(order["source"])
    module = program.module()
    examples = []
    for one in order["source_inputs"]:
        shape = order["inputs"].get(one["name"]) or [
            1 if size == -1 and k == 0 else size for k, size in enumerate(one["shape"])
        ]
        if -1 in shape:
            raise ValueError(
                "the sizes of its input '{}' are free: say them in the suite under `ends`".format(one["name"])
            )
        examples.append(torch.zeros(shape, dtype=getattr(torch, one["dtype"])))
    pictures = [k for k, one in enumerate(examples) if one.dim() == 4 and one.shape[1] in (1, 3)]
    if pictures:
        module = litert_torch.to_channel_last_io(module, args=pictures)
        examples = [one.permute(0, 2, 3, 1).contiguous() if k in pictures else one for k, one in enumerate(examples)]
    litert_torch.convert(module, tuple(examples)).export(order["out"])

    def answers(arrays: Any) -> Any:
        with torch.no_grad():
            found, _ = tree_flatten(module(*[torch.from_numpy(one) for one in arrays]))
        return [one.numpy() for one in found]

    order.compare(answers, ["args_" + str(k) for k in range(len(examples))])
    return {"pictures": "channels last" if pictures else "as they were"}
