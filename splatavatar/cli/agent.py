"""``splatavatar agent``: faces for voice agents."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from splatavatar.cli.marking import NoMarksOption, tell_unmarked_service
from splatavatar.cli.numbers import LARGEST_SEED, finite
from splatavatar.cli.options import AvatarArgument, DeviceOption, DrawingDevice, MoodOption, SizeOption
from splatavatar.cli.sharing import WithoutConsentOption
from splatavatar.cli.terminal import tell
from splatavatar.cli.values import parse_size
from splatavatar.errors import SettingsError

if TYPE_CHECKING:
    from splatavatar.serve.livekit.face_options import FaceOptions

agent = typer.Typer(help="Faces for voice agents.", no_args_is_help=True)

LONGEST_TOKEN = 32 * 1024
"""characters of a token on standard input"""
PORT = 8089
"""of a dispatcher, which is that of LiveKit's own examples"""
DISPATCHER_KEY = "SPLATAVATAR_DISPATCHER_KEY"
"""variable with what a dispatcher asks for"""

FpsOption = Annotated[
    float, typer.Option("--fps", metavar="N", min=1, max=60, callback=finite, help="Pictures a second.")
]
BehaviourOption = Annotated[
    float,
    typer.Option(
        "--behaviour", metavar="X", min=0, max=2, callback=finite, help="How far head and eyes move by what is said."
    ),
]
NoIdleOption = Annotated[bool, typer.Option("--no-idle", help="The face does nothing by itself.")]
SeedOption = Annotated[int, typer.Option("--seed", metavar="N", min=0, max=LARGEST_SEED, help="Of the behaviour.")]
LabelTextOption = Annotated[
    str | None,
    typer.Option("--label", metavar="TEXT", help="Say in a corner of the picture what it is, as in Avatar."),
]
ClientRenderedOption = Annotated[
    bool,
    typer.Option(
        "--client-rendered",
        help="Send the avatar and its faces to those who draw it themselves; video for all others.",
    ),
]


@agent.command("livekit")
def livekit(
    avatar: AvatarArgument = None,
    url: Annotated[
        str | None,
        typer.Option("--url", metavar="URL", envvar="LIVEKIT_URL", help="Of the LiveKit server.", show_default=False),
    ] = None,
    token: Annotated[
        str | None,
        typer.Option(
            "--token",
            metavar="TOKEN",
            help="For one room; - reads it from standard input. Others on this machine see what stands in a command.",
            show_default="LIVEKIT_TOKEN",
        ),
    ] = None,
    size: SizeOption = "512x512",
    fps: FpsOption = 25.0,
    device: DeviceOption = DrawingDevice.cpu,
    mood: MoodOption = None,
    behaviour: BehaviourOption = 1.0,
    no_idle: NoIdleOption = False,
    seed: SeedOption = 0,
    label: LabelTextOption = None,
    client_rendered: ClientRenderedOption = False,
    no_marks: NoMarksOption = False,
    without_consent: WithoutConsentOption = False,
) -> None:
    """Join one room of a LiveKit server as the face of the agent there; leave with it."""
    from splatavatar.serve.livekit.address import check_server

    if not url:
        raise SettingsError("--url: name the LiveKit server, such as wss://livekit.example.org")
    given = _token(token)
    check_server(url)
    options = _options(
        size, fps, device, mood, behaviour, no_idle, seed, label, client_rendered, no_marks, without_consent
    )
    from splatavatar.serve.livekit.working import run_worker

    if no_marks:
        tell_unmarked_service()
    tell(f"left the room: {run_worker(url, given, _path(avatar), options)}", err=True)


