"""Files of sound in the formats that the service takes."""

from __future__ import annotations

import http.client
import io
import json
import time
from collections.abc import Iterator
from fractions import Fraction

import numpy as np
import pytest

pytest.importorskip("aiortc")
pytest.importorskip("prometheus_client")
from splatavatar.serve.http.sound_bodies import LONGEST
from support.service import RATE, Running, avatar_folder, running, tone


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(avatar_folder(tmp_path_factory.mktemp("files") / "avatars")) as at:
        yield at


def encoded(container: str, codec: str, seconds: float = 0.5) -> bytes:
    import av

    file = io.BytesIO()
    with av.open(file, "w", format=container) as out:
        stream = out.add_stream(codec, rate=RATE if codec != "libopus" else 48000, layout="mono")
        frame = av.AudioFrame.from_ndarray(tone(seconds)[None], "s16", "mono")
        frame.sample_rate, frame.time_base, frame.pts = RATE, Fraction(1, RATE), 0
        resampler = av.AudioResampler(stream.codec_context.format, "mono", stream.codec_context.sample_rate)
        for piece in [*resampler.resample(frame), *resampler.resample(None)]:
            out.mux(stream.encode(piece))
        out.mux(stream.encode(None))
    return file.getvalue()


@pytest.mark.parametrize(
    ("kind", "container", "codec"),
    [
        ("audio/wav", "wav", "pcm_s16le"),
        ("audio/flac", "flac", "flac"),
        ("audio/ogg", "ogg", "libopus"),
        ("audio/mpeg", "mp3", "libmp3lame"),
        ("audio/ogg; codecs=opus", "ogg", "libopus"),
    ],
)
def test_a_file_is_said_as_long_as_it_is(kind: str, container: str, codec: str, service: Running) -> None:
    session = service.opened()
    path = f"/v1/sessions/{session['id']}"
    status, answer = service.ask("POST", f"{path}/speech", encoded(container, codec), kind)
    assert status == 202, answer
    assert answer["seconds"] == pytest.approx(0.5, abs=0.06)
    assert service.ask("GET", path)[1]["waiting"] == pytest.approx(0.5, abs=0.06)
    service.ask("DELETE", path)


def test_a_file_that_is_cut_off_or_too_long(service: Running) -> None:
    session = service.opened()
    path = f"/v1/sessions/{session['id']}"
    status, answer = service.ask("POST", f"{path}/speech", encoded("flac", "flac")[:60], "audio/flac")
    assert (status, answer["error"]) == (422, "The body is no flac file with sound that can be decoded.")
    status, answer = service.ask("POST", f"{path}/speech", encoded("flac", "flac", LONGEST + 1), "audio/flac")
    assert (status, answer["error"]) == (413, "The body has more than 32 MiB, or its sound lasts longer than 300 s.")
    stereo = np.zeros(8000, np.int16).tobytes()
    status, answer = service.ask("POST", f"{path}/speech", stereo, "audio/pcm;rate=8000;channels=2")
    assert (status, answer["seconds"]) == (202, 0.5)
    service.ask("DELETE", path)


def on_its_way(service: Running) -> tuple[str, http.client.HTTPConnection, bytes]:
    """A new session, the connection over which the first part of a file has gone to it, and the rest."""
    session = service.opened()
    path = f"/v1/sessions/{session['id']}"
    content = encoded("flac", "flac")
    slow = http.client.HTTPConnection("127.0.0.1", service.port, timeout=20)
    slow.putrequest("POST", f"{path}/speech?token={session['token']}")
    slow.putheader("content-type", "audio/flac")
    slow.putheader("content-length", str(len(content)))
    slow.endheaders(content[:100])
    return path, slow, content[100:]


def test_a_file_that_comes_slowly_holds_nobody_up(service: Running) -> None:
    """Others speak while it is on its way, and it is said after them."""
    path, slow, rest = on_its_way(service)
    pcm = tone(0.1).tobytes()
    assert service.ask("POST", f"{path}/speech", pcm, f"audio/pcm;rate={RATE}") == (202, {"segment": 0, "seconds": 0.1})
    slow.send(rest)
    answer = slow.getresponse()
    assert (answer.status, json.loads(answer.read())["segment"]) == (202, 1)
    slow.close()
    service.ask("DELETE", path)


def test_a_file_whose_session_ends_on_its_way(service: Running) -> None:
    path, slow, rest = on_its_way(service)
    while not service.registry.all()[-1].mouth.waiting:
        time.sleep(0.01)
    assert service.ask("DELETE", path)[0] == 204
    slow.send(rest)
    answer = slow.getresponse()
    assert (answer.status, json.loads(answer.read())) == (404, {"error": "The session has ended."})
    slow.close()
