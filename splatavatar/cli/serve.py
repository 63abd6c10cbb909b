"""``splatavatar serve``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from splatavatar.cli.marking import NoMarksOption
from splatavatar.cli.options import DeviceOption, DrawingDevice, LabelOption
from splatavatar.cli.sharing import CertificateOption, KeyOption, WithoutConsentOption
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
            help="espeak-ng[:VOICE], piper:MODEL or openai:URL[#VOICE]; may be given again.",
            show_default=False,
        ),
    ] = None,
    host: Annotated[str, typer.Option("--host", metavar="ADDRESS", help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", metavar="N", min=1, max=65535, help="Port of the service.")] = PORT,
    name: Annotated[
        list[str] | None,
        typer.Option("--name", metavar="HOST", help="Another name it is reached by; may be given again."),
    ] = None,
    certificate: CertificateOption = None,
    key: KeyOption = None,
    stun: Annotated[
        list[str] | None,
        typer.Option("--stun", metavar="HOST[:PORT]", help="Server that tells addresses; may be repeated."),
    ] = None,
    turn: Annotated[
        list[str] | None,
        typer.Option("--turn", metavar="USER:PASSWORD@HOST[:PORT]", help="Server that relays; may be repeated."),
    ] = None,
    without_consent: WithoutConsentOption = False,
    device: DeviceOption = DrawingDevice.cpu,
    label: LabelOption = None,
    no_marks: NoMarksOption = False,
) -> None:
    """Serve talking avatars to many: sessions over HTTP, sound and pictures over WebRTC."""
    from splatavatar.serve.http.admission import Admission, fitting
    from splatavatar.serve.http.app import create_service_app
    from splatavatar.serve.http.keys import ApiKeys
    from splatavatar.serve.http.logs import configure_logs
    from splatavatar.serve.http.metrics import Metrics
    from splatavatar.serve.http.place import service_place
    from splatavatar.serve.http.service import Service
    from splatavatar.serve.session.library import Library
    from splatavatar.serve.session.registry import Registry
    from splatavatar.serve.voices.open import open_voices
    from splatavatar.viewer.room.ice import ice_servers
    from splatavatar.viewer.server import check_packages
    from splatavatar.viewer.server import serve as serve_application
    from splatavatar.viewer.site import load_site

    check_packages()
    admitted = None if keys is None else ApiKeys.read(keys)
    voices = open_voices(voice or ())
    site = load_site()
    library = Library.of(avatars, without_consent, device.value, not no_marks, label)
    admission = Admission(fitting("video"), fitting("client"))
    metrics = Metrics(admission.limits)
    ice = ice_servers(stun or (), turn or ())
    with service_place(host, port, name or (), admitted is not None, certificate, key) as at:
        registry = Registry(library, admission, metrics, ice)
        service = Service(registry, admitted, voices)
        configure_logs(False)

        def ready() -> None:
            tell(f"{len(library.names())} avatars at {at.address} (Ctrl-C ends)")

        serve_application(
            create_service_app(service, site, at.names), at.listening, ready, at.certificate, LONGEST_MESSAGE
        )


LONGEST_MESSAGE = 1 << 20
"""bytes of a message with sound"""