@agent.command("dispatch")
def dispatch(
    avatar: AvatarArgument = None,
    port: Annotated[int, typer.Option("--port", metavar="N", min=1, max=65535, help="Port to listen on.")] = PORT,
    host: Annotated[
        str,
        typer.Option(
            "--host", metavar="ADDRESS", help=f"Address to listen on; others than this machine's need {DISPATCHER_KEY}."
        ),
    ] = "127.0.0.1",
    url: Annotated[
        str | None,
        typer.Option(
            "--url", metavar="URL", help="The only LiveKit server whose rooms are joined.", show_default="any"
        ),
    ] = None,
    workers: Annotated[int, typer.Option("--workers", metavar="N", min=1, max=256, help="Rooms at a time.")] = 4,
    size: SizeOption = "512x512",
    fps: FpsOption = 25.0,
    device: DeviceOption = DrawingDevice.cpu,
    mood: MoodOption = None,
    behaviour: BehaviourOption = 1.0,
    no_idle: NoIdleOption = False,
    seed: SeedOption = 0,
    label: LabelTextOption = None,
    client_rendered: ClientRenderedOption = False,
    no_marks: NoMarksOption = False,
    without_consent: WithoutConsentOption = False,
) -> None:
    """Start a worker for each room that an agent asks for over HTTP (docs/agents.md)."""
    from splatavatar.serve.livekit.address import check_server
    from splatavatar.serve.livekit.dispatcher import check_key, create_dispatcher
    from splatavatar.serve.livekit.worker_processes import WorkerProcesses
    from splatavatar.viewer.guard import LOOPBACK
    from splatavatar.viewer.server import listen, serve

    key = os.environ.pop(DISPATCHER_KEY, None)
    if url is not None:
        check_server(url)
    if key is not None:
        try:
            check_key(key)
        except SettingsError as error:
            raise SettingsError(f"{DISPATCHER_KEY}: {error}") from None
    if key is None and host not in LOOPBACK:
        raise SettingsError(
            f"--host {host}: others reach it, so put a key into {DISPATCHER_KEY} that agents are to send."
        )
    options = _options(
        size, fps, device, mood, behaviour, no_idle, seed, label, client_rendered, no_marks, without_consent
    )
    path = _path(avatar)
    # What a worker would fail of it fails of now.
    options.open_stage(path)
    arguments = [path, "--size", size, "--fps", f"{fps:g}", "--device", device.value, "--seed", str(seed)]
    arguments += ["--behaviour", f"{behaviour:g}"]
    arguments += [] if mood is None else ["--mood", mood]
    arguments += [] if label is None else ["--label", label]
    for flag, given in {
        "--no-idle": no_idle,
        "--client-rendered": client_rendered,
        "--no-marks": no_marks,
        "--without-consent": without_consent,
    }.items():
        arguments += [flag] if given else []
    processes = WorkerProcesses(arguments, workers)
    app = create_dispatcher(processes, key, url)
    listening = listen(port, host)
    if no_marks:
        tell_unmarked_service()
    try:
        serve(app, listening, lambda: tell(f"dispatcher at http://{host}:{port}/launch (Ctrl-C ends)"))
    finally:
        processes.close()


def _token(given: str | None) -> str:
    """The token of ``--token``, of the environment or of standard input. Raises SettingsError."""
    # Not for what this process starts.
    of_environment = os.environ.pop("LIVEKIT_TOKEN", "")
    token = of_environment if given is None else given
    if token == "-":
        token = "" if sys.stdin is None else sys.stdin.readline(LONGEST_TOKEN)
    token = token.strip()
    if not (token and token.isascii() and token.isprintable()):
        raise SettingsError(
            "--token: expected the token of a room, there, in LIVEKIT_TOKEN or with - on standard input"
        )
    return token


def _path(avatar: str | None) -> str:
    from splatavatar.avatar.library import resolve

    return str(resolve(avatar).absolute())


def _options(
    size: str,
    fps: float,
    device: DrawingDevice,
    mood: str | None,
    behaviour: float,
    no_idle: bool,
    seed: int,
    label: str | None,
    client_rendered: bool,
    no_marks: bool,
    without_consent: bool,
) -> FaceOptions:
    from splatavatar.serve.livekit.face_options import FaceOptions

    width, height = parse_size(size)
    return FaceOptions(
        width=width,
        height=height,
        fps=fps,
        device=device.value,
        mood=mood,
        behaviour=None if no_idle else behaviour,
        seed=seed,
        marks=not no_marks,
        label=label,
        without_consent=without_consent,
        client_rendered=client_rendered,
    )
