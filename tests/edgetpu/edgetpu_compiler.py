"""A stand-in for edgetpu_compiler: prints what the real one prints in public logs, and copies a file that a test made.

STANDIN_COMPILER says what it does; STANDIN_COMPILED is the file it copies.
"""

import argparse
import os
import shutil
import sys
import time
from pathlib import Path

SUCCESS = """Edge TPU Compiler version 16.0.384591198
Started a compilation timeout timer of 180 seconds.

Model compiled successfully in 1524 ms.

Input model: {name}.tflite
Input size: 4.24MiB
Output model: {name}_edgetpu.tflite
Output size: 5.57MiB
On-chip memory used for caching model parameters: 4.21MiB
On-chip memory remaining for caching model parameters: 3.29MiB
Off-chip memory used for streaming uncached model parameters: {streamed}
Number of Edge TPU subgraphs: 1
Total number of operations: {total}
Operation log: {name}_edgetpu.log
"""
PARTIAL = """
Model successfully compiled but not all operations are supported by the Edge TPU. A percentage of the model will \
instead run on the CPU, which is slower.
Number of operations that will run on Edge TPU: 264
Number of operations that will run on CPU: 3
See the operation log file for individual operation details.

Operator                       Count      Status

CONV_2D                        102        Mapped to Edge TPU
DEQUANTIZE                     2          Operation is working on an unsupported data type
CUSTOM                         1          Operation is working on an unsupported data type
"""
END = "Compilation child process completed within timeout period.\nCompilation succeeded! \n"
FAILURE = """Edge TPU Compiler version 16.0.384591198
ERROR: Encountered unresolved custom op: Atan.
Compilation failed: Model failed in Tflite interpreter. Please ensure model can be loaded/run in Tflite interpreter.
Compilation child process completed within timeout period.
Compilation failed!
"""
TIMEOUT = """Edge TPU Compiler version 16.0.384591198
Started a compilation timeout timer of 300 seconds.
Compilation timeout. This is usually caused by large activations.
Compilation failed!
"""


def main() -> int:
    mode = os.environ.get("STANDIN_COMPILER", "success")
    if sys.argv[1:] == ["-v"]:
        print("Edge TPU Compiler version 16.0.384591198" if mode != "mute" else "")
        return 0
    parser = argparse.ArgumentParser()
    for flag in ("-s", "-a", "-d"):
        parser.add_argument(flag, action="store_true")
    for option in ("-t", "-m", "-o"):
        parser.add_argument(option)
    parser.add_argument("models", nargs="+", type=Path)
    arguments = parser.parse_args()
    with Path(os.environ["STANDIN_CALLS"]).open("a") as file:
        file.write(" ".join(Path(word).name if "/" in word else word for word in sys.argv[1:]) + "\n")
    if mode in {"failure", "timeout"}:
        print(FAILURE if mode == "failure" else TIMEOUT)
        return 1
    if mode == "hang":
        time.sleep(600)
    if mode == "crash":
        os.abort()
    for model in arguments.models if mode != "nothing" else ():
        shutil.copy(os.environ["STANDIN_COMPILED"], Path(arguments.o) / f"{model.stem}_edgetpu.tflite")
    partial = mode == "partial"
    name, total = arguments.models[0].stem, 267 if partial else 31
    print(SUCCESS.format(name=name, total=total, streamed="1.50MiB" if partial else "0.00B"))
    print((PARTIAL if partial else "") + END)
    return 1 if mode == "half" else 0


if __name__ == "__main__":
    sys.exit(main())
