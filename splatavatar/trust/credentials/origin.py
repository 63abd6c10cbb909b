"""What content credentials say of a file: whose avatar it shows, and what moved it. Nothing else of anybody."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from splatavatar.avatar.avatar import Avatar, Defect
from splatavatar.avatar.consent import SCOPES, consent_of
from splatavatar.avatar.file import digest_of
from splatavatar.avatar.format.signature import Signature
from splatavatar.errors import DependencyError
from splatavatar.trust.keys import fingerprint, verified

GENERATOR = "splatavatar"
SYNTHETIC = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeSynthetic"
"""of IPTC's digital source types: a composite of which a part is synthetic. A captured person was made into a model,
and the model was drawn as nobody was filmed; no network has made the picture up, as "trained algorithmic media" says"""
DRIVEN = "org.splatavatar.driven"
"""the action that says what moved the face, in its parameter ``by``"""
DECLARED = "org.splatavatar.declared"
"""the action of a file that others wrote, and of which somebody says afterwards that it shows an avatar"""
AVATAR = "org.splatavatar.avatar"
"""the assertion about the avatar: its digest, who signed that, and what its person consented to"""
TRAINING = "cawg.training-mining"
"""the assertion of the Creator Assertions Working Group by which a person forbids to train models with a file"""
DRIVERS = ("webcam", "video", "recording", "audio", "microphone", "tracker", "program")
"""kinds of what moves a face: a camera, a film of a face, a recorded face, a voice in a file, a microphone, a face that
another program sends, and a program of one's own"""
_TRAINING_USES = ("cawg.ai_training", "cawg.ai_generative_training")


@dataclass(frozen=True)
class Signer:
    """Who signed an avatar."""

    name: str
    """as they call themselves"""
    fingerprint: str
    """of their key, see ``keys.fingerprint``"""


@dataclass(frozen=True)
class Origin:
    """Where a file comes from."""

    avatar: str | None = None
    """the digest of the avatar that is seen; None where nobody said which"""
    signer: Signer | None = None
    """who signed that avatar, if it holds"""
    scope: tuple[str, ...] | None = None
    """what its person consented to, of ``SCOPES``; None without a record"""
    driven_by: tuple[str, ...] = ()
    """of ``DRIVERS``; none where nothing moves, or it is not known"""


def origin_of(avatar: Avatar, driven_by: Sequence[str] = ()) -> Origin:
    """What is to be said of a file that shows ``avatar``. Raises AvatarFileError for one that is not valid."""
    sha256 = digest_of(avatar)
    consent = consent_of(avatar.metadata)
    scope = None if consent is None else tuple(name for name in SCOPES if name in consent.scope)
    return Origin(sha256, _signer(avatar, sha256), scope, tuple(dict.fromkeys(driven_by)))


def manifest(origin: Origin, version: str, today: datetime.date, opened: bool = False) -> dict[str, Any]:
    """The definition of a manifest, as the library of C2PA takes it, written by that version of the package.

    ``opened``: the file was there before, and goes with the label ``parent`` among the ingredients.
    """
    when = f"{today.isoformat()}T00:00:00Z"  # the day is enough
    agent = {"name": GENERATOR, "version": version}
    shown = {"ingredientIds": ["avatar"]} if origin.avatar is not None else {}
    synthetic = {"digitalSourceType": SYNTHETIC, "when": when, "softwareAgent": agent}
    actions: list[dict[str, Any]] = []
    if opened:
        actions.append({"action": "c2pa.opened", "when": when, "parameters": {"ingredientIds": ["parent"]}})
        actions.append({"action": DECLARED, **synthetic, "parameters": shown})
    else:
        actions.append({"action": "c2pa.created", **synthetic, "parameters": shown})
    if origin.driven_by:
        actions.append(
            {
                "action": DRIVEN,
                "description": f"the face was moved by: {', '.join(origin.driven_by)}",
                "softwareAgent": agent,
                "parameters": {"by": list(origin.driven_by)},
            }
        )
    for action in actions:
        if not action.get("parameters"):
            action.pop("parameters", None)
    said = [{"label": "c2pa.actions", "data": {"actions": actions}, "created": True}]
    if origin.avatar is not None:
        said.append({"label": AVATAR, "data": _avatar(origin), "created": True})
    if origin.scope is not None and "training" not in origin.scope:
        entries = {use: {"use": "notAllowed"} for use in _TRAINING_USES}
        said.append({"label": TRAINING, "data": {"entries": entries}, "created": True})
    return {
        "claim_generator_info": [agent],
        "assertions": said,
        "ingredients": [] if origin.avatar is None else [_ingredient(origin.avatar)],
    }


def _ingredient(sha256: str) -> dict[str, Any]:
    return {
        "title": "avatar",
        "format": "application/x-splatavatar",
        "relationship": "inputTo",
        "label": "avatar",
        "instance_id": f"urn:splatavatar:sha256:{sha256}",
        "description": "the avatar of a captured person, which was drawn",
    }


def _avatar(origin: Origin) -> dict[str, Any]:
    said: dict[str, Any] = {"sha256": origin.avatar}
    if origin.signer is not None:
        said["signer"] = {"name": origin.signer.name, "fingerprint": origin.signer.fingerprint}
    if origin.scope is not None:
        said["consent"] = {name: name in origin.scope for name in SCOPES}
    return said


def _signer(avatar: Avatar, sha256: str) -> Signer | None:
    """Who signed the avatar of that digest, where the signature holds."""
    if avatar.signature is None:
        return None
    try:
        signature = Signature.from_text(avatar.signature)
        if signature.sha256 != sha256 or not verified(signature.key, signature.signed_bytes(), signature.signature):
            return None
    except (Defect, DependencyError):
        return None
    return Signer(signature.name, fingerprint(signature.key))
