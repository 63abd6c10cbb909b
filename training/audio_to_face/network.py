"""The network in torch, and the same network as an ONNX graph that advances by one frame."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import onnx
import torch
import visemes
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

from splatavatar.drive.audio.features import SIZE
from splatavatar.rig.arkit import INDEX
from splatavatar.rig.arkit import NAMES as ARKIT

CONTEXT = 6
"""frames that the first layer sees, the newest included"""
CHANNELS = len(visemes.NAMES)
NARROWING = {"mouthPucker": 0.08, "mouthFunnel": 0.25, "mouthRollLower": 0.08}
"""gap that a full coefficient takes away"""
DOUBT, CERTAIN = 0.5, 0.3
"""shares of a full closure: where the lips begin to be closed for good, and how far from there they are"""


class Network(nn.Module):
    """A causal convolution over CONTEXT frames, gated recurrent layers, a linear head.

    A second head tells the classes of sounds apart; it helps to learn and is left out of the export.
    """

    def __init__(self, width: int, layers: int, dropout: float) -> None:
        super().__init__()
        self.width, self.layers = width, layers
        self.front = nn.Linear(CONTEXT * SIZE, width)
        self.dropout = nn.Dropout(dropout)
        self.recurrent = nn.GRU(width, width, layers, batch_first=True, dropout=dropout if layers > 1 else 0.0)
        self.head = nn.Linear(width, CHANNELS)
        self.classes = nn.Linear(width, len(visemes.CLASSES))

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """Channels (B, T, CHANNELS) and class scores (B, T, C) of features (B, T, SIZE), from silence."""
        before = torch.full((len(features), CONTEXT - 1, SIZE), 0.0)
        windows = torch.cat([before, features], 1).unfold(1, CONTEXT, 1).transpose(2, 3).flatten(2)
        hidden, _ = self.recurrent(self.dropout(torch.relu(self.front(windows))))
        return self.head(hidden), self.classes(hidden)


def expansion() -> np.ndarray:
    """(CHANNELS, 52) from the outputs of the network to ARKit coefficients."""
    matrix = np.zeros((CHANNELS, len(ARKIT)), np.float32)
    for row, names in enumerate(visemes.CHANNELS):
        matrix[row, [INDEX[name] for name in names]] = 1.0
    return matrix


def to_onnx(networks: list[Network], metadata: dict[str, str]) -> onnx.ModelProto:
    """The mean of ``networks``: ``features`` (1, SIZE) and ``state`` (1, S) to ``coefficients`` and ``next_state``."""
    width, layers, history = networks[0].width, networks[0].layers, (CONTEXT - 1) * SIZE
    nodes, weights = [], []

    def constant(name: str, value: np.ndarray) -> str:
        weights.append(numpy_helper.from_array(value, name))
        return name

    def node(kind: str, inputs: list[str], outputs: list[str], **attributes: object) -> None:
        nodes.append(helper.make_node(kind, inputs, outputs, **attributes))

    hidden_parts = [f"hidden{n}_{layer}" for n in range(len(networks)) for layer in range(layers)]
    sizes = constant("sizes", np.array([history] + [width] * len(hidden_parts), np.int64))
    node("Split", ["state", sizes], ["history", *hidden_parts], axis=1)
    node("Concat", ["history", "features"], ["window"], axis=1)
    start, stop = constant("start", np.array([SIZE], np.int64)), constant("stop", np.array([2**31 - 1], np.int64))
    axis, first = constant("axis", np.array([1], np.int64)), constant("first", np.array([0], np.int64))
    node("Slice", ["window", start, stop, axis], ["next_history"])
    outputs, states = [], ["next_history"]
    for n, network in enumerate(networks):
        values = {name: value.detach().numpy() for name, value in network.named_parameters()}
        front = constant(f"front{n}", np.ascontiguousarray(values["front.weight"].T))
        node("Gemm", ["window", front, constant(f"front_bias{n}", values["front.bias"])], [f"front_out{n}"])
        node("Relu", [f"front_out{n}"], [f"x{n}_0"])
        for layer in range(layers):
            tag = f"{n}_{layer}"
            w, r, b = (
                _gates(values[f"recurrent.{kind}_l{layer}"], width) for kind in ("weight_ih", "weight_hh", "bias_ih")
            )
            recurrent_bias = _gates(values[f"recurrent.bias_hh_l{layer}"], width)
            names = [
                constant(f"w{tag}", w[None]),
                constant(f"r{tag}", r[None]),
                constant(f"b{tag}", np.concatenate([b, recurrent_bias])[None]),
            ]
            node("Unsqueeze", [f"x{tag}", first], [f"sequence{tag}"])
            node("Unsqueeze", [f"hidden{tag}", first], [f"initial{tag}"])
            node(
                "GRU",
                [f"sequence{tag}", *names, "", f"initial{tag}"],
                ["", f"final{tag}"],
                hidden_size=width,
                linear_before_reset=1,
            )
            node("Squeeze", [f"final{tag}", first], [f"x{n}_{layer + 1}"])
            states.append(f"x{n}_{layer + 1}")
        head = constant(f"head{n}", np.ascontiguousarray(values["head.weight"].T) / np.float32(len(networks)))
        bias = constant(f"head_bias{n}", values["head.bias"] / np.float32(len(networks)))
        node("Gemm", [f"x{n}_{layers}", head, bias], [f"out{n}"])
        outputs.append(f"out{n}")
    node("Sum", outputs, ["channels"])
    zero, one = constant("zero", np.array(0, np.float32)), constant("one", np.array(1, np.float32))
    node("Clip", ["channels", zero, one], ["soft"])
    _closing(node, constant, zero, one)
    node("MatMul", ["clipped", constant("expansion", expansion())], ["coefficients"])
    node("Concat", states, ["next_state"], axis=1)
    size = history + width * len(hidden_parts)

    def value(name: str, length: int) -> onnx.ValueInfoProto:
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, length])

    graph = helper.make_graph(
        nodes,
        "audio_to_face",
        [value("features", SIZE), value("state", size)],
        [value("coefficients", len(ARKIT)), value("next_state", size)],
        weights,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    helper.set_model_props(model, metadata)
    onnx.checker.check_model(model)
    return model


def _closing(node: Callable[..., None], constant: Callable[[str, np.ndarray], str], zero: str, one: str) -> None:
    """From ``soft`` channels to ``clipped``: round lips are narrow, and lips that probably are closed, close.

    Rounded, protruded and tucked-in lips leave a smaller gap than the visemes have it, by NARROWING; only a closure
    brings it below visemes.NARROW. What a network learns of a closure is its mean over what the sound leaves open, half
    closed. How sure it is shows in mouthRollUpper, which only closures move. From DOUBT to DOUBT + CERTAIN of its full
    value mouthClose takes away, ever more completely, what is left of the gap.
    """
    gap = constant("gap", visemes.GAP.astype(np.float32)[:, None])
    narrowing = np.zeros((CHANNELS, 1), np.float32)
    for name, amount in NARROWING.items():
        narrowing[visemes.NAMES.index(name)] = amount
    close = np.zeros((1, CHANNELS), np.float32)
    column = visemes.NAMES.index("mouthClose")
    close[0, column] = -1 / visemes.GAP[column]
    constant("close", close)
    node("MatMul", ["soft", constant("narrowing", narrowing)], ["narrower"])
    node("MatMul", ["soft", gap], ["wide"])
    node("Sub", ["wide", constant("narrow", np.array(visemes.NARROW, np.float32))], ["room"])
    node("Relu", ["room"], ["room_open"])
    node("Min", ["narrower", "room_open"], ["narrowed"])

    roll = np.zeros((CHANNELS, 1), np.float32)
    roll[visemes.NAMES.index("mouthRollUpper")] = 1 / (visemes.ROLL_UPPER * CERTAIN)
    node("MatMul", ["soft", constant("roll", roll)], ["rolled"])
    node("Sub", ["rolled", constant("doubt", np.array(DOUBT / CERTAIN, np.float32))], ["sure"])
    node("Clip", ["sure", zero, one], ["sure_clipped"])
    node("Sub", ["wide", "narrowed"], ["open"])
    node("Sub", ["open", constant("pressed", np.array(visemes.PRESSED, np.float32))], ["left"])
    node("Relu", ["left"], ["left_open"])
    node("Mul", ["left_open", "sure_clipped"], ["pressed_shut"])
    node("Add", ["narrowed", "pressed_shut"], ["taken"])
    node("MatMul", ["taken", "close"], ["closing"])
    node("Add", ["soft", "closing"], ["closed"])
    node("Clip", ["closed", zero, one], ["clipped"])


def _gates(values: np.ndarray, width: int) -> np.ndarray:
    """Torch orders the gates reset, update, new; ONNX update, reset, new."""
    reset, update, new = values[:width], values[width : 2 * width], values[2 * width :]
    return np.ascontiguousarray(np.concatenate([update, reset, new]))
