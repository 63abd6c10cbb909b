"""What ``splatavatar drive --background`` puts behind the avatar."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeGuard

from splatavatar.cli.colours import WHITE, Colour, parse_background
from splatavatar.errors import SettingsError

if TYPE_CHECKING:
    from splatavatar.avatar.renderer import Picture
    from splatavatar.drive.offline import FileInput
    from splatavatar.drive.playback import FilmBackground
    from splatavatar.drive.sinks.background import Background
    from splatavatar.drive.sources.source import Source

GREEN, BLACK = (0.0, 177 / 255, 64 / 255), (0.0, 0.0, 0.0)
"""of studios, for keying; and of stages"""
PICTURES = {".png", ".jpg", ".jpeg", ".webp", ".bmp"}
BLUR = "blur"


def live_backgrounds(text: str | None, outputs: Sequence[Path], sources: Sequence[Source]) -> list[Background]:
    """What the B key steps through, the one that is asked for first. Raises SettingsError."""
    from splatavatar.drive.sinks.background import (
        BlurredBackground,
        ColourBackground,
        Transparent,
        picture_background,
    )
    from splatavatar.drive.sources.source import PictureSource

    blurred = [BlurredBackground(source.picture) for source in sources if isinstance(source, PictureSource)][:1]
    plain = [ColourBackground(colour) for colour in (WHITE, GREEN, BLACK)]
    if _is_blur(text):
        if not blurred:
            raise _no_pictures()
        return [*blurred, *plain]
    if _is_picture(text):
        return [picture_background(text), *plain[:2], *blurred]
    colour = _colour(text, outputs)
    if colour is None:
        return [Transparent()]  # files that are transparent stay so
    first = ColourBackground(colour)
    return [first, *(other for other in plain if other != first), *blurred]


def file_background(
    text: str | None, outputs: Sequence[Path], given: FileInput, width: int, height: int
) -> FilmBackground | None:
    """What is behind the frames of a file; None for nothing. Raises SettingsError or SourceError."""
    if _is_blur(text):
        return _blurred_video(given, width, height)
    if _is_picture(text):
        from splatavatar.drive.sinks.background import picture_background

        picture = picture_background(text)
        return lambda frame: picture(width, height)
    return _colour(text, outputs)


def _blurred_video(given: FileInput, width: int, height: int) -> FilmBackground:
    from splatavatar.drive.sinks.background import BlurredBackground
    from splatavatar.drive.sources.live.video_source import VideoPictures

    if given.kind != "video":
        raise _no_pictures()
    pictures = VideoPictures(given.path)
    blurred = BlurredBackground(pictures.picture)

    def behind(frame: int) -> Picture:
        pictures.go_to(frame)
        return blurred(width, height, given.mirror)

    return behind


def _colour(text: str | None, outputs: Sequence[Path]) -> Colour | None:
    try:
        return parse_background(text, outputs[0] if outputs else Path("window.mp4"))
    except SettingsError as error:
        raise SettingsError(
            f"the background must be R,G,B from 0 to 255, #RRGGBB, transparent, {BLUR} or a picture file, got {text!r}."
        ) from error


def _is_blur(text: str | None) -> bool:
    return text is not None and text.strip().lower() == BLUR


def _is_picture(text: str | None) -> TypeGuard[str]:
    return text is not None and Path(text).suffix.lower() in PICTURES


def _no_pictures() -> SettingsError:
    return SettingsError("--background blur blurs what a camera or a video sees, and nothing here drives by pictures.")
