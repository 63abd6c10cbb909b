from __future__ import annotations

import datetime
import random
from dataclasses import replace
from pathlib import Path

import pytest

from splatavatar.avatar.avatar import Avatar
from splatavatar.avatar.consent import Consent
from splatavatar.avatar.file import load_avatar, save_avatar
from splatavatar.avatar.format.container import read_container, write_container
from splatavatar.avatar.format.digest import digest
from splatavatar.avatar.format.signature import Signature
from splatavatar.avatar.library import DEMO
from splatavatar.errors import AvatarFileError
from splatavatar.trust.keys import SigningKey, fingerprint, new_key
from splatavatar.trust.known import KnownKeys, changed_known
from splatavatar.trust.revocation import revoke
from splatavatar.trust.signing import sign_avatar, signature_of
from splatavatar.trust.verification import Verdict, as_json, verify_avatar

TODAY = datetime.date(2026, 11, 27)
CONSENT = Consent(
    "Bob", "Bob", "asked", datetime.date(2026, 1, 1), frozenset({"calls"}), expires=datetime.date(2026, 12, 31)
)


def checked(path: Path, today: datetime.date = TODAY) -> Verdict:
    return verify_avatar(path, KnownKeys(), today=today)


def sign_on(path: Path, key: SigningKey, day: datetime.date) -> None:
    sign_avatar(path, path, key, day)


def test_what_was_signed_verifies(signed: Path, ann: SigningKey) -> None:
    verdict = checked(signed)
    assert verdict.holds
    assert verdict.signature is not None
    assert (verdict.signature.name, verdict.fingerprint) == ("Ann", ann.fingerprint)
    assert (verdict.standing, verdict.consent, verdict.remarks) == ("new", None, ())
    assert load_avatar(signed).digest == verdict.signature.sha256


def test_a_change_of_any_byte_is_found(signed: Path, tmp_path: Path) -> None:
    content, dice = signed.read_bytes(), random.Random(0)
    path = tmp_path / "changed.splatavatar"
    unfound = []
    for offset in range(len(content)):
        changed = bytearray(content)
        changed[offset] ^= 1 << dice.randrange(8)
        path.write_bytes(changed)
        if verifies(path):
            unfound.append(offset)
    assert unfound == []


def test_a_change_of_a_real_avatar_is_found_wherever_it_is(tmp_path: Path, ann: SigningKey) -> None:
    path = tmp_path / "demo.splatavatar"
    sign_avatar(DEMO, path, ann)
    content, dice = path.read_bytes(), random.Random(1)
    header = int.from_bytes(content[:8], "little")
    offsets = [dice.randrange(8 + header) for _ in range(15)] + [dice.randrange(len(content)) for _ in range(15)]
    for offset in [0, len(content) - 1, *offsets]:
        changed = bytearray(content)
        changed[offset] = (changed[offset] + dice.randrange(1, 256)) % 256
        path.write_bytes(changed)
        assert not verifies(path), offset


@pytest.mark.parametrize("change", ["a byte less", "a byte more", "another order", "wider spacing"])
def test_a_change_of_the_layout_is_found(signed: Path, change: str) -> None:
    content = signed.read_bytes()
    length = int.from_bytes(content[:8], "little")
    header, data = content[8 : 8 + length], content[8 + length :]
    if change == "a byte less":
        signed.write_bytes(content[:-1])
    elif change == "a byte more":
        signed.write_bytes(content + b"\0")
    elif change == "another order":
        signed.write_bytes(content[:8] + header.replace(b'"F32","shape"', b'"F32", "shape"', 1)[:length] + data)
    else:
        signed.write_bytes((length + 8).to_bytes(8, "little") + header + b" " * 8 + data)
    assert not verifies(signed)


def verifies(path: Path) -> bool:
    try:
        return checked(path).holds
    except AvatarFileError:
        return False


def test_a_change_that_computes_the_checksum_anew_is_found(signed: Path) -> None:
    tensors, texts = read_container(signed)
    texts["metadata"] = texts["metadata"].replace("nobody", "anybody")
    texts["sha256"] = digest(tensors, texts)
    with open(signed, "wb") as file:
        write_container(file, tensors, texts)
    assert checked(signed).defects == ("was changed after it was signed",)
    said = Signature.from_text(texts["signature"])
    texts["signature"] = replace(said, sha256=texts["sha256"]).to_text()
    with open(signed, "wb") as file:
        write_container(file, tensors, texts)
    assert checked(signed).defects == ("has a signature that is not of the key it names",)


def test_another_key_name_or_day_in_the_signature_is_found(signed: Path) -> None:
    tensors, texts = read_container(signed)
    said = Signature.from_text(texts["signature"])
    for changed in (
        replace(said, name="Bob"),
        replace(said, key=new_key("Bob").public),
        replace(said, date=said.date - datetime.timedelta(days=1)),
    ):
        with open(signed, "wb") as file:
            write_container(file, tensors, {**texts, "signature": changed.to_text()})
        assert checked(signed).defects == ("has a signature that is not of the key it names",)


