"""What every recording must hold, whatever file it came from."""

from __future__ import annotations

import logging
import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from splatavatar.array_types import Floats
from splatavatar.drive.signal import Recording
from splatavatar.drive.sources.recorded.clock import frame_rate, increasing
from splatavatar.errors import SignalError

LOG = logging.getLogger("splatavatar")

MOST_FRAMES = 1 << 20
"""of a recording: five hours at 60 a second"""
MOST_HELD = 100
"""frames that a playback may show for every frame recorded, on average"""
RATES = (0.1, 1000.0)
"""frames a second, from and to"""
MOST_TURN = 4 * math.pi
"""radians of a rotation or a gaze"""
MOST_WAY = 1000.0
"""metres of a translation"""
BOUNDS = {"head_rotation": MOST_TURN, "gaze": MOST_TURN, "head_translation": MOST_WAY}
CONTRADICTION = (0.25, 2.0)
"""rate of the times over the rate that a file states, below and above which the file contradicts itself"""


def assembled(
    source: str,
    time: NDArray[Any],
    arkit: NDArray[Any],
    head_rotation: NDArray[Any] | None = None,
    head_translation: NDArray[Any] | None = None,
    gaze: NDArray[Any] | None = None,
    confidence: NDArray[Any] | None = None,
    fps: float | None = None,
) -> Recording:
    """The recording of what a file holds: ``time`` (T), ``arkit`` (T, 52) in [0, 1] and what else of ``Recording`` it
    has, in any type of numbers and with any times.

    Every number is known to be finite, in float32 too, before anything is computed from it. Times are put in order by
    ``clock.increasing``. ``fps`` is what the file states, None for the rate of the times.

    Raises SignalError that names ``source`` and what is wrong.
    """
    T = len(time)
    check_length(T, source)
    seconds = as_doubles(time)
    _check_finite("time", seconds, source)
    if fps is not None:
        check_rate(fps, source)
    sure = np.ones(T, np.float32) if confidence is None else _single("confidence", confidence, (T,), source)
    here = sure > 0

    def part(name: str, array: NDArray[Any] | None, shape: tuple[int, ...]) -> Floats:
        if array is None:
            return np.zeros((T, *shape), np.float32)
        return _single(name, array, (T, *shape), source, here)

    coefficients = part("arkit", arkit, (52,))
    rotation = part("head_rotation", head_rotation, (3,))
    translation = part("head_translation", head_translation, (3,))
    look = part("gaze", gaze, (2, 2))
    seconds, kept = increasing(seconds, source, fps)
    return checked(
        Recording(
            seconds,
            coefficients[kept],
            rotation[kept],
            translation[kept],
            look[kept],
            np.clip(sure[kept], 0.0, 1.0),
            _rate(seconds, fps, source),
        ),
        source,
    )


def checked(recording: Recording, source: str) -> Recording:
    """Returns ``recording`` itself, or raises SignalError that names ``source`` and what is wrong."""
    T = len(recording.time)
    check_length(T, source)
    check_rate(recording.fps, source)
    arrays: dict[str, tuple[NDArray[Any], tuple[int, ...]]] = {
        "time": (recording.time, (T,)),
        "arkit": (recording.arkit, (T, 52)),
        "head_rotation": (recording.head_rotation, (T, 3)),
        "head_translation": (recording.head_translation, (T, 3)),
        "gaze": (recording.gaze, (T, 2, 2)),
        "confidence": (recording.confidence, (T,)),
    }
    for name, (array, shape) in arrays.items():
        _check_shape(name, array, shape, source)
        _check_finite(name, array, source)
        most = BOUNDS.get(name, math.inf)
        within = (np.abs(array) <= most).reshape(T, -1).all(1)
        if not within.all():
            frame = int(np.argmin(within))
            worst = float(np.abs(array[frame]).max())
            raise SignalError(f"{source}: {name} has {worst:g} in frame {frame}, expected {most:.4g} at most.")
    steps = np.diff(recording.time)
    if (steps <= 0).any():
        late = int(np.argmax(steps <= 0)) + 1
        raise SignalError(f"{source}: time does not increase at frame {late}.")
    if recording.time[-1] * recording.fps > MOST_HELD * (T + 30):
        late = int(np.argmax(steps)) + 1
        raise SignalError(f"{source}: time jumps by {steps[late - 1]:g} seconds at frame {late}.")
    return recording


def check_length(frames: int, source: str) -> None:
    """Raises SignalError for no frames, and for more than memory is to be taken for."""
    if frames == 0:
        raise SignalError(f"{source}: no frames.")
    if frames > MOST_FRAMES:
        raise SignalError(f"{source}: {frames} frames, expected {MOST_FRAMES} at most; cut it into several.")


def as_doubles(array: NDArray[Any]) -> NDArray[np.float64]:
    """The ``array`` of numbers as float64; those beyond its range are infinite, and signalling NaN is quiet."""
    with np.errstate(over="ignore", invalid="ignore"):
        return array.astype(np.float64)


def bounded_numbers(array: NDArray[Any], name: str, source: str, most: float) -> NDArray[np.float64]:
    """The ``array`` (T, C) of numbers as float64. Raises SignalError for none, too many, or one beyond ``most``."""
    if array.dtype.kind not in "fiu" or array.size == 0:
        raise SignalError(f"{source}: {name} does not hold numbers.")
    check_length(len(array), source)
    numbers = as_doubles(array)
    fits = (np.abs(numbers) <= most).all(1)  # not NaN
    if not fits.all():
        frame = int(np.argmin(fits))
        what = "not a finite number" if not np.isfinite(numbers[frame]).all() else f"beyond {most:.4g}"
        raise SignalError(f"{source}: {name} is {what} in frame {frame}, expected numbers of size {most:.4g} at most.")
    return numbers


def _single(
    name: str, array: NDArray[Any], shape: tuple[int, ...], source: str, here: NDArray[np.bool_] | None = None
) -> Floats:
    """``array`` as float32, finite; frames that are not ``here`` rest where they are not."""
    _check_shape(name, array, shape, source)
    with np.errstate(over="ignore", invalid="ignore"):
        single = array.astype(np.float32)
    if here is not None and not here.all():
        single[~here] = np.where(np.isfinite(single[~here]), single[~here], np.float32(0.0))
    _check_finite(name, single, source)
    return single


def _check_shape(name: str, array: NDArray[Any], shape: tuple[int, ...], source: str) -> None:
    if array.shape != shape:
        raise SignalError(f"{source}: {name} has the shape {array.shape}, expected {shape}.")


def _check_finite(name: str, array: NDArray[Any], source: str) -> None:
    finite = np.isfinite(array).reshape(len(array), -1).all(1)
    if not finite.all():
        raise SignalError(f"{source}: {name} is not a finite number in frame {int(np.argmin(finite))}.")


def check_rate(fps: float, source: str) -> float:
    """Returns ``fps`` itself; raises SignalError for one at which nothing is recorded or played."""
    if not RATES[0] <= fps <= RATES[1]:
        raise SignalError(f"{source}: {fps:g} frames a second; expected between {RATES[0]:g} and {RATES[1]:g}.")
    return fps


def _rate(time: NDArray[np.float64], stated: float | None, source: str) -> float:
    """Frames a second: as the file states, unless its times say something else altogether."""
    measured = frame_rate(time)
    if stated is None or len(time) == 1:
        return measured if stated is None else stated
    if CONTRADICTION[0] <= measured / stated <= CONTRADICTION[1]:
        return stated
    LOG.warning(
        "%s: it states %.4g frames a second, its times are those of %.4g; the times are followed.",
        source,
        stated,
        measured,
    )
    return measured
