"""What ``splatavatar drive --view`` serves."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from splatavatar.cli.playing import tell_licence
from splatavatar.cli.sharing import origins, served_avatar, tell_address

if TYPE_CHECKING:
    from splatavatar.avatar.avatar import Avatar
    from splatavatar.viewer.sink import ViewerSink


@contextmanager
def served(
    avatar: Avatar,
    path: Path,
    port: int | None,
    share: bool,
    certificate: Path | None,
    key: Path | None,
    allow_origin: list[str] | None,
    without_consent: bool,
) -> Iterator[ViewerSink]:
    """Takes the faces that the page of the avatar in the file ``path`` shows, while the page is served.

    Raises SettingsError, DependencyError, and TrustError where nobody has consented to show the avatar to others.
    """
    from splatavatar.viewer.hub import Hub
    from splatavatar.viewer.place import place
    from splatavatar.viewer.server import check_packages, create_app, serving
    from splatavatar.viewer.sink import ViewerSink
    from splatavatar.viewer.site import load_site

    check_packages()
    shown = served_avatar(path, share, without_consent)
    site, hub, admitted = load_site(), Hub(), origins(allow_origin)
    with place(port, share, certificate, key) as at:
        app = create_app(shown, site, None, hub, at.names, at.token, admitted)
        with serving(app, at.listening, at.certificate):
            tell_licence(avatar)
            tell_address(str(avatar.metadata.get("name") or path.name), at, "signal=live")
            yield ViewerSink(hub)