def test_a_signature_of_another_file_is_found(signed: Path, small: Avatar, tmp_path: Path, ann: SigningKey) -> None:
    other = tmp_path / "other.splatavatar"
    save_avatar(other, replace(small, metadata={"name": "somebody"}))
    sign_avatar(other, other, ann)
    tensors, texts = read_container(signed)
    with open(signed, "wb") as file:
        write_container(file, tensors, {**texts, "signature": read_container(other)[1]["signature"]})
    assert checked(signed).defects == ("was changed after it was signed",)


@pytest.mark.parametrize(
    ("entry", "sentence"),
    [
        ("", "its signature is not valid JSON"),
        ("{}", "its signature is not a table of date, key, name, sha256, signature"),
        ("x" * 5000, "its signature takes 5000 characters, the limit is 4096"),
        ("spaced", "its signature is written in another way than splatavatar writes one"),
    ],
)
def test_a_damaged_signature_is_one_sentence_and_the_avatar_plays(signed: Path, entry: str, sentence: str) -> None:
    tensors, texts = read_container(signed)
    texts["signature"] = texts["signature"].replace(":", ": ") if entry == "spaced" else entry
    with open(signed, "wb") as file:
        write_container(file, tensors, texts)
    assert load_avatar(signed).signature == texts["signature"]
    (defect,) = checked(signed).defects
    assert defect.startswith(f"is not signed by anybody who could be known: {sentence}")


def test_an_old_file_is_unsigned(tmp_path: Path, small: Avatar) -> None:
    path = tmp_path / "old.splatavatar"
    save_avatar(path, small)
    assert checked(path).defects == ("nobody has signed it",)
    tensors, texts = read_container(path)
    del texts["sha256"]
    with open(path, "wb") as file:
        write_container(file, tensors, texts)
    assert load_avatar(path).signature is None
    assert not checked(path).holds


def test_consent_is_signed_and_holds_until_its_last_day(tmp_path: Path, small: Avatar, ann: SigningKey) -> None:
    path = tmp_path / "bob.splatavatar"
    save_avatar(path, replace(small, metadata={"consent": CONSENT.to_json()}))
    sign_on(path, ann, TODAY)
    verdict = checked(path, datetime.date(2026, 12, 31))
    assert (verdict.holds, verdict.consent) == (True, CONSENT)
    verdict = checked(path, datetime.date(2027, 1, 1))
    assert verdict.defects == ("has a consent that expired on 2026-12-31",)
    assert verdict.expired
    assert checked(path, datetime.date(2025, 12, 30)).defects == (
        "is signed on 2026-11-27, a day that has not come",
        "has a consent of 2026-01-01, a day that has not come",
    )
    # A later end that somebody writes into it.
    tensors, texts = read_container(path)
    texts["metadata"] = texts["metadata"].replace("2026-12-31", "2036-12-31")
    texts["sha256"] = digest(tensors, texts)
    with open(path, "wb") as file:
        write_container(file, tensors, texts)
    assert not checked(path, datetime.date(2027, 1, 1)).holds


def test_a_day_to_come_is_no_day_of_a_signature(signed: Path, ann: SigningKey) -> None:
    sign_on(signed, ann, TODAY + datetime.timedelta(days=2))
    assert checked(signed).defects == ("is signed on 2026-11-29, a day that has not come",)
    sign_on(signed, ann, TODAY + datetime.timedelta(days=1))  # it may be there where it was signed
    assert checked(signed).holds


def test_who_revokes_takes_back_that_avatar_or_all(
    signed: Path, small: Avatar, tmp_path: Path, ann: SigningKey
) -> None:
    other = tmp_path / "other.splatavatar"
    save_avatar(other, replace(small, metadata={"name": "somebody"}))
    sign_avatar(other, other, ann)
    signature = checked(signed).signature
    assert signature is not None
    one, every = revoke(signature, ann), revoke(signature, ann, whole_key=True)
    known = KnownKeys(revocations=[one])
    verdict = verify_avatar(signed, known)
    assert verdict.revoked == one
    assert verdict.defects == (f"is revoked: its signer took it back on {one.date}",)
    assert verify_avatar(other, known).holds
    assert verify_avatar(other, KnownKeys(), revocations=[every]).defects == (
        f"is revoked: its signer took everything of this key back on {every.date}",
    )


def test_a_revocation_of_another_key_revokes_nothing(signed: Path) -> None:
    signature = checked(signed).signature
    assert signature is not None
    mallory = new_key("Ann")
    bare = revoke(signature_of(signature.sha256, mallory), mallory)
    assert verify_avatar(signed, KnownKeys(revocations=[bare])).holds


def test_keys_are_known_from_the_first_time_on(signed: Path, small: Avatar, ann: SigningKey) -> None:
    known = KnownKeys()
    assert verify_avatar(signed, known).standing == "new"
    assert verify_avatar(signed, known).standing == "known"
    known.trust(ann.fingerprint)
    assert verify_avatar(signed, known).standing == "trusted"
    assert verify_avatar(signed, known, own=(ann.public, "Ann")).standing == "yours"
    impostor = new_key("Ann")
    sign_avatar(signed, signed, impostor)
    assert verify_avatar(signed, known).defects == ("is signed as Ann, but not by the key of that name that you trust",)


