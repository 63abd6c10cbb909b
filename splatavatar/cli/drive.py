"""``splatavatar drive``."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from splatavatar.cli.drive_checks import check_outputs, check_purpose
from splatavatar.cli.limits import parse_limit
from splatavatar.cli.numbers import LARGEST_DEVICE, LARGEST_SEED, finite
from splatavatar.cli.options import AvatarArgument, DeviceOption, DrawingDevice, LimitOption, SizeOption
from splatavatar.cli.playing import open_avatar
from splatavatar.cli.progress import progress_bar
from splatavatar.cli.sharing import CertificateOption, KeyOption, PortOption, ShareOption
from splatavatar.cli.sizes import parse_size
from splatavatar.cli.terminal import tell
from splatavatar.errors import SettingsError
from splatavatar.output import outputs_ready

if TYPE_CHECKING:
    from splatavatar.drive.offline import FileInput
    from splatavatar.drive.sinks.sink import Sink
    from splatavatar.drive.sources.source import Source

DEFAULTS = {"--webcam": "0", "--livelink": "11111", "--osc": "39539"}
"""ports and number of the options whose value may be left out"""
LOOPBACK = "127.0.0.1"
NEEDS = {
    "--fps": "is the frame rate of files that are driven live; a file that is played keeps its own.",
    "--calibrate": "learns a live face; it needs --webcam, --livelink, --osc or --source.",
    "--listen": "is for --livelink and --osc.",
    "--model": "is for --webcam and --video.",
    "--port": "is the port of the page that --view serves.",
    "--share": "lets others open the page that --view serves.",
    "--certificate": "is for the page that --view serves.",
    "--key": "is for the page that --view serves.",
}
"""what options are for that do nothing without others"""


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
        Path | None, _file("--signal", "A recorded face: ARKit .json or .csv, Live Link Face .csv, .npz, FLAME .npz.")
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
    view: Annotated[
        bool, typer.Option("--view", help="Serve a page that draws the avatar, live, for viewers.")
    ] = False,
    port: PortOption = None,
    share: ShareOption = False,
    certificate: CertificateOption = None,
    key: KeyOption = None,
    record: Annotated[
        Path | None, typer.Option("--record", metavar="FILE", help="Write the signal as .npz.", show_default=False)
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
    mirror: Annotated[bool, typer.Option("--mirror", help="Move as a mirror image.")] = False,
    calibrate: Annotated[
        bool, typer.Option("--calibrate", help="Learn the face at rest in the first two seconds, and keep it.")
    ] = False,
    no_idle: Annotated[bool, typer.Option("--no-idle", help="No blinks or breath of the avatar's own.")] = False,
    seed: Annotated[int, typer.Option("--seed", metavar="N", min=0, max=LARGEST_SEED, help="Of the idle motion.")] = 0,
    stats: Annotated[bool, typer.Option("--stats", help="Print rates and ages twice a second.")] = False,
    model: Annotated[Path | None, _file("--model", "MediaPipe's face_landmarker.task, where a camera drives.")] = None,
    device: DeviceOption = DrawingDevice.cpu,
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
    check_outputs(outputs, record, [path for _, path in files])
    alone = not live and len(files) == 1 and bool(outputs or record) and not (window or virtual_camera or view or stats)
    seen = webcam is not None or livelink is not None or osc is not None or bool(source)
    check_purpose(
        {
            "--fps": fps is not None,
            "--calibrate": calibrate,
            "--listen": listen is not None,
            "--model": model is not None,
            "--port": port is not None,
            "--share": share,
            "--certificate": certificate is not None,
            "--key": key is not None,
        },
        {
            "--fps": not alone,
            "--calibrate": seen,
            "--listen": livelink is not None or osc is not None,
            "--model": webcam is not None or video is not None,
            "--port": view,
            "--share": view,
            "--certificate": view,
            "--key": view,
        },
        NEEDS,
    )

    from splatavatar.avatar.renderer import check_device

    check_device(device.value)
    if alone:
        from splatavatar.drive.offline import FileInput

        given = FileInput(*files[0], model, None if no_idle else seed, mirror)
        with outputs_ready(*_places(outputs, record)):
            _play(avatar, (width, height), given, outputs, record, background, allowed, device.value)
        return

    from splatavatar.cli.drive_background import live_backgrounds
    from splatavatar.cli.drive_live import drive_live
    from splatavatar.drive.live.controls import Controls
    from splatavatar.drive.session import Session, SessionSettings
    from splatavatar.drive.sources.registry import make_from

    person, path = open_avatar(avatar)

    made: list[Source] = []
    if webcam is not None:
        from splatavatar.drive.sources.live.camera import Webcam

        made.append(Webcam(webcam, model))
    if video is not None:
        from splatavatar.drive.sources.live.video_source import VideoCamera

        made.append(VideoCamera(video, model))
    address = listen or LOOPBACK
    names = [f"livelink:{address}:{livelink}"] if livelink is not None else []
    names += [f"osc:{address}:{osc}"] if osc is not None else []
    names += [f"signal:{signal}"] if signal is not None else []
    names += [f"audio:{audio}"] if audio is not None else []
    names += ["mic"] if mic else []
    made += [make_from(name) for name in [*names, *(source or [])]]
    settings = SessionSettings(
        made,
        outputs,
        window=window or not (outputs or virtual_camera or record or view),
        virtual_camera=virtual_camera,
        record=record,
        size=(width, height),
        backgrounds=live_backgrounds(background, outputs, made),
        fps=30.0 if fps is None else fps,
        limit=allowed,
        calibrate=calibrate,
        idle_seed=None if no_idle else seed,
        device=device.value,
    )
    if not view:
        drive_live(Session(person, settings, Controls(mirror=mirror)), stats)
        return
    from splatavatar.cli.drive_view import served

    with served(person, path, port, share, certificate, key) as sink:
        settings = replace(settings, signal_sinks=[sink])
        drive_live(Session(person, settings, Controls(mirror=mirror)), stats)


def _places(outputs: Sequence[Path], record: Path | None) -> list[Path]:
    return [*outputs, *([] if record is None else [record])]


def _play(
    avatar: str | None,
    size: tuple[int, int],
    given: FileInput,
    outputs: Sequence[Path],
    record: Path | None,
    background: str | None,
    limit: float | None,
    device: str,
) -> None:
    """Every frame of a file, into files."""
    from splatavatar.cli.drive_background import file_background
    from splatavatar.drive.performer import Performer
    from splatavatar.drive.playback import play
    from splatavatar.drive.sinks.opening import open_sink, open_sinks
    from splatavatar.drive.sources.recorded.signal_npz import write_signal
    from splatavatar.interrupts import deferred_signals

    width, height = size
    behind = file_background(background, outputs, given, width, height) if outputs else None
    person, _ = open_avatar(avatar)
    with progress_bar("reading the face") as progress:
        recording = given.recording(progress)
    if record is not None:
        write_signal(record, recording)
        tell(f"{record}: {len(recording)} frames at {recording.fps:.5g} a second")
    if not outputs:
        return
    performer = Performer(person, device, limit)
    camera = performer.camera(width, height)

    def opened(path: Path) -> Sink:
        sound = None if path.suffix.lower() == ".png" else given.sound()
        return open_sink(path, recording.fps, width, height, behind is None, sound)

    interrupted = threading.Event()
    # From the first sink on: an interrupt between two of them would leave a file that nobody closes.
    with deferred_signals(interrupted.set) as asked:
        sinks = open_sinks([partial(opened, path) for path in outputs])
        try:
            with progress_bar("driving") as progress:
                stats = play(performer, recording, camera, sinks, behind, progress, interrupted=interrupted)
        except KeyboardInterrupt:
            raise asked.ending() from None
    for out in outputs:
        tell(
            f"{out}: {stats.frames} frames of {width}x{height} at {recording.fps:.5g} a second, "
            f"rendered at {stats.render_fps:.0f} FPS"
        )
