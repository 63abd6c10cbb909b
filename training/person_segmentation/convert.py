"""Brings the weights of MediaPipe's selfie segmentation into ``splatavatar/capture/matting/data``, and compares.

    pip install ai-edge-litert safetensors torch opencv-contrib-python av
    python training/person_segmentation/convert.py selfie_segmentation.tflite PICTURE...

The file comes from the npm package ``@mediapipe/selfie_segmentation``. Its layers have no names that say what they do;
they are named here by their order, which is that of ``segmentation.py``. Weights stay the 16-bit numbers that they are.
The first picture and what LiteRT makes of it become ``tests/golden/segmentation.npz``.
"""

from __future__ import annotations

import argparse
import hashlib
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter
from safetensors.numpy import save_file

from splatavatar.capture.matting.segmentation import BLOCKS, SIZE, SKIPS, WEIGHTS, person_odds

SHA256 = "8d13b7fae74af625c641226813616a2117bd6bca19eb3b75574621fc08557f27"
"""of the file that is read"""
GOLDEN = Path("tests/golden/segmentation.npz")
LARGEST = 1e-3
"""difference of a probability from LiteRT's that is let pass"""
CONVOLUTIONS = ("CONV_2D", "DEPTHWISE_CONV_2D", "CUSTOM")
"""the only custom operation is Convolution2DTransposeBias"""


def layer_names() -> Iterator[str]:
    """In the order of the file."""
    yield "stem"
    for number, (_, _, excited, _) in enumerate(BLOCKS):
        yield from (f"block{number}.{part}" for part in ("expand", "filter"))
        if excited:
            yield from (f"block{number}.{part}" for part in ("squeeze", "excite"))
        yield f"block{number}.project"
    yield from ("context.features", "context.gate")
    for level in range(len(SKIPS) + 1):
        yield from (f"decoder{level}.{part}" for part in ("narrow", "squeeze", "excite", "mix", "filter"))
    yield "mask"


def layers(data: bytes) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """The kernel (O, I, H, W) and the bias (O) of every convolution."""
    model = schema.Model.GetRootAsModel(data, 0)
    graph = model.Subgraphs(0)
    operations = {code: name for name, code in vars(schema.BuiltinOperator).items() if isinstance(code, int)}
    constants: dict[int, np.ndarray] = {}
    for number in range(graph.OperatorsLength()):
        operator = graph.Operators(number)
        code = model.OperatorCodes(operator.OpcodeIndex())
        operation = operations[max(code.BuiltinCode(), code.DeprecatedBuiltinCode())]
        inputs = operator.InputsAsNumpy()
        if operation == "DEQUANTIZE":
            tensor = graph.Tensors(int(inputs[0]))
            values = model.Buffers(tensor.Buffer()).DataAsNumpy().view(np.float16)
            constants[int(operator.OutputsAsNumpy()[0])] = values.reshape(tensor.ShapeAsNumpy())
        elif operation in CONVOLUTIONS:
            kernel, bias = (constants[int(k)] for k in inputs[1:3])
            # Depthwise kernels are (1, H, W, O), the transposed one (O, H, W, I) with one output, which comes second in
            # torch; all others are (O, H, W, I).
            order = (0, 3, 1, 2) if operation == "CONV_2D" else (3, 0, 1, 2)
            yield np.ascontiguousarray(kernel.transpose(order)), bias


def compare(path: Path, pictures: list[Path]) -> None:
    """Prints the largest difference of a probability on each of the ``pictures``, and ends where one is too large.

    Of the first it writes the golden file.
    """
    reference = Interpreter(str(path), num_threads=1)
    reference.allocate_tensors()
    source, target = reference.get_input_details()[0]["index"], reference.get_output_details()[0]["index"]
    for picture in pictures:
        image = cv2.imread(str(picture))[..., ::-1].copy()
        small = cv2.resize(image, (SIZE, SIZE), interpolation=cv2.INTER_AREA)
        reference.set_tensor(source, small[None].astype(np.float32) / 255)
        reference.invoke()
        expected = reference.get_tensor(target)[0, ..., 0]
        differs = np.abs(1 / (1 + np.exp(-person_odds(image).astype(np.float64))) - expected).max()
        print(f"{picture.name}: {differs:.1e}")
        if not differs < LARGEST:
            raise SystemExit("the network here is not that of the file")
        if picture == pictures[0]:
            np.savez_compressed(GOLDEN, picture=small, probability=np.rint(expected * 65535).astype(np.uint16))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("pictures", type=Path, nargs="*")
    chosen = parser.parse_args()
    data = chosen.model.read_bytes()
    if hashlib.sha256(data).hexdigest() != SHA256:
        raise SystemExit(f"{chosen.model}: not the file that this script knows")
    weights = {}
    for name, (kernel, bias) in zip(layer_names(), layers(data), strict=True):
        weights[f"{name}.kernel"], weights[f"{name}.bias"] = kernel, bias
    WEIGHTS.parent.mkdir(exist_ok=True)
    save_file(weights, WEIGHTS, {"source": "MediaPipe selfie segmentation", "sha256": SHA256, "licence": "Apache-2.0"})
    print(f"{WEIGHTS}: {WEIGHTS.stat().st_size} bytes")
    compare(chosen.model, chosen.pictures)


if __name__ == "__main__":
    main()