@pytest.mark.parametrize(
    "name",
    [
        *("Ann", "ANN", "A\uff4en", "Ann Example", "Ann  example"),
        *("Ann\ufe0f", "A\u034fnn", "Ann\u3164", "Ann\u2800", "\u115fAnn \U000e0100Example"),
        *("\u0410nn", "\u0391nn", "Ann \u0415x\u0430m\u0440l\u0435", "A\u039d\u039d"),
    ],
)
def test_a_name_of_somebody_trusted_is_nobody_elses(signed: Path, small: Avatar, name: str) -> None:
    known, bob = KnownKeys(), new_key("Bob")
    ann = new_key("Ann Example" if " " in name else "Ann")
    for key in (ann, bob):
        sign_avatar(signed, signed, key)
        verify_avatar(signed, known)
        known.trust(key.fingerprint)
    assert verify_avatar(signed, known).holds
    for other in (SigningKey(bob.private, name), new_key(name)):
        sign_avatar(signed, signed, other)
        (defect,) = verify_avatar(signed, known).defects
        assert defect == f"is signed as {name}, but not by the key of that name that you trust"


def test_ones_own_name_is_nobody_elses(signed: Path, ann: SigningKey) -> None:
    me = new_key("Ann")
    verdict = verify_avatar(signed, KnownKeys(), own=(me.public, "ann"))
    assert verdict.defects == ("is signed as Ann, but not by your key",)


def test_what_is_known_here_is_asked_where_nothing_is_given(signed: Path, ann: SigningKey) -> None:
    signature = verify_avatar(signed).signature
    assert signature is not None
    with changed_known() as known:
        known.revocations.append(revoke(signature, ann))
    assert verify_avatar(signed).revoked is not None


def test_what_another_signer_took_back_is_told(signed: Path, ann: SigningKey) -> None:
    signature = checked(signed).signature
    assert signature is not None
    taken_back = revoke(signature, ann)
    sign_avatar(signed, signed, new_key("Bob"))
    verdict = verify_avatar(signed, KnownKeys(revocations=[taken_back]))
    assert verdict.holds
    assert verdict.remarks == (f"Ann, who says to have signed this content before, took it back on {taken_back.date}",)


def test_a_revocation_that_nobody_signed_revokes_nothing(signed: Path, ann: SigningKey) -> None:
    signature = checked(signed).signature
    assert signature is not None
    forged = replace(revoke(signature, ann), signature="0" * 128)
    verdict = verify_avatar(signed, KnownKeys(), revocations=[forged])
    assert verdict.holds and verdict.remarks == ()


def test_another_key_of_the_same_name_is_told(signed: Path) -> None:
    known = KnownKeys()
    verify_avatar(signed, known)
    sign_avatar(signed, signed, new_key("Ann"))
    verdict = verify_avatar(signed, known)
    assert verdict.holds
    assert verdict.remarks == ("another key goes by the name Ann here: names are words, compare fingerprints",)


def test_the_key_that_is_wanted(signed: Path, small: Avatar, ann: SigningKey) -> None:
    assert verify_avatar(signed, KnownKeys(), wanted=ann.fingerprint).holds
    other = fingerprint(new_key("Ann").public)
    assert verify_avatar(signed, KnownKeys(), wanted=other).defects == (
        "is signed by another key than the one that you name",
    )
    save_avatar(signed, small)
    assert "is not signed by the key that you name" in verify_avatar(signed, KnownKeys(), wanted=other).defects


def test_a_changed_file_introduces_no_key(signed: Path) -> None:
    tensors, texts = read_container(signed)
    texts["signature"] = replace(Signature.from_text(texts["signature"]), name="Bob").to_text()
    with open(signed, "wb") as file:
        write_container(file, tensors, texts)
    known = KnownKeys()
    verify_avatar(signed, known)
    assert known.keys == {}


def test_saving_again_keeps_a_signature_as_long_as_it_is_true(signed: Path, tmp_path: Path) -> None:
    avatar, again = load_avatar(signed), tmp_path / "again.splatavatar"
    save_avatar(again, avatar)
    assert again.read_bytes() == signed.read_bytes()
    save_avatar(again, replace(avatar, metadata={"name": "somebody"}))
    assert load_avatar(again).signature is None
    assert checked(again).defects == ("nobody has signed it",)


def test_entries_that_are_not_known_are_signed_and_kept(tmp_path: Path, small: Avatar, ann: SigningKey) -> None:
    path = tmp_path / "later.splatavatar"
    save_avatar(path, replace(small, unknown={"of_a_later_version": "something"}))
    sign_avatar(path, path, ann)
    assert checked(path).holds
    save_avatar(path, load_avatar(path))
    assert checked(path).holds
    assert load_avatar(path).unknown == {"of_a_later_version": "something"}


def test_as_json_says_all_of_it(signed: Path, ann: SigningKey) -> None:
    facts = as_json(checked(signed), signed)
    assert facts["holds"] is True
    assert facts["signed"]["fingerprint"] == ann.fingerprint
    assert facts["consent"] is None
    assert facts["revoked"] is None
