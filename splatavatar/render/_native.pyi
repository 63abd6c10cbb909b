"""The native module: rasterizer, bake kernels and drive path.

Arrays are C-contiguous float32 on the CPU unless a line says otherwise; their shapes are checked. What is written to
must have the exact type and layout: a converted copy would be filled instead. Meanings, frames and units are those of
``Gaussians``, ``BoundGaussians``, ``Rig`` and ``Camera``. Wrong shapes and indices out of range raise ValueError; what
cannot be drawn, and memory that runs out, raise SettingsError with one sentence. Threads may share every object: they
take turns. A fork waits for the calls in progress.
"""

from typing import Any, Protocol

class Buffer(Protocol):
    """A numpy array or a torch tensor on the CPU."""

    def __dlpack_device__(self) -> tuple[Any, Any]: ...

FRAME: int
"""floats per triangle in ``frames``: rotation row-major (9), size k, corners v0 v1 v2 (9), padding"""

LARGEST_PICTURE: int
"""pixels of a side"""

def check_memory(bytes: int, /) -> None:
    """Raises SettingsError where this process cannot take so much. Below 64 MiB it does not ask."""

def thread_count() -> int:
    """Threads of every loop: SPLATAVATAR_THREADS, else the cores that this process may use.

    Fewer where the system did not give that many. Raises SettingsError where the variable is no number from 1 to 256.
    """

def set_thread_count(n: int, /) -> None:
    """1 to 256; takes effect with the next loop."""

def instruction_set() -> str:
    """The set in use; at first the best of ``instruction_sets()``."""

def instruction_sets() -> list[str]:
    """What this machine runs of portable, avx2 and avx512, best last."""

def select_instruction_set(name: str, /) -> None:
    """Use the kernels of one of ``instruction_sets()``."""

class Rasterizer:
    """One picture at a time; keeps of the last forward pass what the backward pass needs."""

    def __init__(self) -> None: ...
    @property
    def visible(self) -> int:
        """Gaussians that reached a pixel of the last picture."""

    @property
    def pairs(self) -> int:
        """(Gaussian, tile) pairs of the last picture."""

    def forward_world(
        self,
        mean: Buffer,
        rotation: Buffer,
        scale: Buffer,
        opacity: Buffer,
        colour: Buffer,
        T_camera_world: Buffer,
        K: Buffer,
        planes: Buffer,
        /,
    ) -> None:
        """Writes ``planes`` (4, H, W): RGB over black, and transmittance.

        ``mean`` (N, 3), ``rotation`` (N, 4), ``scale`` (N, 3), ``opacity`` (N), ``colour`` (N, 3); float64
        ``T_camera_world`` (4, 4) and ``K`` (3, 3).
        """

    def backward_world(
        self,
        mean: Buffer,
        rotation: Buffer,
        scale: Buffer,
        opacity: Buffer,
        colour: Buffer,
        planes: Buffer,
        gradient: Buffer,
        g_mean: Buffer,
        g_rotation: Buffer,
        g_scale: Buffer,
        g_opacity: Buffer,
        g_colour: Buffer,
        g_camera: Buffer,
        /,
    ) -> None:
        """Writes the gradient of every input of the last ``forward_world``, each in the shape of its input.

        ``planes`` are what that call wrote, ``gradient`` (4, H, W) belongs to them; float64 ``g_camera`` is (4, 4), or
        of size 0 where the gradient of the camera is not wanted.
        """

    def forward_bound(self, arrays: BoundArrays, T_camera_world: Buffer, K: Buffer, planes: Buffer, /) -> None:
        """As ``forward_world``, for Gaussians on triangles."""

    def backward_bound(
        self,
        arrays: BoundArrays,
        planes: Buffer,
        gradient: Buffer,
        position: Buffer,
        rotation: Buffer,
        log_scale: Buffer,
        logit: Buffer,
        colour: Buffer,
        sh: Buffer,
        frame: Buffer,
        motion: Buffer,
        weight: Buffer,
        /,
    ) -> None:
        """Writes the gradients of the last ``forward_bound``, each in the shape of its input.

        ``frame`` (N, 13), or of size 0 where it is not wanted: gradient of the rotation (9), the size k and the origin
        on the triangle, for ``triangle_frames_backward``. ``motion`` (N): length of the gradient of the projected mean,
        in half widths of the picture. ``weight`` (N): sum of blending weights over the picture.
        """

class BoundArrays:
    """Gaussians on triangles as the optimiser holds them. Keeps references to its arrays."""

    def __init__(
        self,
        face: Buffer,
        barycentric: Buffer,
        position: Buffer,
        rotation: Buffer,
        log_scale: Buffer,
        logit: Buffer,
        colour: Buffer,
        sh: Buffer,
        frames: Buffer,
        /,
    ) -> None:
        """int32 ``face`` (N), ``barycentric`` (N, 3), ``position`` (N, 3), ``rotation`` (N, 4), ``log_scale`` (N, 3),
        ``logit`` (N), ``colour`` (N, 3), ``sh`` (N, 3, 3), ``frames`` (F, FRAME)."""

def triangle_frames(vertices: Buffer, triangles: Buffer, frames: Buffer, /) -> None:
    """Writes ``frames`` (F, FRAME) of int32 ``triangles`` (F, 3) over ``vertices`` (V, 3)."""

def triangle_frames_backward(
    vertices: Buffer,
    triangles: Buffer,
    face: Buffer,
    barycentric: Buffer,
    per_gaussian: Buffer,
    scratch: Buffer,
    g_vertices: Buffer,
    /,
) -> None:
    """Adds to ``g_vertices`` (V, 3) the gradient ``per_gaussian`` (N, 13) of ``Rasterizer.backward_bound``.

    int32 ``face`` (N), ``barycentric`` (N, 3); ``scratch`` (F, 19) may hold anything.
    """

