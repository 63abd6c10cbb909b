"""The network in torch, and the same network as an ONNX graph that advances by one frame."""

from __future__ import annotations

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


class Network(nn.Module):
    """A causal convolution over CONTEXT frames, gated recurrent layers, a linear head."""

    def __init__(self, width: int, layers: int) -> None:
        super().__init__()
        self.width, self.layers = width, layers
        self.front = nn.Linear(CONTEXT * SIZE, width)
        self.recurrent = nn.GRU(width, width, layers, batch_first=True)
        self.head = nn.Linear(width, CHANNELS)

    def forward(self, features: Tensor) -> Tensor:
        """(B, T, CHANNELS) of features (B, T, SIZE), from silence."""
        before = torch.full((len(features), CONTEXT - 1, SIZE), 0.0)
        windows = torch.cat([before, features], 1).unfold(1, CONTEXT, 1).transpose(2, 3).flatten(2)
        hidden = torch.relu(self.front(windows))
        hidden, _ = self.recurrent(hidden)
        return torch.as_tensor(self.head(hidden))

    @property
    def state_size(self) -> int:
        return (CONTEXT - 1) * SIZE + self.layers * self.width


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
    node("Clip", ["channels", zero, one], ["clipped"])
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


def _gates(values: np.ndarray, width: int) -> np.ndarray:
    """Torch orders the gates reset, update, new; ONNX update, reset, new."""
    reset, update, new = values[:width], values[width : 2 * width], values[2 * width :]
    return np.ascontiguousarray(np.concatenate([update, reset, new]))
