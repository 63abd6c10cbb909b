"""The sound of a file, in order, as it lies on the clock of the file: what every reader of sound shares."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from splatavatar.array_types import Floats
from splatavatar.errors import SignalError
from splatavatar.media import Media, frames_of, open_media, warn_once

GAP = 0.02
"""seconds that the timestamps of a file may be off its samples before silence is put in"""
LONGEST_GAP = 3600.0
"""seconds; a jump beyond is a mistake of the clock, not a silence"""


SLOWEST, FASTEST = 1000, 768_000
"""Hz; other rates are damage, of which there would be too much sound or none"""
MOST_CHANNELS = 64


class Sound:
    """The first track of a film or a sound file that can be decoded here, from the beginning of the file on."""

    def __init__(self, path: str | Path, channels: int, rate: int, start: float = 0.0) -> None:
        """``channels`` is 1 (all mixed) or 2, ``rate`` in Hz. ``start`` is in seconds from the beginning of the file.

        Raises SignalError for a file that cannot be read, has no sound, or none that can be decoded.
        """
        self.path = path
        self._channels, self._rate, self._start = channels, rate, start
        self._track = _first_track(path)
        self._media = _opened(path)

    def pieces(self) -> Generator[Floats, None, None]:
        """The samples (channels, n) from ``start`` on, piece by piece, once. A track that begins later begins with
        silence; what is damaged is silent.
        """
        from av.error import FFmpegError

        container = self._media.container
        damage = 0

        def lost() -> None:
            nonlocal damage
            damage += 1

        mixer = _Mixer(self._channels, self._rate)
        origin = max(float(container.start_time or 0) / 1e6, 0.0) + self._start
        due: float | None = None
        later = _Later()
        for frame in frames_of(container, container.streams[self._track], lost):
            if not _usable(frame):
                lost()
                continue
            at = due if frame.time is None and due is not None else float(frame.time or 0.0)
            if due is None:
                ahead = at - origin
                later.cut = max(round(-ahead * self._rate), 0)
                yield from self._silence(ahead)
            elif at > due + GAP:
                yield from later.of(mixer.rest())
                yield from later.of(self._silence(at - due))
            else:
                at = due
            due = at + frame.samples / frame.sample_rate
            try:
                mixed = list(mixer.mixed(frame))
            except (FFmpegError, OSError, ValueError):  # a layout that nothing can be made of
                lost()
                continue
            yield from later.of(mixed)
        yield from later.of(mixer.rest())
        if damage:
            warn_once(f"{self.path}: its sound is damaged; what cannot be decoded is silent.")

    def close(self) -> None:
        """Close the file; may be called again."""
        self._media.close()

    def _silence(self, seconds: float) -> Iterator[Floats]:
        left = round(seconds * self._rate) if 0 < seconds <= LONGEST_GAP else 0
        while left > 0:
            count = min(left, self._rate)
            yield np.zeros((self._channels, count), np.float32)
            left -= count


class _Later:
    """Leaves out the first samples of a track: those before the time that is asked for, be they sound or silence."""

    def __init__(self) -> None:
        self.cut = 0
        """how many are still to be left out"""

    def of(self, pieces: Iterable[Floats]) -> Iterator[Floats]:
        """What is left of the next ``pieces`` (channels, n)."""
        for samples in pieces:
            yield samples[:, self.cut :]
            self.cut = max(self.cut - samples.shape[1], 0)


class _Mixer:
    """Makes samples of one rate and number of channels out of frames of any, which may change on the way."""

    def __init__(self, channels: int, rate: int) -> None:
        self._channels, self._rate = channels, rate
        self._kind: tuple[Any, ...] = ()
        self._resampler: Any = None

    def mixed(self, frame: Any) -> Iterator[Floats]:
        from av import AudioResampler

        kind = (frame.format.name, frame.layout.name, frame.sample_rate)
        if kind != self._kind:
            yield from self.rest()
            self._kind = kind
            # One channel becomes two of the same loudness; the resampler would make each 3 dB quieter. Channels of
            # which nobody says where they are it does not mix: that is done here.
            known = frame.layout.nb_channels > 2 and _is_known(frame.layout.name)
            layout = frame.layout.name
            if known or frame.layout.nb_channels == 2:
                layout = "mono" if self._channels == 1 else "stereo"
            self._resampler = AudioResampler(format="flt", layout=layout, rate=self._rate)
        # The resampler counts samples itself; timestamps that jump would make it say so on every frame.
        frame.pts = None
        yield from self._taken(frame)

    def rest(self) -> Iterator[Floats]:
        """What the resampler still holds."""
        if self._resampler is not None:
            yield from self._taken(None)
        self._resampler, self._kind = None, ()

    def _taken(self, frame: Any) -> Iterator[Floats]:
        for piece in self._resampler.resample(frame):
            # Interleaved: PyAV crashes on planes of more than eight channels.
            interleaved = piece.to_ndarray().reshape(piece.samples, -1)
            samples = np.nan_to_num(interleaved.T, nan=0.0, posinf=0.0, neginf=0.0)
            if len(samples) != self._channels:
                samples = samples.mean(0, keepdims=True)
            yield np.broadcast_to(samples, (self._channels, samples.shape[1]))


def sound_tracks(path: str | Path) -> list[tuple[int, str | None]]:
    """Index and codec, None for one that is not known here, of every track of sound. Raises SignalError."""
    with _opened(path) as media:
        return [(stream.index, _codec(stream)) for stream in media.container.streams.audio]


def _first_track(path: str | Path) -> int:
    """The index of the first stream of sound of which a frame can be decoded."""
    found = sound_tracks(path)
    if not found:
        raise SignalError(f"{path}: no audio track in it.")
    for number, (index, codec) in enumerate(found):
        if codec is None:
            continue
        with _opened(path) as media:
            stream = media.container.streams[index]
            if any(_usable(frame) for frame in frames_of(media.container, stream, _ignored)):
                if number:
                    warn_once(f"{path}: its first track of sound cannot be decoded here; track {number + 1} is taken.")
                return int(index)
    if any(codec is not None for _, codec in found):
        raise SignalError(f"{path}: an audio track without samples.")
    raise SignalError(
        f"{path}: its sound cannot be decoded here, in none of its {len(found)} tracks; convert it to AAC or WAV first."
        if len(found) > 1
        else f"{path}: its sound cannot be decoded here; convert it to AAC or WAV first."
    )


def _opened(path: str | Path) -> Media:
    return open_media(
        path,
        SignalError,
        "audio or a video with sound",
        lambda found: f"its sound cannot be decoded: {found or 'damaged, cut off, or something else'}.",
    )


def _codec(stream: Any) -> str | None:
    context = stream.codec_context
    return None if context is None else str(context.name)


def _usable(frame: Any) -> bool:
    known = SLOWEST <= frame.sample_rate <= FASTEST and 0 < frame.layout.nb_channels <= MOST_CHANNELS
    return bool(frame.samples > 0 and known)


def _is_known(layout: str) -> bool:
    """Whether a layout says where its channels are: that of ten channels of which nothing is known is "10 channels"."""
    return "channels" not in layout


def _ignored() -> None:
    pass
