"""What is said of a file: the avatar, its signer, what was consented to, what kind of thing moved it."""

from __future__ import annotations

import datetime
import json
from dataclasses import replace
from pathlib import Path

import pytest
from trust.credentials.conftest import DIGEST, ORIGIN

from splatavatar.avatar.avatar import Avatar
from splatavatar.avatar.file import digest_of, load_avatar
from splatavatar.trust.credentials.origin import SYNTHETIC, Origin, Signer, manifest, origin_of
from splatavatar.trust.keys import SigningKey
from support.consents import consenting

DAY = datetime.date(2026, 11, 27)


def test_of_an_avatar_its_digest_its_signer_and_its_consent(signed: Path, ann: SigningKey) -> None:
    avatar = load_avatar(signed)
    found = origin_of(avatar, ["webcam", "audio", "webcam"])
    assert found == Origin(digest_of(avatar), Signer("Ann", ann.fingerprint), None, ("webcam", "audio"))


def test_what_a_person_consented_to(small: Avatar) -> None:
    found = origin_of(consenting(small))
    assert (found.scope, found.signer, found.driven_by) == (("calls",), None, ())
    assert origin_of(small).scope is None


def test_a_signature_that_does_not_hold_names_nobody(signed: Path) -> None:
    avatar = load_avatar(signed)
    assert avatar.signature is not None
    said = json.loads(avatar.signature)
    for changed in ({"name": "Bob"}, {"signature": "00" * 64}, {"sha256": "00" * 32}):
        text = json.dumps({**said, **changed}, sort_keys=True, separators=(",", ":"))
        assert origin_of(replace(avatar, signature=text)).signer is None
    assert origin_of(replace(avatar, signature="{")).signer is None


def test_the_manifest_of_a_film() -> None:
    said = manifest(ORIGIN, "1.2.3", DAY)
    agent = {"name": "splatavatar", "version": "1.2.3"}
    assert said["claim_generator_info"] == [agent]
    actions, avatar, training = (assertion["data"] for assertion in said["assertions"])
    assert actions["actions"] == [
        {
            "action": "c2pa.created",
            "digitalSourceType": SYNTHETIC,
            "when": "2026-11-27T00:00:00Z",
            "softwareAgent": agent,
            "parameters": {"ingredientIds": ["avatar"]},
        },
        {
            "action": "org.splatavatar.driven",
            "description": "the face was moved by: webcam, microphone",
            "softwareAgent": agent,
            "parameters": {"by": ["webcam", "microphone"]},
        },
    ]
    assert avatar == {
        "sha256": DIGEST,
        "signer": {"name": "Ann", "fingerprint": "01" * 16},
        "consent": {"private": True, "calls": True, "publication": False, "commercial": False, "training": False},
    }
    assert training["entries"]["cawg.ai_training"] == {"use": "notAllowed"}
    (ingredient,) = said["ingredients"]
    assert (ingredient["relationship"], ingredient["instance_id"]) == ("inputTo", f"urn:splatavatar:sha256:{DIGEST}")


@pytest.mark.parametrize("scope", [None, ("training",)])
def test_nothing_is_forbidden_that_nobody_forbids(scope: tuple[str, ...] | None) -> None:
    labels = [assertion["label"] for assertion in manifest(replace(ORIGIN, scope=scope), "1", DAY)["assertions"]]
    assert labels == ["c2pa.actions", "org.splatavatar.avatar"]


def test_of_a_file_of_others_it_is_declared_and_that_is_its_parent() -> None:
    said = manifest(Origin(), "1", DAY, opened=True)
    (assertion,) = said["assertions"]
    assert [action["action"] for action in assertion["data"]["actions"]] == ["c2pa.opened", "org.splatavatar.declared"]
    assert assertion["data"]["actions"][0]["parameters"] == {"ingredientIds": ["parent"]}
    assert said["ingredients"] == []
