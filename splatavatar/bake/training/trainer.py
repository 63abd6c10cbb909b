"""The optimiser's loop: a picture or some a step, densification at fixed moments, the rig now and then."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import inf, isfinite

import numpy as np
import torch
from torch import Tensor

from splatavatar.bake.engines.engine import AdamStep, Engine, Gradients, Shots, Target, sent
from splatavatar.bake.engines.splats import Splats, concatenated
from splatavatar.bake.scene.unseen import patches
from splatavatar.bake.training import densify
from splatavatar.bake.training.mouth_gate import MouthGate
from splatavatar.bake.training.rig_motion import MOVING, RigMotion
from splatavatar.bake.training.schedule import Schedule
from splatavatar.gaussians.torch_binding import triangle_frames
from splatavatar.render.adam import BETA1, BETA2
from splatavatar.torch_rotations import matrices_of_quaternions


@dataclass
class AdamMoments:
    """Adam's first and second moments, laid out as the values: ``face`` is theirs, so that both are ordered alike."""

    first: Splats
    second: Splats

    @staticmethod
    def zeros(splats: Splats) -> AdamMoments:
        """Makes the moments of the Gaussians ``splats``, all zero."""
        return AdamMoments(*(AdamMoments._of(splats) for _ in range(2)))

    @staticmethod
    def _of(splats: Splats) -> Splats:
        zero = {name: torch.zeros_like(value) for name, value in vars(splats).items()}
        return Splats(**{**zero, "face": splats.face.clone()})


@dataclass
class RigMoments:
    """Adam's moments of the rig parameters; per timestep where the parameters are."""

    first: dict[str, Tensor]
    second: dict[str, Tensor]
    steps: Tensor
    """(T + 1) int64 on the CPU, steps taken at each timestep; last, of what all timesteps share"""

    @staticmethod
    def zeros(motion: RigMotion) -> RigMoments:
        """Makes the moments of the parameters of ``motion``, all zero."""
        zeros = [{name: torch.zeros_like(getattr(motion, name)) for name in MOVING} for _ in range(2)]
        return RigMoments(zeros[0], zeros[1], torch.zeros(len(motion.expression) + 1, dtype=torch.int64))


@dataclass
class TrainerState:
    """Everything a resumed bake needs; plain tensors and numbers."""

    splats: Splats
    moments: AdamMoments
    rig_moments: RigMoments
    motion_sum: Tensor
    """(N) since the last densification"""
    motion_steps: Tensor
    """(N) pictures that saw the Gaussian since then"""
    seen: Tensor
    """(N) sum of blending weights since the start; children start with their parent's"""
    made: Tensor
    """(N) uint8: 1 for Gaussians that no picture asked for, see ``completion``; 2 for those of them that never learn"""
    measured: Tensor
    """(V, 3) metres: the offset of the template that the sizes of triangles were taken from last, which are not taken
    in every step"""
    mean_loss: Tensor
    """() moving average of the weighted photometric loss"""
    iteration: int = 0
    rounds: int = 0
    """of densification done"""
    lent: bool = False
    """whether ``Lending`` was asked"""


@dataclass(frozen=True)
class BakeStep:
    """One step of the optimiser as a ``StepHook`` sees it: gradients are computed, and nothing has moved yet.

    Everything is on the device of the bake, float32. What the hook adds to ``gradients.parameters`` is a loss of its
    own; what it writes into ``splats`` stays.
    """

    iteration: int
    """of this step, the first is 1"""
    progress: float
    """in [0, 1] of the bake"""
    splats: Splats
    """the N Gaussians"""
    gradients: Gradients
    """of the photometric loss and of the penalties"""
    shots: Shots
    """the pictures of the step, and the posed rig in them"""


StepHook = Callable[[BakeStep], None]

