"""``splatavatar render``."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated

import typer

from splatavatar.cli.colours import parse_background
from splatavatar.cli.marking import NoMarksOption, tell_unmarked
from splatavatar.cli.numbers import finite
from splatavatar.cli.options import (
    AvatarArgument,
    BackgroundOption,
    DeviceOption,
    DrawingDevice,
    FrameOption,
    LabelOption,
    LimitOption,
    MoodOption,
    SignalOption,
)
from splatavatar.cli.playing import open_avatar, open_signal
from splatavatar.cli.terminal import tell
from splatavatar.cli.values import parse_limit, parse_size
from splatavatar.errors import OutputError, SettingsError
from splatavatar.output import outputs_ready


def render(
    out: Annotated[Path, typer.Option("-o", "--out", metavar="PNG", help="Picture to write.", show_default=False)],
    avatar: AvatarArgument = None,
    signal: SignalOption = None,
    frame: FrameOption = None,
    mood: MoodOption = None,
    yaw: Annotated[
        float | None,
        typer.Option(
            "--yaw", metavar="DEGREES", callback=finite, help="Camera around the head, to the subject's left."
        ),
    ] = None,
    pitch: Annotated[
        float | None, typer.Option("--pitch", metavar="DEGREES", callback=finite, help="Camera up.")
    ] = None,
    distance: Annotated[
        float | None, typer.Option("--distance", metavar="METRES", callback=finite, help="From the camera to the head.")
    ] = None,
    camera: Annotated[
        Path | None,
        typer.Option("--camera", metavar="FILE", help="JSON with T_camera_world, K, width and height instead."),
    ] = None,
    size: Annotated[
        str | None,
        typer.Option(
            "--size", metavar="WxH", help="Width and height in pixels.", show_default="512x512, or that of the camera"
        ),
    ] = None,
    background: BackgroundOption = None,
    limit: LimitOption = "3",
    device: DeviceOption = DrawingDevice.cpu,
    label: LabelOption = None,
    no_marks: NoMarksOption = False,
) -> None:
    """Render one picture of an avatar."""
    if out.suffix.lower() != ".png":
        raise OutputError(f"{out}: a picture is written as .png.")
    if camera is not None and not (yaw is None and pitch is None and distance is None):
        raise SettingsError("--camera excludes --yaw, --pitch and --distance: give one or the other.")
    colour = parse_background(background, out)
    allowed = parse_limit(limit)
    pixels = None if size is None else parse_size(size)

    from splatavatar.avatar.framing import default_camera
    from splatavatar.avatar.renderers.renderer import check_device
    from splatavatar.drive.face.mood import Mood
    from splatavatar.drive.label import Label
    from splatavatar.drive.performer import Performer
    from splatavatar.drive.signal import FaceSignal, chosen_frame
    from splatavatar.drive.sinks.frames import write_png
    from splatavatar.drive.view import camera_from_file
    from splatavatar.trust.credentials.marker import marker_of
    from splatavatar.trust.marks import PictureMarks

    check_device(device.value)
    shown = None if label is None else Label(label)
    person, _ = open_avatar(avatar)
    felt = None if mood is None else Mood.parse(mood)
    face = chosen_frame(*open_signal(signal, frame))
    drivers = [] if face is None else ["recording"]
    if felt is not None:
        face = felt.add(face or FaceSignal.neutral())
    performer = Performer(person, device.value, allowed)
    if camera is not None:
        view = camera_from_file(camera)
        view = view if pixels is None else view.resized(*pixels)
    else:
        turn = math.radians(yaw or 0), math.radians(pitch or 0)
        view = default_camera(person, *(pixels or (512, 512)), *turn, distance)
    watermark = None if no_marks else PictureMarks(person)
    marker = None if no_marks else marker_of(person, drivers)
    with outputs_ready(out):
        performer.prepare(view, colour)
        picture = performer.draw(face, view, colour)
        for put in (shown, watermark):
            picture = picture if put is None else put(picture)
        write_png(out, picture, marker)
    if no_marks:
        tell_unmarked(out)
    milliseconds = performer.renderer.timings()["total"]
    tell(f"{out}: {view.width}x{view.height}, rendered in {milliseconds:.1f} ms ({1000 / milliseconds:.0f} FPS)")
