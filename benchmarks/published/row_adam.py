"""Adam over tensors whose rows are Gaussians that come and go."""

from __future__ import annotations

import torch
from torch import Tensor


class RowAdam:
    """``torch.optim.Adam`` with a group for each named tensor (N, ...)."""

    def __init__(self, tensors: dict[str, Tensor], rates: dict[str, float], epsilon: float = 1e-15) -> None:
        self.leaves = {name: tensor.detach().clone().requires_grad_() for name, tensor in tensors.items()}
        groups = [{"params": [leaf], "lr": rates[name], "name": name} for name, leaf in self.leaves.items()]
        fused = next(iter(tensors.values())).is_cuda
        self.adam = torch.optim.Adam(groups, lr=0.0, eps=epsilon, fused=fused)

    def rate(self, name: str, value: float) -> None:
        """Sets the learning rate of one tensor."""
        for group in self.adam.param_groups:
            if group["name"] == name:
                group["lr"] = value

    def step(self) -> None:
        """One step; gradients are gone after it."""
        self.adam.step()
        self.adam.zero_grad(set_to_none=True)

    def replace(self, keep: Tensor, added: dict[str, Tensor]) -> None:
        """Keeps the rows ``keep`` (M) and what Adam remembers of them, then come the rows ``added``, without a past."""
        for group in self.adam.param_groups:
            name, (old,) = group["name"], group["params"]
            new = torch.cat([old.detach()[keep], added[name]]).requires_grad_()
            state = self.adam.state.pop(old, None)
            if state:
                for moment in ("exp_avg", "exp_avg_sq"):
                    state[moment] = torch.cat([state[moment][keep], torch.zeros_like(added[name])])
                self.adam.state[new] = state
            group["params"] = [new]
            self.leaves[name] = new

    def set(self, name: str, value: Tensor) -> None:
        """Overwrites one tensor and forgets its moments."""
        leaf = self.leaves[name]
        with torch.no_grad():
            leaf.copy_(value)
        state = self.adam.state.get(leaf)
        if state:
            state["exp_avg"].zero_()
            state["exp_avg_sq"].zero_()