def photometric_scratch(width: int, height: int, /) -> int:
    """Floats of scratch that ``photometric`` needs for pictures of this size."""

def photometric(
    image: Buffer,
    target: Buffer,
    background: tuple[float, float, float],
    weights: tuple[float, float, float],
    rectangle: tuple[int, int, int, int],
    gradient: Buffer,
    scratch: Buffer,
    rows: Buffer,
    /,
) -> list[float]:
    """Loss between a render and a picture, both over ``background``, inside ``rectangle`` (x0, y0, x1, y1) in pixels.

    ``image`` (4, H, W) as ``Rasterizer`` writes it; uint8 ``target`` (H, W, 4) straight RGB and matte; ``weights`` of
    mean |x - y|, of mean 1 - SSIM and of mean squared alpha - matte. Writes ``gradient`` (4, H, W) of the weighted sum;
    ``scratch`` (photometric_scratch) is zero before the first call; float64 ``rows`` (H, 3) may hold anything. Returns
    the three means, unweighted, over the whole picture.
    """

def adam(
    value: Buffer,
    first: Buffer,
    second: Buffer,
    gradient: Buffer,
    visible: Buffer,
    rate: float,
    beta1: float,
    beta2: float,
    epsilon: float,
    shrink: float,
    step: int,
    /,
) -> None:
    """One step of Adam in place on ``value`` (N, ...) with its moments ``first`` and ``second``.

    ``step`` counts from 1. uint8 ``visible`` (N): rows with 0 are left alone, moments included; of size 0 for all rows.
    """

def adam_rank_one(
    value: Buffer,
    first: Buffer,
    second: Buffer,
    psi: Buffer,
    shared: Buffer,
    visible: Buffer,
    rate: float,
    beta1: float,
    beta2: float,
    epsilon: float,
    shrink: float,
    step: int,
    /,
) -> None:
    """``adam`` on ``value`` (K, N, D) whose gradient is ``psi`` (K) times ``shared`` (N, D); ``visible`` (N)."""

def weighted_sum(basis: Buffer, weights: Buffer, base: Buffer, out: Buffer, /) -> None:
    """Writes ``out`` (...) = ``base`` (...) + ``weights`` (K) @ ``basis`` (K, ...)."""

def mark_busyness(image: Buffer, busy: Buffer, /) -> None:
    """Writes ``embed.busyness`` of ``image`` (H, W, 3 or 4) of uint8 into ``busy`` of uint8."""

def mark(image: Buffer, busy: Buffer, gains: Buffer, tile: Buffer, marked: Buffer, /) -> None:
    """Writes ``embed.marked`` into ``marked``, another array than ``image``; ``gains`` (64) int16, ``tile`` int8."""

class RigPose:
    """The native twin of ``rig.skinning.pose``. Copies its arrays."""

    def __init__(
        self,
        template: Buffer,
        expression_basis: Buffer,
        joints: Buffer,
        parents: Buffer,
        skin_joints: Buffer,
        skin_weights: Buffer,
        pose_basis: Buffer | None,
        joint_expression_basis: Buffer | None,
        /,
    ) -> None:
        """``template`` (V, 3), ``expression_basis`` (E, V, 3), ``joints`` (J, 3), int32 ``parents`` (J), int32
        ``skin_joints`` (V, W), ``skin_weights`` (V, W), ``pose_basis`` (9 (J - 1), V, 3) or None,
        ``joint_expression_basis`` (E, J, 3) or None."""

    def pose(self, expression: Buffer, joint_rotations: Buffer, translation: Buffer, out: Buffer, /) -> None:
        """Writes ``out`` (V, 3) for ``expression`` (E), ``joint_rotations`` (J, 3) and ``translation`` (3)."""

class DrivePath:
    """From rig parameters to 8-bit pixels. Copies its arrays; not for two threads at once."""

    def __init__(
        self,
        template: Buffer,
        expression_basis: Buffer,
        joints: Buffer,
        parents: Buffer,
        skin_joints: Buffer,
        skin_weights: Buffer,
        pose_basis: Buffer | None,
        joint_expression_basis: Buffer | None,
        triangles: Buffer,
        face: Buffer,
        barycentric: Buffer,
        position: Buffer,
        rotation: Buffer,
        scale: Buffer,
        opacity: Buffer,
        colour: Buffer,
        sh: Buffer,
        corrective_position: Buffer,
        corrective_colour: Buffer,
        corrective_weights: Buffer,
        corrective_bias: Buffer,
        /,
    ) -> None:
        """The rig as ``RigPose``, int32 ``triangles`` (F, 3), the arrays of ``BoundGaussians`` (N) and ``Correctives``
        (K)."""

    def render(
        self,
        expression: Buffer,
        joint_rotations: Buffer,
        translation: Buffer,
        T_camera_world: Buffer,
        K: Buffer,
        background: tuple[float, float, float],
        image: Buffer,
        /,
    ) -> None:
        """Writes uint8 ``image`` (H, W, 3) over ``background``, or (H, W, 4) with straight alpha.

        ``expression`` (E), ``joint_rotations`` (J, 3), ``translation`` (3); float64 ``T_camera_world`` (4, 4) and ``K``
        (3, 3).
        """

    @property
    def visible(self) -> int:
        """Gaussians that reached a pixel of the last picture."""

    @property
    def pairs(self) -> int:
        """(Gaussian, tile) pairs of the last picture."""

    def milliseconds(self) -> list[float]:
        """Of the last picture: rig, frames, gaussians, sort, blend."""
