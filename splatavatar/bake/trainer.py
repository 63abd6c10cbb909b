"""The optimiser's loop: one picture a step, densification at fixed moments, the rig now and then."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from splatavatar.bake import densify
from splatavatar.bake.engine import Engine, Gradients, Target
from splatavatar.bake.native_engine import BETA1, BETA2
from splatavatar.bake.rig_motion import MOVING, RigMotion
from splatavatar.bake.schedule import Schedule
from splatavatar.bake.splats import PARAMETERS, Splats, concatenated
from splatavatar.bake.unseen import patches
from splatavatar.gaussians.binding import triangle_frames


@dataclass
class Moments:
    """Adam's first and second moments, laid out as the values."""

    first: Splats
    second: Splats

    @staticmethod
    def zeros(splats: Splats) -> Moments:
        """Of as many Gaussians as ``splats``."""
        return Moments(*(Splats(**{n: torch.zeros_like(v) for n, v in vars(splats).items()}) for _ in range(2)))


@dataclass
class RigMoments:
    """Adam's moments of the rig parameters; per timestep where the parameters are."""

    first: dict[str, Tensor]
    second: dict[str, Tensor]
    steps: Tensor
    """(T) steps taken at each timestep"""

    @staticmethod
    def zeros(motion: RigMotion) -> RigMoments:
        """Of the parameters of ``motion``."""
        zeros = [{name: torch.zeros_like(getattr(motion, name)) for name in MOVING} for _ in range(2)]
        return RigMoments(zeros[0], zeros[1], torch.zeros(len(motion.expression), dtype=torch.int64))


@dataclass
class TrainerState:
    """Everything a resumed bake needs; plain tensors and numbers."""

    splats: Splats
    moments: Moments
    rig_moments: RigMoments
    motion_sum: Tensor
    """(N) since the last densification"""
    motion_steps: Tensor
    """(N)"""
    seen: Tensor
    """(N) sum of blending weights since the start; children start with their parent's"""
    iteration: int = 0
    rounds: int = 0
    """of densification done"""


