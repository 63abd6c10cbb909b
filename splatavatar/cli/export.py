"""``splatavatar export``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from splatavatar.cli.marking import NoMarksOption, tell_unmarked
from splatavatar.cli.options import AvatarArgument, FrameOption, LimitOption, MoodOption, SignalOption
from splatavatar.cli.playing import open_avatar, open_signal, tell_licence
from splatavatar.cli.progress import progress_bar
from splatavatar.cli.terminal import tell
from splatavatar.cli.values import parse_limit
from splatavatar.errors import OutputError, SettingsError
from splatavatar.output import outputs_ready

if TYPE_CHECKING:
    from splatavatar.avatar.avatar import Avatar


def export(
    out: Annotated[
        Path,
        typer.Option(
            "-o",
            "--out",
            metavar="FILE",
            help="Splats: out.ply, .spz, .splat, .glb or .gltf. A page that plays: out.html.",
            show_default=False,
        ),
    ],
    avatar: AvatarArgument = None,
    mesh: Annotated[
        bool, typer.Option("--mesh", help="In a .glb or .gltf, the rigged mesh with ARKit's shapes, not the splats.")
    ] = False,
    signal: SignalOption = None,
    frame: FrameOption = None,
    audio: Annotated[
        Path | None,
        typer.Option("--audio", metavar="FILE", help="A voice that it speaks in a .html.", show_default=False),
    ] = None,
    mood: MoodOption = None,
    limit: LimitOption = "3",
    no_marks: NoMarksOption = False,
) -> None:
    """Write one pose of an avatar as splats for other viewers, its rigged mesh, or a .html page that plays it."""
    from splatavatar.gaussians.formats.write import WRITERS
    from splatavatar.gltf.document import SUFFIXES

    suffix = out.suffix.lower()
    if suffix not in (*WRITERS, ".html"):
        raise OutputError(f"{out}: an avatar is exported as {', '.join(WRITERS)} or .html.")
    if mesh and suffix not in SUFFIXES:
        raise SettingsError(f"--mesh is for {' and '.join(SUFFIXES)}, not for {suffix}.")
    if suffix == ".html":
        if frame is not None or limit != "3":
            raise SettingsError("--frame and --expression-limit are for splats; the page has controls for both.")
        if mood is not None and (audio is None or signal is not None):
            raise SettingsError("--mood is that of a face which a voice moves; it needs --audio, and no --signal.")
        _page(out, avatar, signal, audio, mood, not no_marks)
        return
    if mood is not None:
        raise SettingsError(f"--mood is for .html with --audio, not for {suffix}.")
    if audio is not None:
        raise SettingsError(f"--audio is for .html: a {suffix} makes no sound.")
    allowed = parse_limit(limit)
    if mesh:
        if signal is not None or frame is not None or limit != "3":
            raise SettingsError("--signal, --frame and --expression-limit are for splats; a mesh has every expression.")
        _mesh(out, avatar, not no_marks)
    else:
        _splats(out, avatar, signal, frame, allowed, not no_marks)


@contextmanager
def _exported(out: Path, avatar: Avatar, driven_by: Sequence[str], marks: bool) -> Iterator[None]:
    """Within the block ``out`` can be written; after it that has its content credentials, or is said to have none."""
    from splatavatar.trust.credentials.formats import drop_sidecar
    from splatavatar.trust.credentials.mark import mark_file
    from splatavatar.trust.credentials.marker import marker_of

    marker = marker_of(avatar, driven_by) if marks else None
    with outputs_ready(out):
        yield
        drop_sidecar(out)  # of an older one
        if marker is not None:
            mark_file(out, marker)
    if not marks:
        tell_unmarked(out)


def _splats(
    out: Path, avatar: str | None, signal: Path | None, frame: int | None, limit: float | None, marks: bool
) -> None:
    """The Gaussians of one pose."""
    from splatavatar.drive.performer import Performer
    from splatavatar.drive.signal import chosen_frame
    from splatavatar.gaussians.formats.write import write_splats

    person, _ = open_avatar(avatar)
    performer = Performer(person, limit=limit)
    parameters = performer.pose(chosen_frame(*open_signal(signal, frame)))
    with _exported(out, person, [] if signal is None else ["recording"], marks):
        write_splats(out, *performer.renderer.gaussians(parameters), person.rig.licence)
    tell(f"{out}: {len(person.gaussians)} Gaussians")
    if out.suffix.lower() == ".splat":
        kept = f", nor the licence of the body model: {person.rig.licence}" if person.rig.licence else "."
        tell(f"A .splat cannot hold what of the colours depends on the view{kept}", err=True)
    else:
        tell_licence(person)


def _mesh(out: Path, avatar: str | None, marks: bool) -> None:
    """The triangles of the rig, to be posed by others."""
    from splatavatar.avatar.mesh.rigged_gltf import write_rigged_mesh
    from splatavatar.rig.arkit import NAMES

    person, _ = open_avatar(avatar)
    with _exported(out, person, [], marks):
        triangles = write_rigged_mesh(out, person)
    tell(f"{out}: {triangles} triangles, {len(person.rig.joint_names)} joints, {len(NAMES)} morph targets")
    tell_licence(person)


def _page(
    out: Path, avatar: str | None, signal: Path | None, audio: Path | None, mood: str | None, marks: bool
) -> None:
    """One file that plays the avatar in a browser, with what it says and how it sounds."""
    from splatavatar.drive.face.mood import Mood
    from splatavatar.drive.offline import FileInput
    from splatavatar.viewer.one_file import embedded_avatar, embedded_signal, embedded_sound, write_page
    from splatavatar.viewer.site import load_site

    felt = None if mood is None else Mood.parse(mood)
    site = load_site()
    person, path = open_avatar(avatar)
    files = [embedded_avatar(path)]
    recording = open_signal(signal, None)[0]
    if audio is not None:
        if recording is None:
            with progress_bar("hearing the voice") as progress:
                recording = FileInput("audio", audio).recording(progress=progress, mood=felt)
        files.append(embedded_sound(audio))
    if recording is not None:
        files.append(embedded_signal(recording))
    driven_by = [name for name, given in (("recording", signal), ("audio", audio)) if given is not None]
    with _exported(out, person, driven_by, marks):
        size = write_page(out, site, str(person.metadata.get("name") or path.stem), files)
    tell(f"{out}: {size / 1e6:.1f} MB, opens in a browser")
    tell_licence(person)
