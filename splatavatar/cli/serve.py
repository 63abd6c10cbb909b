"""``splatavatar serve``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from splatavatar.cli.marking import NoMarksOption, tell_unmarked_service
from splatavatar.cli.numbers import finite
from splatavatar.cli.options import DeviceOption, DrawingDevice, LabelOption
from splatavatar.cli.sharing import KeyOption, OriginOption, WithoutConsentOption, origins
from splatavatar.cli.terminal import tell

PORT = 8020


def serve(
    avatars: Annotated[
        str,
        typer.Option("--avatars", metavar="PLACE", help="A folder of avatars, one file, or s3://BUCKET/KEY."),
    ] = "demo",
    keys: Annotated[
        Path | None,
        typer.Option(
            "--keys", metavar="FILE", help="API keys that are admitted.", show_default="none: this machine alone"
        ),
    ] = None,
    voice: Annotated[
        list[str] | None,
        typer.Option(
            "--voice",
            metavar="[NAME=]WHAT",
            help="espeak-ng, piper:MODEL or openai:URL: says texts; may be given again.",
            show_default=False,
        ),
    ] = None,
    host: Annotated[str, typer.Option("--host", metavar="ADDRESS", help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", metavar="N", min=1, max=65535, help="Port of the service.")] = PORT,
    certificate: Annotated[
        Path | None,
        typer.Option("--certificate", metavar="FILE", help="Certificate in PEM, for https.", show_default=False),
    ] = None,
    key: KeyOption = None,
    allow_origin: OriginOption = None,
    stun: Annotated[
        list[str] | None,
        typer.Option("--stun", metavar="HOST[:PORT]", help="Server that tells addresses; may be repeated."),
    ] = None,
    turn: Annotated[
        list[str] | None,
        typer.Option("--turn", metavar="USER:PASSWORD@HOST[:PORT]", help="Server that relays; may be repeated."),
    ] = None,
    limit_video: Annotated[
        int | None,
        typer.Option("--limit-video", metavar="N", min=1, help="Sessions of pictures.", show_default="by the cores"),
    ] = None,
    limit_client: Annotated[
        int | None,
        typer.Option("--limit-client", metavar="N", min=1, help="Sessions of faces.", show_default="by the cores"),
    ] = None,
    idle: Annotated[
        float,
        typer.Option(
            "--idle", metavar="SECONDS", min=10, callback=finite, help="After which one ends that nobody watches."
        ),
    ] = 300.0,
    drain: Annotated[
        float,
        typer.Option("--drain", metavar="SECONDS", min=0, callback=finite, help="That sessions have after SIGTERM."),
    ] = 30.0,
    worker: Annotated[
        str,
        typer.Option(
            "--worker", metavar="NAME", help="That ids of sessions begin with, for a balancer.", show_default="none"
        ),
    ] = "",
    json_logs: Annotated[bool, typer.Option("--json-logs", help="Log in JSON.")] = False,
    without_consent: WithoutConsentOption = False,
    device: DeviceOption = DrawingDevice.cpu,
    label: LabelOption = None,
    no_marks: NoMarksOption = False,
) -> None:
    """Serve talking avatars to many: sessions over HTTP, sound and pictures over WebRTC."""
    from splatavatar.avatar.renderers.renderer import check_device
    from splatavatar.drive.label import Label
    from splatavatar.extras import required
    from splatavatar.serve.http.admission import Admission, fitting
    from splatavatar.serve.http.app import create_service_app
    from splatavatar.serve.http.keys import ApiKeys
    from splatavatar.serve.http.logs import configure_logs
    from splatavatar.serve.http.metrics import Metrics
    from splatavatar.serve.http.place import service_place
    from splatavatar.serve.http.service import Service
    from splatavatar.serve.http.serving import serve as serve_application
    from splatavatar.serve.session.library import Library
    from splatavatar.serve.session.registry import Registry
    from splatavatar.serve.voices.open import open_voices
    from splatavatar.viewer.guard import LOOPBACK
    from splatavatar.viewer.room.ice import ice_servers
    from splatavatar.viewer.server import check_packages
    from splatavatar.viewer.site import load_site

    check_packages()
    required("aiortc")
    # What every session would fail of is said now.
    check_device(device.value)
    if label is not None:
        Label(label)
    admitted = None if keys is None else ApiKeys.read(keys)
    allowed = origins(allow_origin)
    voices = open_voices(voice or ())
    site = load_site()
    library = Library.of(avatars, without_consent, device.value, not no_marks, label)
    admission = Admission(limit_video or fitting("video"), limit_client or fitting("client"))
    metrics = Metrics(admission.limits)
    registry = Registry(library, admission, metrics, ice_servers(stun or (), turn or ()), unwatched=idle, worker=worker)
    with service_place(host, port, admitted is not None, certificate, key) as at:
        configure_logs(json_logs)
        app = create_service_app(Service(registry, admitted, voices), site, origins=allowed)

        def ready() -> None:
            count = len(library.names())
            tell(f"{count} avatar{'s' if count > 1 else ''} at {at.address} (Ctrl-C ends)")
            if no_marks:
                tell_unmarked_service()
            if host not in LOOPBACK and at.certificate is None:
                tell(
                    "keys and speech cross the network as they are: give --certificate, or stand behind one who has",
                    err=True,
                )

        serve_application(app, at.listening, ready, admission, drain, at.certificate, registry.close)
