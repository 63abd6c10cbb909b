"""What ``splatavatar detect`` says of content credentials."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from splatavatar.errors import DependencyError, TrustError

if TYPE_CHECKING:
    from splatavatar.trust.credentials.read import Credentials

SHORT = 10
"""digits of a digest that are shown, as many as the watermark has"""


class Said:
    """The credentials of one file."""

    def __init__(self, path: Path) -> None:
        """Raises TrustError where there is no file."""
        from splatavatar.trust.credentials.read import credentials_of

        self.found: Credentials | None = None
        self._instead = "no content credentials"
        try:
            self.found = credentials_of(path)
        except TrustError as error:
            if not path.is_file():
                raise
            # Those of others may be anything; the pixels are looked at all the same.
            self._instead = str(error).removeprefix(f"{path}: ")
        except DependencyError as error:
            self._instead = f"content credentials are not read: {error}"

    def synthetic(self, avatar: str | None) -> bool:
        """Whether they hold and say that an avatar is seen: the one whose short id ``avatar`` is, if that is given."""
        found = self.found
        if found is None or not found.holds or (found.avatar is None and not found.ours):
            return False
        return avatar is None or (found.avatar or "").startswith(avatar)

    def line(self) -> str:
        """What they say, for people."""
        found = self.found
        if found is None:
            return self._instead
        state = "hold" if found.holds else "do not hold, the file or they were changed"
        made = "declared afterwards, as showing an avatar," if found.declared else "made"
        parts = [f"{made} by {found.generator or 'an unnamed program'}"]
        parts += [f"on {found.date}"] if found.date else []
        parts += [f"({found.source_type})"] if found.source_type else []
        parts += [f"with avatar {found.avatar[:SHORT]}"] if found.avatar else []
        parts += [f"of {found.signer}"] if found.signer else []
        parts += [f"moved by {', '.join(found.driven_by)}"] if found.driven_by else []
        signed_by = f"signed by {found.signed_by or 'nobody'}, for whom nobody vouches here"
        return f"content credentials {state}: {' '.join(parts)}; {signed_by}"

    def fields(self) -> dict[str, Any] | None:
        """What they say, for programs."""
        if self.found is None:
            return None
        said = asdict(self.found)
        return {**said, "place": str(self.found.place), "holds": self.found.holds}
