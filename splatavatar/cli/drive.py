"""``splatavatar drive``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from splatavatar.cli.colours import WHITE, parse_background
from splatavatar.cli.limits import parse_limit
from splatavatar.cli.options import AvatarArgument, LimitOption, SizeOption
from splatavatar.cli.playing import open_avatar
from splatavatar.cli.progress import progress_bar
from splatavatar.cli.sizes import parse_size
from splatavatar.errors import SettingsError

if TYPE_CHECKING:
    from splatavatar.drive.offline import FileInput
    from splatavatar.drive.sinks.background import Background
    from splatavatar.drive.sources.source import Source

DEFAULTS = {"--webcam": "0", "--livelink": "11111", "--osc": "39539"}
"""ports and number of the options whose value may be left out"""
GREEN, BLACK = (0.0, 177 / 255, 64 / 255), (0.0, 0.0, 0.0)
"""of studios, for keying; and of stages"""
PICTURES = {".png", ".jpg", ".jpeg", ".webp", ".bmp"}


def _file(name: str, what: str) -> Any:
    return typer.Option(name, metavar="FILE", help=what, show_default=False, rich_help_panel="What drives")


def _live(name: str, what: str, metavar: str) -> Any:
    return typer.Option(name, metavar=metavar, help=what, show_default=False, rich_help_panel="What drives")


def drive(
    avatar: AvatarArgument = None,
    webcam: Annotated[int | None, _live("--webcam", "A camera, by its number (0 if none is given).", "[N]")] = None,
    video: Annotated[Path | None, _file("--video", "A video of a face.")] = None,
    livelink: Annotated[int | None, _live("--livelink", "Live Link Face over UDP (port 11111).", "[PORT]")] = None,
    osc: Annotated[int | None, _live("--osc", "VMC and iFacialMocap over UDP (port 39539).", "[PORT]")] = None,
    signal: Annotated[
        Path | None, _file("--signal", "A recorded face: ARKit .json or .csv, Live Link Face .csv, .npz, FLAME .npz.")
    ] = None,
    audio: Annotated[Path | None, _file("--audio", "A voice: any file with sound.")] = None,
    mic: Annotated[bool, typer.Option("--mic", help="The microphone.", rich_help_panel="What drives")] = False,
    source: Annotated[
        list[str] | None, _live("--source", "A source by name, such as that of a plug-in.", "NAME[:ARGUMENT]")
    ] = None,
    listen: Annotated[
        str, _live("--listen", "Address that --livelink and --osc listen on; 0.0.0.0 for all.", "ADDRESS")
    ] = "127.0.0.1",
    out: Annotated[
        list[Path] | None,
        typer.Option("-o", "--out", metavar="OUT", help="out.mp4, out.webm or frames/%05d.png.", show_default=False),
    ] = None,
    window: Annotated[bool, typer.Option("--window", help="Show a window, beside other outputs.")] = False,
    virtual_camera: Annotated[bool, typer.Option("--virtual-camera", help="Feed a virtual camera.")] = False,
    record: Annotated[
        Path | None, typer.Option("--record", metavar="FILE", help="Write the signal as .npz.", show_default=False)
    ] = None,
    size: SizeOption = "512x512",
    background: Annotated[
        str | None,
        typer.Option(
            "--background",
            metavar="WHAT",
            help="R,G,B from 0 to 255, #RRGGBB, transparent or, live, a picture file.",
            show_default="white; transparent in a picture or webm",
        ),
    ] = None,
    fps: Annotated[
        float | None, typer.Option("--fps", metavar="N", min=1, max=240, help="Of written files that are driven live.")
    ] = None,
    limit: LimitOption = "3",
    mirror: Annotated[bool, typer.Option("--mirror", help="Move as a mirror image.")] = False,
    calibrate: Annotated[
        bool, typer.Option("--calibrate", help="Learn the face at rest in the first two seconds, and keep it.")
    ] = False,
    no_idle: Annotated[bool, typer.Option("--no-idle", help="No blinks or breath of the avatar's own.")] = False,
    seed: Annotated[int, typer.Option("--seed", metavar="N", min=0, help="Of the idle motion.")] = 0,
    stats: Annotated[bool, typer.Option("--stats", help="Print rates and ages twice a second.")] = False,
    model: Annotated[Path | None, _file("--model", "MediaPipe's face_landmarker.task, where a camera drives.")] = None,
) -> None:
    """Drive an avatar: from a camera, a phone, a voice or a file; into a window, a video or a virtual camera.

    Files alone are played frame by frame into the outputs; with anything live, or without an output, it runs in real
    time. In the window: F fullscreen, M mirror, C calibrate, B background, Esc ends.
    """
    width, height = parse_size(size)
    allowed = parse_limit(limit)
    outputs = list(out or [])
    files = [(kind, path) for kind, path in (("video", video), ("signal", signal), ("audio", audio)) if path]
    live = webcam is not None or livelink is not None or osc is not None or mic or bool(source)
    if not files and not live:
        raise SettingsError(
            "nothing drives; give one of --webcam, --video, --livelink, --osc, --signal, --audio, --mic or --source"
        )
    if record is not None and record.suffix.lower() != ".npz":
        raise SettingsError(f"{record}: a recorded signal is an .npz file, such as signal.npz")
    files_alone = not live and len(files) == 1 and bool(outputs or record)
    if files_alone and not (window or virtual_camera or stats or calibrate):
        from splatavatar.drive.offline import FileInput

        given = FileInput(*files[0], model, None if no_idle else seed, mirror)
        _play(avatar, (width, height), given, outputs, record, background, allowed)
        return

    from splatavatar.cli.drive_live import LiveOptions, drive_live
    from splatavatar.drive.sources.registry import make_from
    from splatavatar.drive.view import default_camera

    person, _ = open_avatar(avatar)
    camera = default_camera(person, width, height)

    made: list[Source] = []
    if webcam is not None:
        from splatavatar.drive.sources.camera import Webcam

        made.append(Webcam(webcam, model))
    if video is not None:
        from splatavatar.drive.sources.video_source import VideoCamera

        made.append(VideoCamera(video, model))
    names = [f"livelink:{listen}:{livelink}"] if livelink is not None else []
    names += [f"osc:{listen}:{osc}"] if osc is not None else []
    names += [f"signal:{signal}"] if signal is not None else []
    names += [f"audio:{audio}"] if audio is not None else []
    names += ["mic"] if mic else []
    made += [make_from(name) for name in [*names, *(source or [])]]
    options = LiveOptions(
        outputs,
        window or not (outputs or virtual_camera or record),
        virtual_camera,
        record,
        _backgrounds(background, outputs),
        30.0 if fps is None else fps,
        allowed,
        mirror,
        calibrate,
        None if no_idle else seed,
        stats,
    )
    drive_live(person, camera, made, options)


def _backgrounds(text: str | None, outputs: Sequence[Path]) -> list[Background]:
    """What the B key steps through, the one that is asked for first."""
    from splatavatar.drive.sinks.background import ColourBackground, Transparent, picture_background

    if text is not None and Path(text).suffix.lower() in PICTURES:
        return [picture_background(text), ColourBackground(WHITE), ColourBackground(GREEN)]
    colour = parse_background(text, outputs[0] if outputs else Path("window.mp4"))
    first: Background = Transparent() if colour is None else ColourBackground(colour)
    if colour is None:
        return [first]  # files that are transparent stay so
    return [first, *(ColourBackground(other) for other in (WHITE, GREEN, BLACK) if other != colour)]


def _play(
    avatar: str | None,
    size: tuple[int, int],
    given: FileInput,
    outputs: Sequence[Path],
    record: Path | None,
    background: str | None,
    limit: float | None,
) -> None:
    """Every frame of a file, into files."""
    colour = parse_background(background, outputs[0]) if outputs else None

    from splatavatar.drive.playback import play
    from splatavatar.drive.sinks.sink import open_sink
    from splatavatar.drive.sources.signal_npz import write_signal
    from splatavatar.drive.view import default_camera

    person, _ = open_avatar(avatar)
    with progress_bar("reading the face") as progress:
        recording = given.recording(progress)
    if record is not None:
        write_signal(record, recording)
        typer.echo(f"{record}: {len(recording)} frames at {recording.fps:.5g} a second")
    if not outputs:
        return
    width, height = size
    camera = default_camera(person, width, height)
    sinks = []
    for path in outputs:
        sound = None if path.suffix.lower() == ".png" else given.sound()
        sinks.append(open_sink(path, recording.fps, width, height, colour is None, sound))
    with progress_bar("driving") as progress:
        stats = play(person, recording, camera, sinks, colour, progress, limit)
    for path in outputs:
        typer.echo(
            f"{path}: {stats.frames} frames of {width}x{height} at {recording.fps:.5g} a second, "
            f"rendered at {stats.render_fps:.0f} FPS"
        )
