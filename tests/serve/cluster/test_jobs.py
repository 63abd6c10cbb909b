from __future__ import annotations

from dataclasses import replace

import pytest

from splatavatar.errors import SettingsError, StorageError
from splatavatar.serve.cluster.jobs import BakeOptions, jobs_of, name_of
from splatavatar.trust.consent_file import GivenConsent
from support.consents import ANN

OPTIONS = BakeOptions(iterations=10)


@pytest.mark.parametrize(
    ("capture", "name"),
    [
        ("/people/ann", "ann"),
        ("s3://bucket/people/ann/", "ann"),
        ("clip.mp4", "clip"),
        ("s3://bucket/take.2.MOV", "take.2"),
        ("/people/ann.v2 of may", "ann.v2 of may"),
        ("/people/.hidden", ".hidden"),
    ],
)
def test_an_avatar_is_named_after_its_capture(capture: str, name: str) -> None:
    assert name_of(capture) == name


def test_a_bucket_is_no_capture() -> None:
    with pytest.raises(StorageError, match="names a place and nothing in it"):
        name_of("s3://bucket")


def test_two_of_one_name_are_refused() -> None:
    with pytest.raises(SettingsError, match=r"/a/ann and /b/ann.mp4 would both become ann\.splatavatar"):
        jobs_of(["/a/ann", "/b/ann.mp4"], "/out", OPTIONS)


def test_consents_go_to_their_avatars(consent: GivenConsent) -> None:
    jobs = jobs_of(["/a/ann", "/a/bob"], "/out", OPTIONS, {"bob": consent})
    assert [job.consent for job in jobs] == [None, consent]
    with pytest.raises(SettingsError, match=r"eve\.toml is the consent of none of the captures"):
        jobs_of(["/a/ann"], "/out", OPTIONS, {"eve": consent})


def test_a_digest_is_of_all_that_changes_the_avatar(consent: GivenConsent) -> None:
    (job,) = jobs_of(["/a/ann"], "/out", OPTIONS)
    same = (replace(job, place="/other"), replace(job, options=replace(OPTIONS, cpus=7, gpus=1)))
    assert {each.digest("capture") for each in same} == {job.digest("capture")}
    others = (
        replace(job, options=replace(OPTIONS, seed=1)),
        replace(job, options=replace(OPTIONS, iterations=11)),
        replace(job, consent=consent),
        replace(job, version="0"),
    )
    digests = {each.digest("capture") for each in (job, *others)} | {job.digest("changed capture")}
    assert len(digests) == len(others) + 2


@pytest.fixture
def consent() -> GivenConsent:
    return GivenConsent(ANN)