Lending = Callable[["TrainerState"], tuple[Tensor, Splats]]
"""Says which Gaussians of a state stay, as rows (M) in ascending order, and which are added; both on the CPU."""


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
        on_step: StepHook | None = None,
        lend: Lending | None = None,
    ) -> None:
        """``weights`` (K, D) and ``bias`` (K) of psi; ``reach`` (F): metres above each triangle in which its Gaussians
        are free; ``square`` (F): see ``unseen.squareness``; ``gaussians``: number at the end of densification.

        ``motion`` and ``state`` are on the engine's device, all else is brought there.
        """
        device = engine.device
        self.engine, self.schedule, self.motion, self.targets, self.state = engine, schedule, motion, targets, state
        self.weights, self.bias, self.gaussians, self.seed, self.move_rig = weights, bias, gaussians, seed, move_rig
        self.on_step, self.lend = on_step, lend
        self._basis = weights.to(device), bias.to(device)
        self.psi = motion.psi(*self._basis)
        self.reach, self.square = reach.to(device), square
        self.learning = (square > schedule.away).to(torch.uint8)
        # Thin: what faces away shows at its rim, and what lies behind would outshine a colour that does not learn.
        self.learning[torch.from_numpy(motion.rig.regions.get("ears", np.zeros(0, np.int32))).long()] = 1
        self.learning = self.learning.to(device)
        low, high = schedule.calm
        self._grazed = ((high - square) / (high - low)).clamp(0, 1).to(device)
        self._template = torch.from_numpy(motion.rig.template).to(device)
        self._faces = torch.from_numpy(motion.rig.faces).long().to(device)
        self._patch = torch.from_numpy(patches(motion.rig)).to(device)
        self._is_skin = torch.zeros(len(motion.rig.faces))
        self._is_skin[torch.from_numpy(motion.rig.regions.get("skin", np.zeros(0, np.int32))).long()] = 1.0
        self._is_skin = self._is_skin.to(device)
        self.mouth = MouthGate.of(motion.rig, device)
        self._keep_sizes()
        self._shuffled = -1, np.zeros(0, np.int64)
        engine.prepare(targets)

    @property
    def mean_loss(self) -> float:
        """Moving average of the weighted photometric loss over about fifty steps; waits for the device."""
        return float(self.state.mean_loss)

    def step(self, progress: float) -> None:
        """One optimiser step at ``progress`` in [0, 1]; does not wait for the device."""
        state, schedule = self.state, self.schedule
        if state.rounds < schedule.densify_rounds and progress >= schedule.densify_at(state.rounds):
            self._densify()
        if self.lend is not None and not state.lent and progress >= schedule.lend_at:
            self._lend(self.lend)
        if state.iteration % schedule.measure_every == 0:
            self._measure()
        shown = schedule.pictures
        targets = [self._draw(state.iteration * shown + i) for i in range(shown)]
        background = np.random.default_rng([self.seed, 3, state.iteration]).random((shown, 3)).tolist()
        state.iteration += 1
        moving = self.move_rig and progress >= schedule.rig_from and state.iteration % schedule.rig_every == 0
        timesteps = list(dict.fromkeys(target.timestep for target in targets))
        rows = sent(timesteps, torch.int64, self.engine.device)
        leaves, vertices = self.motion.leaves(rows) if moving else ({}, self.motion.posed(timesteps))
        pose = tuple(timesteps.index(target.timestep) for target in targets)
        psi = self.psi[rows]
        shots = Shots(
            tuple(targets),
            pose,
            vertices.detach(),
            psi if progress >= schedule.corrective_start else psi[:, :0],
            tuple((red, green, blue) for red, green, blue in background),
        )
        gradients = self.engine.gradients(state.splats, shots, schedule.loss, schedule.least_weight, moving)
        learning = self._learns() * self.mouth.learning(shots.vertices)[state.splats.face.long()]
        visible = (gradients.views > 0).to(torch.uint8) * learning
        state.motion_sum += gradients.motion
        state.motion_steps += gradients.views * learning
        state.seen += gradients.weight
        self._regularise(gradients)
        gradients.parameters["colour"] *= (state.made == 0)[:, None]
        if self.on_step is not None:
            self.on_step(BakeStep(state.iteration, progress, state.splats, gradients, shots))
        self._update(gradients, shots, visible, schedule.decay(progress))
        if gradients.vertices is not None:
            vertices.backward(gradients.vertices)  # type: ignore[no-untyped-call]
            self._update_rig(timesteps, rows, leaves, schedule.decay(progress))
        weights, terms = schedule.loss, gradients.losses.to(torch.float32)
        loss = weights.l1 * terms[0] + weights.dssim * terms[1] + weights.matte * terms[2]
        if state.iteration == 1:
            state.mean_loss.copy_(loss)
        state.mean_loss += 0.02 * (loss - state.mean_loss)

    @property
    def pictures_shown(self) -> int:
        """Since the start, each as often as it was drawn."""
        return self.state.iteration * self.schedule.pictures

    def _learns(self) -> Tensor:
        """(N) uint8: 1 for the Gaussians that learn from the pictures."""
        return self.learning[self.state.splats.face.long()] * (self.state.made < 2).to(torch.uint8)

    def _draw(self, number: int) -> Target:
        epoch, index = divmod(number, len(self.targets))
        if epoch != self._shuffled[0]:
            self._shuffled = epoch, np.random.default_rng([self.seed, 2, epoch]).permutation(len(self.targets))
        target, chance = self.targets[int(self._shuffled[1][index])], np.random.default_rng([self.seed, 4, number])
        if chance.random() < target.weight:
            return target
        weights = np.array([t.weight for t in self.targets]) + 1e-9
        return self.targets[int(chance.choice(len(weights), p=weights / weights.sum()))]

    def _measure(self) -> None:
        """Takes the sizes of the triangles from the neutral rig as it stands now."""
        self.state.measured = self.motion.template_offset.clone()
        self._keep_sizes()

    def _keep_sizes(self) -> None:
        """Keeps (N, 1) the size k of the neutral triangle of each Gaussian, metres, the largest scale there, and the
        farthest that it may be away; as the rig stood when it was measured, so that a resumed bake has the same."""
        _, size = triangle_frames(self._template + self.state.measured, self._faces)
        self._size = size[self.state.splats.face.long()][:, None]
        reach, size = self.reach[self.state.splats.face.long()][:, None], self._size.clamp(min=1e-9)
        schedule = self.schedule
        bare = reach <= schedule.far
        self._log_limit = torch.log(torch.where(bare, schedule.big_bare, schedule.big) / size)
        tether = torch.where(bare, schedule.tether_bare, schedule.tether)
        # What never learns is where it is meant to be.
        self._tether = torch.where(self.state.made[:, None] > 1, inf, (reach + tether) / size)

    def _regularise(self, gradients: Gradients) -> None:
        """Adds the penalties on Gaussians that are far from their triangle, and on transparent skin."""
        splats, schedule, n = self.state.splats, self.schedule, len(self.state.splats)
        face = splats.face.long()
        stretch = torch.ones_like(splats.position[:1])
        stretch[:, 1] = schedule.normal_factor
        stretched = splats.position * stretch
        distance = stretched.norm(dim=1, keepdim=True) * self._size
        pull = stretched * stretch
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
        normal = matrices_of_quaternions(splats.rotation)[:, 1]
        squares = (normal * splats.log_scale.exp() * self._size) ** 2
        thick = squares.sum(1, keepdim=True).sqrt()
        limit = schedule.thick + (self.reach[face] - schedule.far)[:, None] / 3
        pull = torch.where(thick > limit, squares / thick.clamp(min=1e-9), 0.0)
        gradients.parameters["log_scale"] += (schedule.thick_weight / len(splats)) * pull

    def _calm(self, gradients: Gradients, face: Tensor) -> None:
        """Adds the penalty on colours of grazed surface and, less, of all skin that differ from those around them."""
        splats, patch = self.state.splats, self._patch[face]
        hidden = 1 - self.state.seen / (10 * self.schedule.buried * max(self.pictures_shown, 1))
        doubt = torch.maximum(self._grazed[face], hidden).clamp(0, 1)
        trust = torch.sigmoid(splats.logit) * (1.05 - doubt)
        total = torch.zeros(len(self._patch), 4, device=trust.device)
        total.index_add_(0, patch, torch.cat([splats.colour, torch.ones_like(trust)[:, None]], 1) * trust[:, None])
        mean = total[patch, :3] / total[patch, 3:].clamp(min=1e-9)
        # Colours of skin that cancel each other seen from the front do not from the side.
        least = self.schedule.calm_skin * self._is_skin[face]
        weight = self.schedule.calm_weight / len(splats) * torch.maximum(doubt, least)[:, None]
        gradients.parameters["colour"] += weight * (splats.colour - mean)

    def _update(self, gradients: Gradients, shots: Shots, visible: Tensor, decay: float) -> None:
        state, schedule = self.state, self.schedule
        shrinks = {name: 1 - decay * schedule.weight_decay.get(name, 0.0) for name in schedule.rates}
        rates = {name: rate * decay for name, rate in schedule.rates.items()}
        psi = shots.psi[sent(shots.pose, torch.int64, self.engine.device)]
        step = AdamStep(rates, shrinks, state.iteration, visible, psi)
        self.engine.update(state.splats, state.moments.first, state.moments.second, gradients, step)
        # One soft Gaussian as large as a cheek costs a picture nothing and shows as a halo in the next expression.
        torch.minimum(state.splats.log_scale, self._log_limit, out=state.splats.log_scale)
        if isfinite(min(schedule.tether, schedule.tether_bare)):
            away = state.splats.position.norm(dim=1, keepdim=True).clamp(min=1e-9)
            state.splats.position *= (self._tether / away).clamp(max=1)
        if not schedule.rates["sh"]:
            state.splats.colour.clamp_(0.0, 1.0)

    def _update_rig(self, timesteps: list[int], at: Tensor, leaves: dict[str, Tensor], decay: float) -> None:
        """``at``: ``timesteps`` on the device."""
        schedule, moments, motion = self.schedule, self.state.rig_moments, self.motion
        moments.steps[timesteps] += 1
        moments.steps[-1] += 1
        for name, leaf in leaves.items():
            table, shared = getattr(motion, name), name == "template_offset"  # one template for all timesteps
            rows = slice(None) if shared else at
            first, second = moments.first[name], moments.second[name]
            g = leaf.grad if leaf.grad is not None else torch.zeros_like(leaf)
            m, v = BETA1 * first[rows] + (1 - BETA1) * g, BETA2 * second[rows] + (1 - BETA2) * g * g
            first[rows], second[rows] = m, v
            taken = moments.steps[-1:] if shared else moments.steps[timesteps]
            unbiased = [sent((1 - beta ** taken.double()).tolist(), g.dtype, g.device) for beta in (BETA1, BETA2)]
            c1, c2 = (c.view(-1, *[1] * (g.dim() - 1)) for c in unbiased)
            moved = (m / c1) / ((v / c2).sqrt() + 1e-10)
            table[rows] -= schedule.rig_rates[name] * decay * moved
        motion.expression[at] = motion.expression[at].clamp(*motion.expression_bounds)
        self.psi = motion.psi(*self._basis)
        motion.forget_poses()

    def _densify(self) -> None:
        """Prunes, then splits the most wanting Gaussians until the round's share of the final number is reached."""
        state, schedule = self.state, self.schedule
        share = (state.rounds + 1) / schedule.densify_rounds
        goal = int(self.gaussians * (schedule.initial_share + (1 - schedule.initial_share) * share))
        all_views = self.pictures_shown >= len(
            self.targets
        )  # before, unseen may mean that its view has not been drawn yet
        seen = state.seen if all_views else torch.ones_like(state.seen)
        if schedule.buried and all_views:
            learns = (self._learns() > 0) & (state.made == 0)
            seen = torch.where(learns, (seen > schedule.buried * self.pictures_shown).float(), torch.ones_like(seen))
        seen = torch.where(state.made > 1, torch.ones_like(seen), seen)
        kept = densify.survivors(state.splats, seen, schedule.prune_opacity)
        clear = 1 - self._grazed if schedule.calm_weight else torch.ones_like(self._grazed)
        wants = state.motion_sum * clear[state.splats.face.long()] * (state.made == 0)
        # Seen in the pictures of open mouths alone, and small: it would be left with what it began with.
        wants = wants * torch.where(self.mouth.within[state.splats.face.long()], schedule.mouth_wants, 1.0)
        motion, steps = wants[kept], state.motion_steps[kept]
        parts = [s.rows(kept) for s in (state.splats, state.moments.first, state.moments.second)]
        parents = densify.most_wanting(motion, steps, max(goal - len(kept), 0))
        rest = torch.ones(len(kept), dtype=torch.bool, device=kept.device)
        rest[parents] = False
        others = torch.nonzero(rest).flatten()
        merged = [
            concatenated([parts[0].rows(others), densify.split(parts[0], parents)]),
            *(concatenated([p.rows(others), p.rows(parents), p.rows(parents)]) for p in parts[1:]),
        ]
        state.splats, state.moments = merged[0], AdamMoments(merged[1], merged[2])
        state.seen = concatenated_values(state.seen[kept], parts[0].face, others, parents)
        state.made = concatenated_values(state.made[kept], parts[0].face, others, parents)
        state.motion_sum, state.motion_steps = torch.zeros_like(state.seen), torch.zeros_like(state.seen)
        state.rounds += 1
        self._measure()

    def _lend(self, lend: Lending) -> None:
        """Puts what ``lend`` gives in the place of what it takes away."""
        state, device = self.state, self.engine.device
        rows, added = lend(state)
        rows, added = rows.to(device), added.to(device)
        moments = AdamMoments.zeros(added)
        order = torch.argsort(torch.cat([state.splats.face[rows], added.face]), stable=True)

        def joined(values: Tensor, new: float) -> Tensor:
            return torch.cat([values[rows], torch.full_like(added.logit, new, dtype=values.dtype)])[order]

        state.splats = concatenated([state.splats.rows(rows), added])
        state.moments = AdamMoments(
            concatenated([state.moments.first.rows(rows), moments.first]),
            concatenated([state.moments.second.rows(rows), moments.second]),
        )
        state.seen, state.made = joined(state.seen, 0.0), joined(state.made, 1)
        state.motion_sum, state.motion_steps = joined(state.motion_sum, 0.0), joined(state.motion_steps, 0.0)
        state.lent = True
        self._measure()


def concatenated_values(values: Tensor, face: Tensor, others: Tensor, parents: Tensor) -> Tensor:
    """Per-Gaussian ``values`` ordered as ``concatenated`` orders ``others`` and both children of ``parents``."""
    index = torch.cat([others, parents, parents])
    return values[index][torch.argsort(face[index], stable=True)]


def fresh_state(splats: Splats, motion: RigMotion, made: Tensor | None = None) -> TrainerState:
    """The state before the first step; ``made`` (N) uint8, none of them by default."""
    none = [torch.zeros_like(splats.logit) for _ in range(3)]
    made = torch.zeros(len(splats), dtype=torch.uint8) if made is None else made
    made = made.to(splats.logit.device)
    measured, loss = motion.template_offset.clone(), torch.zeros((), device=splats.logit.device)
    moments, rig_moments = AdamMoments.zeros(splats), RigMoments.zeros(motion)
    return TrainerState(splats, moments, rig_moments, none[0], none[1], none[2], made, measured, loss)
