"""Learning rates, loss weights and the moments of densification, as functions of the progress of the bake in [0, 1]."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from math import inf

from splatavatar.bake.engines.engine import LossWeights


def _rates() -> dict[str, float]:
    return {
        "position": 0.015,
        "rotation": 0.005,
        "log_scale": 0.015,
        "logit": 0.05,
        "colour": 0.02,
        "sh": 0.0005,
        "correctives": 0.001,
    }


MONOCULAR_RATE = 0.4
"""of the usual rates: what one camera sees well converges quickly, what it hardly sees wanders the less"""


def _rig_rates() -> dict[str, float]:
    return {"expression": 2e-3, "joint_rotations": 2e-4, "translation": 2e-5, "template_offset": 2e-5}


@dataclass(frozen=True)
class Schedule:
    """What was chosen by measurement is listed in docs/bake-experiments.md."""

    rates: dict[str, float] = field(default_factory=_rates)
    """Adam step sizes at the start; position and scale in units of the triangle size"""
    weight_decay: dict[str, float] = field(default_factory=lambda: {"sh": 0.001, "correctives": 0.002})
    """share of a value lost a step, at the starting rate: what only chance asks for does not grow"""
    final_rate: float = 0.1
    """factor of every rate at the end; exponential in between"""
    loss: LossWeights = field(default_factory=lambda: LossWeights(l1=0.8, dssim=0.2, matte=0.1))
    pictures: int = 1
    """that a step looks at; a GPU has time for several"""
    turn_correctives: int = 3
    """correctives that follow the joint rotations: light that moves over a turning head"""
    expression_correctives: int = 5
    """correctives that follow the expression"""
    corrective_start: float = 0.05
    """progress at which correctives begin to move, once the mean appearance stands"""
    initial_share: float = 0.6
    """Gaussians at the start, as a share of the number at the end of densification"""
    densify_from: float = 0.08
    densify_until: float = 0.5
    densify_rounds: int = 8
    mouth_wants: float = 1.0
    """how much more what lies in the mouth is split than what moves as much elsewhere"""
    prune_opacity: float = 0.02
    """weaker Gaussians go"""
    far: float = 0.012
    """metres a Gaussian may leave its triangle, or the hair above it, without penalty"""
    clothes: float = 0.012
    """the same on the torso"""
    far_weight: float = 3.0
    """per metre beyond, mean over the Gaussians"""
    tether: float = inf
    """metres that it may be away beyond that at most: a matte that takes a dark wall for a dark cheek asks for clouds
    before the face"""
    tether_bare: float = inf
    """the same on bare skin"""
    normal_factor: float = 1.0
    """how much more a way along the normal counts: what one camera cannot see"""
    thick: float = 0.001
    """metres of standard deviation along the normal of the triangle that a Gaussian may have without penalty, and a
    third of the way that it may leave its triangle beyond ``far``"""
    thick_weight: float = 0.0
    """per metre beyond, mean over the Gaussians"""
    calm_weight: float = 0.0
    """of the squared distance of a colour from the mean around it, mean over the Gaussians, where only grazing views
    saw it: colours that one line of pixels asked for show as specks from the side"""
    calm: tuple[float, float] = (0.25, 0.6)
    """cosines between normal and view, as in ``away``, from which on that fades, and at which it ends"""
    calm_skin: float = 0.0
    """share of that weight on skin, however squarely it was seen"""
    buried: float = 0.0
    """mean blending weight over the pictures, pixels, below which a Gaussian of surface that learns lies under others
    and goes; up to ten times that its colour is calmed"""
    opaque_weight: float = 0.0
    """of the transparency of the Gaussians of the skin, mean over them"""
    big: float = 0.008
    """metres of standard deviation that no Gaussian exceeds, on the neutral rig"""
    big_bare: float = 0.008
    """the same of those on bare skin: a wide one reaches beyond the profile of the face"""
    least_weight: float = 0.05
    """pixels that a Gaussian must cover to learn from a picture: Adam would make large steps of the grazing rest"""
    away: float = -2.0
    """cosine between the normal of a triangle and the camera that sees it most squarely, below which its Gaussians do
    not learn: what shines through to a single camera would be taken for the back of the head"""
    lend_at: float = 0.75
    """progress at which the side of a person that was seen lends what was learnt of it to the other"""
    room: float = 0.35
    """share of the Gaussians that completing takes where nothing at all was seen"""
    steps_a_round: int = 16
    """steps between two rounds of densification, below which the Gaussians that it splits are chosen by chance"""
    measure_every: int = 25
    """steps after which the triangles of the neutral rig, which moves, are measured again"""
    rig_every: int = 4
    """steps between steps of the rig parameters"""
    rig_from: float = 0.2
    """progress at which the rig begins to move: before, its gradient is that of a wrong appearance"""
    rig_rates: dict[str, float] = field(default_factory=_rig_rates)
    """Adam step sizes of the rig parameters at the start: coefficients, radians, metres, metres"""

    @staticmethod
    def monocular(final_rate: float) -> Schedule:
        """The schedule for pictures of one camera.

        Depth is hardly seen: Gaussians stay on the surface, skin is opaque, and no colour depends on the view. The rig
        comes from landmarks alone and moves in every step.
        """
        usual = Schedule()
        return replace(
            usual,
            rates={**{name: MONOCULAR_RATE * rate for name, rate in usual.rates.items()}, "sh": 0.0},
            final_rate=final_rate,
            far=0.003,
            clothes=0.03,
            far_weight=30.0,
            tether=0.005,
            tether_bare=0.001,
            big_bare=0.005,
            normal_factor=3.0,
            opaque_weight=0.01,
            thick_weight=30.0,
            calm_weight=3.0,
            calm_skin=0.3,
            mouth_wants=4.0,
            buried=0.03,
            away=0.1,
            rig_every=1,
            rig_from=0.05,
            rig_rates={**_rig_rates(), "expression": 1e-2, "joint_rotations": 1e-3, "translation": 2e-4},
        )

    @property
    def fewest_steps(self) -> int:
        """Below which a bake cannot do what this schedule means."""
        return round(self.densify_rounds * self.steps_a_round / (self.densify_until - self.densify_from))

    def decay(self, progress: float) -> float:
        """Factor of every learning rate."""
        return float(self.final_rate**progress)

    def densify_at(self, index: int) -> float:
        """Progress of round ``index`` of ``densify_rounds``."""
        return self.densify_from + (self.densify_until - self.densify_from) * index / max(self.densify_rounds - 1, 1)
