"""Pictures and sound in LiveKit's frames."""

from __future__ import annotations

import numpy as np
from livekit import rtc

from splatavatar.avatar.renderers.renderer import Picture
from splatavatar.serve.speech.resampling import Samples


def video_frame(picture: Picture) -> rtc.VideoFrame:
    """A picture (H, W, 3) RGB as a frame."""
    height, width = picture.shape[:2]
    return rtc.VideoFrame(width, height, rtc.VideoBufferType.RGB24, np.ascontiguousarray(picture).data.cast("B"))


def audio_frame(samples: Samples, rate: int) -> rtc.AudioFrame:
    """Mono sound (N) as a frame."""
    return rtc.AudioFrame(samples.tobytes(), rate, 1, len(samples))


def samples_of(frame: rtc.AudioFrame) -> Samples:
    """The samples (N) of a frame, channels interleaved; a copy, for senders use their buffers again."""
    return np.array(np.frombuffer(frame.data, np.int16))
