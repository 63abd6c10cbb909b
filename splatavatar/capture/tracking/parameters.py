"""What tracking has found, as the parameters of the rig that it is for."""

from __future__ import annotations

import numpy as np

from splatavatar.array_types import Floats
from splatavatar.capture.capture import RigParameters
from splatavatar.capture.tracking.solve import Motion, joint_rotations
from splatavatar.rig.arkit_form import own_expression_offset, own_parameters
from splatavatar.rig.rig import Rig


def parameters_of(
    rig: Rig,
    motion: Motion,
    identity: dict[str, float],
    offset: Floats | None,
    expression_offset: Floats | None = None,
    rows: slice | np.ndarray = slice(None),
) -> RigParameters:
    """The ``motion`` by the names of the parameters of ``rig``, of its timesteps ``rows``.

    Args:
        rig: the person's, with expressions of its own; the motion is one of its ``arkit_form``.
        offset: (V, 3) metres added to the template that ``identity`` gives.
        expression_offset: (52, V, 3) metres per unit coefficient added to the expressions of the form.
    """
    own = own_parameters(rig, motion.expression[rows].astype(np.float32))
    turned = joint_rotations(rig, motion.head_rotation[rows])
    return RigParameters(
        rig=rig.kind,
        identity=identity,
        expression=own.expression,
        expression_names=rig.expression_names,
        joint_rotations={**own.joint_rotations, **{n: values.astype(np.float32) for n, values in turned.items()}},
        translation=motion.translation[rows].astype(np.float32),
        template_offset=offset,
        expression_offset=None if expression_offset is None else own_expression_offset(rig, expression_offset),
    )
