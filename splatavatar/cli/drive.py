"""``splatavatar drive``."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from splatavatar.cli.drive_background import parse_backgrounds
from splatavatar.cli.drive_checks import check_purpose
from splatavatar.cli.marking import NoMarksOption
from splatavatar.cli.numbers import LARGEST_DEVICE, LARGEST_SEED, finite
from splatavatar.cli.options import (
    AvatarArgument,
    DeviceOption,
    DrawingDevice,
    LabelOption,
    LimitOption,
    MoodOption,
    SizeOption,
)
from splatavatar.cli.playing import open_avatar
from splatavatar.cli.sharing import (
    CertificateOption,
    KeyOption,
    OriginOption,
    PortOption,
    ShareOption,
    WithoutConsentOption,
)
from splatavatar.cli.values import parse_limit, parse_size
from splatavatar.errors import SettingsError

if TYPE_CHECKING:
    from splatavatar.drive.sinks.sink import SignalSink

DEFAULTS = {"--webcam": "0", "--livelink": "11111", "--osc": "39539"}
"""ports and number of the options whose value may be left out"""
LOOPBACK = "127.0.0.1"


class Who(str, Enum):
    """Whose face drives: one of ``likeness_signal.WHO``."""

    me = "me"
    other = "other"
    auto = "auto"


def _file(name: str, what: str) -> Any:
    return typer.Option(name, metavar="FILE", help=what, show_default=False, rich_help_panel="What drives")


def _live(name: str, what: str, metavar: str, most: int | None = None) -> Any:
    least = None if most is None else 0
    return typer.Option(
        name, metavar=metavar, min=least, max=most, help=what, show_default=False, rich_help_panel="What drives"
    )


def drive(
    avatar: AvatarArgument = None,
    webcam: Annotated[
        int | None, _live("--webcam", "A camera, by its number (0 if none is given).", "[N]", LARGEST_DEVICE)
    ] = None,
    video: Annotated[Path | None, _file("--video", "A video of a face.")] = None,
    livelink: Annotated[int | None, _live("--livelink", "Live Link Face over UDP (port 11111).", "[PORT]")] = None,
    osc: Annotated[int | None, _live("--osc", "VMC and iFacialMocap over UDP (port 39539).", "[PORT]")] = None,
    signal: Annotated[
        Path | None, _file("--signal", "A recording: ARKit .json or .csv, Live Link Face .csv, .npz, FLAME, SMPL-X.")
    ] = None,
    audio: Annotated[Path | None, _file("--audio", "A voice: any file with sound.")] = None,
    mic: Annotated[bool, typer.Option("--mic", help="The microphone.", rich_help_panel="What drives")] = False,
    source: Annotated[
        list[str] | None, _live("--source", "A source by name, such as that of a plug-in.", "NAME[:ARGUMENT]")
    ] = None,
    listen: Annotated[
        str | None,
        typer.Option(
            "--listen",
            metavar="ADDRESS",
            help="Address that --livelink and --osc listen on; 0.0.0.0 for all.",
            show_default=LOOPBACK,
            rich_help_panel="What drives",
        ),
    ] = None,
    out: Annotated[
        list[Path] | None,
        typer.Option("-o", "--out", metavar="OUT", help="out.mp4, out.webm or frames/%05d.png.", show_default=False),
    ] = None,
    window: Annotated[bool, typer.Option("--window", help="Show a window, beside other outputs.")] = False,
    virtual_camera: Annotated[bool, typer.Option("--virtual-camera", help="Feed a virtual camera.")] = False,
    sink: Annotated[
        list[str] | None,
        typer.Option(
            "--sink",
            metavar="NAME[:ARGUMENT]",
            help="What a plug-in does with pictures or the face; may be given again.",
            show_default=False,
        ),
    ] = None,
    view: Annotated[
        bool, typer.Option("--view", help="Serve a page that draws the avatar, live, for viewers.")
    ] = False,
    room: Annotated[
        str | None,
        typer.Option("--room", metavar="LINK", help="Sit in a room, by the link of an invitation.", show_default=False),
    ] = None,
    name: Annotated[
        str | None,
        typer.Option("--name", metavar="TEXT", help="Of who sits in the room.", show_default="the avatar's"),
    ] = None,
    port: PortOption = None,
    share: ShareOption = False,
    certificate: CertificateOption = None,
    key: KeyOption = None,
    allow_origin: OriginOption = None,
    without_consent: WithoutConsentOption = False,
    record: Annotated[
        Path | None,
        typer.Option("--record", metavar="FILE", help="Write the signal as .npz, .csv or .json.", show_default=False),
    ] = None,
    size: SizeOption = "512x512",
    background: Annotated[
        str | None,
        typer.Option(
            "--background",
            metavar="WHAT",
            help="R,G,B from 0 to 255, #RRGGBB, transparent, a picture file, or blur: what the camera sees, blurred.",
            show_default="white; transparent in a picture or webm",
        ),
    ] = None,
    fps: Annotated[
        float | None,
        typer.Option(
            "--fps", metavar="N", min=1, max=240, callback=finite, help="Of written files that are driven live."
        ),
    ] = None,
    limit: LimitOption = "3",
    face_as: Annotated[
        Who | None,
        typer.Option(
            "--as",
            help="Whose face a camera or a video shows: the avatar's own, another, or found out.",
            show_default="auto",
        ),
    ] = None,
    mirror: Annotated[bool, typer.Option("--mirror", help="Move as a mirror image.")] = False,
    calibrate: Annotated[
        bool, typer.Option("--calibrate", help="Learn the face at rest in the first two seconds, and keep it.")
    ] = False,
    mood: MoodOption = None,
    behaviour: Annotated[
        float | None,
        typer.Option(
            "--behaviour",
            metavar="X",
            min=0,
            max=2,
            callback=finite,
            help="How far head and eyes move by what a voice says; 0: not at all.",
            show_default="1",
        ),
    ] = None,
    no_idle: Annotated[
        bool, typer.Option("--no-idle", help="No blinks, glances, nods or breath of the avatar's own.")
    ] = False,
    seed: Annotated[int, typer.Option("--seed", metavar="N", min=0, max=LARGEST_SEED, help="Of the idle motion.")] = 0,
    stats: Annotated[bool, typer.Option("--stats", help="Print rates and ages twice a second.")] = False,
    model: Annotated[Path | None, _file("--model", "MediaPipe's face_landmarker.task, where a camera drives.")] = None,
    device: DeviceOption = DrawingDevice.cpu,
    label: LabelOption = None,
    no_marks: NoMarksOption = False,
) -> None:
    """Drive an avatar: from a camera, a phone, a voice or a file; into a window, a video or a virtual camera.

    Files alone are played frame by frame into the outputs; with anything live, or without an output, it runs in real
    time. In the window: F fullscreen, M mirror, C calibrate, B background, Esc ends.
    """
    from splatavatar.drive.face.mood import Mood
    from splatavatar.drive.offline import FileInput
    from splatavatar.drive.settings import SessionSettings

    address, outputs = listen or LOOPBACK, list(out or [])
    # In the order in which they are asked for a channel that several have.
    sources: list[str | FileInput] = [
        *([] if webcam is None else [f"webcam:{webcam}"]),
        *([] if video is None else [FileInput("video", video)]),
        *([] if livelink is None else [f"livelink:{address}:{livelink}"]),
        *([] if osc is None else [f"osc:{address}:{osc}"]),
        *([] if signal is None else [FileInput("signal", signal)]),
        *([] if audio is None else [FileInput("audio", audio)]),
        *(["mic"] if mic else []),
        *(source or []),
    ]
    if not sources:
        raise SettingsError(
            "nothing drives; give one of --webcam, --video, --livelink, --osc, --signal, --audio, --mic or --source"
        )
    settings = SessionSettings(
        sources,
        outputs,
        window=window or not (outputs or virtual_camera or sink or record or view or room),
        virtual_camera=virtual_camera,
        sinks=sink or [],
        record=record,
        realtime=stats or view or bool(room),
        model=model,
        size=parse_size(size),
        backgrounds=parse_backgrounds(background, outputs),
        fps=30.0 if fps is None else fps,
        limit=parse_limit(limit),
        calibrate=calibrate,
        idle_seed=None if no_idle else seed,
        behaviour=1.0 if behaviour is None else behaviour,
        mood=None if mood is None else Mood.parse(mood),
        face_as=(face_as or Who.auto).value,
        device=device.value,
        label=label,
        marks=not no_marks,
    )
    cameras = [name for name in source or [] if name.partition(":")[0] in ("webcam", "video")]
    check_purpose(
        {
            "--fps": fps is not None,
            "--label": label is not None,
            "--no-marks": no_marks,
            "--calibrate": calibrate,
            "--listen": listen is not None,
            "--mood": mood is not None,
            "--behaviour": behaviour is not None,
            "--model": model is not None,
            "--as": face_as is not None,
            "--name": name is not None,
            "--port": port is not None,
            "--share": share,
            "--certificate": certificate is not None,
            "--key": key is not None,
            "--allow-origin": bool(allow_origin),
            "--without-consent": without_consent,
        },
        {
            "--fps": settings.frame_by_frame is None,
            "--label": settings.draws or bool(sink),
            "--no-marks": settings.draws or bool(sink),
            "--calibrate": webcam is not None or livelink is not None or osc is not None or bool(source),
            "--listen": livelink is not None or osc is not None,
            "--mood": audio is not None or mic or bool(source),
            "--behaviour": (audio is not None or mic or bool(source)) and not no_idle,
            "--model": webcam is not None or video is not None or bool(cameras),
            "--as": webcam is not None or video is not None or bool(cameras),
            "--name": bool(room),
            "--port": view,
            "--share": view,
            "--certificate": view,
            "--key": view,
            "--allow-origin": view,
            "--without-consent": bool(room) or share,
        },
    )

    from splatavatar.cli.drive_session import drive_film, drive_live
    from splatavatar.drive.live.controls import Controls
    from splatavatar.drive.session import Session

    person, path = open_avatar(avatar)
    session = Session(person, settings, Controls(mirror=mirror))
    if settings.frame_by_frame:
        drive_film(session)
        return
    with ExitStack() as elsewhere:
        takers: list[SignalSink] = []
        if view:
            from splatavatar.cli.drive_view import served

            page = served(person, path, port, share, certificate, key, allow_origin, without_consent)
            takers.append(elsewhere.enter_context(page))
        if room:
            from splatavatar.cli.drive_room import seated

            takers.append(elsewhere.enter_context(seated(person, path, room, name, without_consent)))
        session.settings = replace(settings, signal_sinks=takers)
        drive_live(session, stats)