class Trainer:
    """Optimises ``state`` towards ``targets``.

    Randomness depends on the seed and the iteration alone, so a resumed run draws what an uninterrupted one would.
    """

    def __init__(
        self,
        engine: Engine,
        schedule: Schedule,
        motion: RigMotion,
        weights: Tensor,
        bias: Tensor,
        targets: list[Target],
        state: TrainerState,
        reach: Tensor,
        square: Tensor,
        gaussians: int,
        seed: int,
        move_rig: bool,
    ) -> None:
        """``weights`` (K, D) and ``bias`` (K) of psi; ``reach`` (F): metres above each triangle in which its Gaussians
        are free; ``square`` (F): see ``unseen.squareness``; ``gaussians``: number at the end of densification."""
        self.engine, self.schedule, self.motion, self.targets, self.state = engine, schedule, motion, targets, state
        self.weights, self.bias, self.gaussians, self.seed, self.move_rig = weights, bias, gaussians, seed, move_rig
        self.psi = motion.psi(weights, bias)
        self.reach, self.square = reach, square
        self.learning = (square > schedule.away).to(torch.uint8)
        # Thin: what faces away shows at its rim, and what lies behind would outshine a colour that does not learn.
        self.learning[torch.from_numpy(motion.rig.regions.get("ears", np.zeros(0, np.int32))).long()] = 1
        low, high = schedule.calm
        self._grazed = ((high - square) / (high - low)).clamp(0, 1)
        self._patch = torch.from_numpy(patches(motion.rig))
        self._is_skin = torch.zeros(len(motion.rig.faces))
        self._is_skin[torch.from_numpy(motion.rig.regions.get("skin", np.zeros(0, np.int32))).long()] = 1.0
        self._measure()
        self.mean_loss = 0.0
        """moving average over about fifty steps"""

    def step(self, progress: float) -> float:
        """One optimiser step at ``progress`` in [0, 1]; returns the weighted photometric loss."""
        state, schedule = self.state, self.schedule
        if state.rounds < schedule.densify_rounds and progress >= schedule.densify_at(state.rounds):
            self._densify()
        target = self._draw(state.iteration)
        background = np.random.default_rng([self.seed, 3, state.iteration]).random(3)
        state.iteration += 1
        moving = self.move_rig and progress >= schedule.rig_from and state.iteration % schedule.rig_every == 0
        timestep = target.timestep
        leaves, vertices = self.motion.leaves(timestep) if moving else (None, self.motion.vertices(timestep))
        psi = self.psi[timestep] if progress >= schedule.corrective_start else self.psi[0, :0]
        gradients = self.engine.gradients(
            state.splats,
            psi,
            vertices.detach(),
            target,
            (float(background[0]), float(background[1]), float(background[2])),
            schedule.loss,
            moving,
        )
        visible = (gradients.weight > schedule.least_weight).to(torch.uint8) * self.learning[state.splats.face.long()]
        state.motion_sum += gradients.motion
        state.motion_steps += visible
        state.seen += gradients.weight
        self._regularise(gradients)
        self._update(gradients, visible, psi, schedule.decay(progress))
        if leaves is not None and gradients.vertices is not None:
            vertices.backward(gradients.vertices)  # type: ignore[no-untyped-call]
            self._update_rig(timestep, leaves, schedule.decay(progress))
        terms = zip((schedule.loss.l1, schedule.loss.dssim, schedule.loss.matte), gradients.losses, strict=True)
        loss = sum(w * x for w, x in terms)
        self.mean_loss += 0.02 * (loss - self.mean_loss) if self.mean_loss else loss
        return loss

    def _draw(self, iteration: int) -> Target:
        epoch, index = divmod(iteration, len(self.targets))
        order = np.random.default_rng([self.seed, 2, epoch]).permutation(len(self.targets))
        target, chance = self.targets[int(order[index])], np.random.default_rng([self.seed, 4, iteration])
        if chance.random() < target.weight:
            return target
        weights = np.array([t.weight for t in self.targets]) + 1e-9
        return self.targets[int(chance.choice(len(weights), p=weights / weights.sum()))]

    def _measure(self) -> None:
        """Keeps (N, 1) the size k of the neutral triangle of each Gaussian, metres, and the largest scale there."""
        _, size = triangle_frames(self.motion.rig.template, self.motion.rig.faces)
        self._size = torch.from_numpy(size)[self.state.splats.face.long()][:, None]
        self._log_limit = torch.log(self.schedule.big / self._size.clamp(min=1e-9))

    def _regularise(self, gradients: Gradients) -> None:
        """Adds the penalties on Gaussians that are far from their triangle, and on transparent skin."""
        splats, schedule, n = self.state.splats, self.schedule, len(self.state.splats)
        face = splats.face.long()
        stretched = splats.position * torch.tensor([1.0, schedule.normal_factor, 1.0])
        distance = stretched.norm(dim=1, keepdim=True) * self._size
        pull = stretched * torch.tensor([1.0, schedule.normal_factor, 1.0])
        pull = pull * (self._size**2 / distance.clamp(min=1e-12))
        beyond = distance > self.reach[face][:, None]
        gradients.parameters["position"] += (schedule.far_weight / n) * torch.where(beyond, pull, 0.0)
        if schedule.thick_weight:
            self._flatten(gradients, face)
        if schedule.calm_weight:
            self._calm(gradients, face)
        if schedule.opaque_weight:
            alpha = torch.sigmoid(splats.logit)
            gradients.parameters["logit"] -= (schedule.opaque_weight / n) * alpha * (1 - alpha) * self._is_skin[face]

    def _flatten(self, gradients: Gradients, face: Tensor) -> None:
        """Adds the penalty on Gaussians that reach far out along the normal, where a single camera looks along them."""
        splats, schedule = self.state.splats, self.schedule
        w, x, y, z = torch.nn.functional.normalize(splats.rotation, dim=1).unbind(1)
        normal = torch.stack([2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)], 1)
        squares = (normal * splats.log_scale.exp() * self._size) ** 2
        thick = squares.sum(1, keepdim=True).sqrt()
        limit = schedule.thick + (self.reach[face] - schedule.far)[:, None] / 3
        pull = torch.where(thick > limit, squares / thick.clamp(min=1e-9), 0.0)
        gradients.parameters["log_scale"] += (schedule.thick_weight / len(splats)) * pull

    def _calm(self, gradients: Gradients, face: Tensor) -> None:
        """Adds the penalty on colours of grazed surface and, less, of all skin that differ from those around them."""
        splats, patch = self.state.splats, self._patch[face]
        hidden = 1 - self.state.seen / (10 * self.schedule.buried * max(self.state.iteration, 1))
        doubt = torch.maximum(self._grazed[face], hidden).clamp(0, 1)
        trust = torch.sigmoid(splats.logit) * (1.05 - doubt)
        total = torch.zeros(len(self._patch), 4)
        total.index_add_(0, patch, torch.cat([splats.colour, torch.ones(len(patch), 1)], 1) * trust[:, None])
        mean = total[patch, :3] / total[patch, 3:].clamp(min=1e-9)
        # Colours of skin that cancel each other seen from the front do not from the side.
        least = self.schedule.calm_skin * self._is_skin[face]
        weight = self.schedule.calm_weight / len(splats) * torch.maximum(doubt, least)[:, None]
        gradients.parameters["colour"] += weight * (splats.colour - mean)

    def _update(self, gradients: Gradients, visible: Tensor, psi: Tensor, decay: float) -> None:
        state, rates = self.state, self.schedule.rates
        for name in PARAMETERS:
            value, first, second = (getattr(s, name) for s in (state.splats, state.moments.first, state.moments.second))
            gradient = gradients.parameters[name]
            rate, shrink = rates[name] * decay, 1 - decay * self.schedule.weight_decay.get(name, 0.0)
            self.engine.adam(value, first, second, gradient, visible, rate, shrink, state.iteration)
        # One soft Gaussian as large as a cheek costs a picture nothing and shows as a halo in the next expression.
        torch.minimum(state.splats.log_scale, self._log_limit, out=state.splats.log_scale)
        if not rates["sh"]:
            state.splats.colour.clamp_(0.0, 1.0)
        if len(psi):
            shared = torch.cat([gradients.parameters["position"], gradients.parameters["colour"]], 1)
            table, first, second = (s.correctives for s in (state.splats, state.moments.first, state.moments.second))
            rate = rates["correctives"] * decay
            shrink = 1 - decay * self.schedule.weight_decay["correctives"]
            self.engine.adam_rank_one(table, first, second, psi, shared, visible, rate, shrink, state.iteration)

    def _update_rig(self, timestep: int, leaves: dict[str, Tensor], decay: float) -> None:
        schedule, moments, motion = self.schedule, self.state.rig_moments, self.motion
        moments.steps[timestep] += 1
        for name, leaf in leaves.items():
            rate = schedule.rig_rates[name]
            table, shared = getattr(motion, name), name == "template_offset"  # one template for all timesteps
            step = int(moments.steps.sum() if shared else moments.steps[timestep])
            first, second = (m[name] if shared else m[name][timestep] for m in (moments.first, moments.second))
            g = leaf.grad if leaf.grad is not None else torch.zeros_like(leaf)
            first.mul_(BETA1).add_(g, alpha=1 - BETA1)
            second.mul_(BETA2).addcmul_(g, g, value=1 - BETA2)
            moved = (first / (1 - BETA1**step)) / ((second / (1 - BETA2**step)).sqrt() + 1e-10)
            (table if shared else table[timestep]).sub_(rate * decay * moved)
        motion.expression[timestep].clamp_(0.0, 1.0)
        self.psi = motion.psi(self.weights, self.bias)
        motion.forget_poses()

    def _densify(self) -> None:
        """Prunes, then splits the most wanting Gaussians until the round's share of the final number is reached."""
        state, schedule = self.state, self.schedule
        share = (state.rounds + 1) / schedule.densify_rounds
        goal = int(self.gaussians * (schedule.initial_share + (1 - schedule.initial_share) * share))
        all_views = state.iteration >= len(self.targets)  # before, unseen may mean that its view has not been drawn yet
        seen = state.seen if all_views else torch.ones_like(state.seen)
        if schedule.buried and all_views:
            learns = self.learning[state.splats.face.long()] > 0
            seen = torch.where(learns, (seen > schedule.buried * state.iteration).float(), torch.ones_like(seen))
        kept = densify.survivors(state.splats, seen, schedule.prune_opacity)
        clear = 1 - self._grazed if schedule.calm_weight else torch.ones_like(self._grazed)
        motion, steps = (state.motion_sum * clear[state.splats.face.long()])[kept], state.motion_steps[kept]
        parts = [s.rows(kept) for s in (state.splats, state.moments.first, state.moments.second)]
        parents = densify.most_wanting(motion, steps, max(goal - len(kept), 0))
        rest = torch.ones(len(kept), dtype=torch.bool)
        rest[parents] = False
        others = torch.nonzero(rest).flatten()
        merged = [
            concatenated([parts[0].rows(others), densify.split(parts[0], parents)]),
            *(concatenated([p.rows(others), p.rows(parents), p.rows(parents)]) for p in parts[1:]),
        ]
        state.splats, state.moments = merged[0], Moments(merged[1], merged[2])
        n = len(state.splats)
        state.seen = concatenated_values(state.seen[kept], parts[0].face, others, parents)
        state.motion_sum, state.motion_steps = torch.zeros(n), torch.zeros(n)
        state.rounds += 1
        self._measure()


def concatenated_values(values: Tensor, face: Tensor, others: Tensor, parents: Tensor) -> Tensor:
    """Per-Gaussian ``values`` ordered as ``concatenated`` orders ``others`` and both children of ``parents``."""
    index = torch.cat([others, parents, parents])
    return values[index][torch.argsort(face[index], stable=True)]


def fresh_state(splats: Splats, motion: RigMotion) -> TrainerState:
    """The state before the first step."""
    n = len(splats)
    return TrainerState(
        splats, Moments.zeros(splats), RigMoments.zeros(motion), torch.zeros(n), torch.zeros(n), torch.zeros(n)
    )
