"""What the watermark costs, what it survives, and how often it is seen where it is not.

``python benchmarks/watermark_table.py [--avatars FILE...] [--signal FILE] [--clips N] [--attacks NAME...]
[--pictures N] [--unmarked VIDEO...] [--windows N] [--rivagan WHEEL]``: those of its four tables that are asked for.

A clip is ten seconds of an avatar at 512 x 512, marked frame by frame; clip n begins at another moment of the signal,
at another speed, from another side, before another background. An attack is what is done to the pictures, then a codec.
What is printed of each is the logarithm of the chance that an unmarked film looks like it. Windows are squares of 256
pixels of a frame of an unmarked video, anywhere in it, looked through upright in every scale. ``--rivagan`` is a wheel
of invisible-watermark (``pip download --no-deps invisible-watermark``), which holds its network; it marks each frame
with 32 bits, and is looked for in each; the bits that most frames have count.
"""

from __future__ import annotations

import argparse
import io
import zipfile
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from time import perf_counter
from typing import Any

import av
import cv2
import numpy as np
from flip_evaluator import evaluate

from splatavatar import Performer, load_avatar, read_signal
from splatavatar.array_types import Bytes
from splatavatar.avatar.framing import default_camera
from splatavatar.capture.video.video import Video
from splatavatar.trust.watermark.detect import FAINTEST, _read, detect, detect_frames
from splatavatar.trust.watermark.embed import marked
from splatavatar.trust.watermark.pattern import tile
from splatavatar.trust.watermark.payload import Payload
from splatavatar.trust.watermark.search import BATCH, GRID, Place, _scores, upright, ways
from splatavatar.trust.watermark.spectrum import Spectrum, detail

FRAMES, SIDE, FPS = 300, 512, 30
SAID = Payload("0123456789", date(2026, 8, 2))
BACKGROUNDS = ((1.0, 1.0, 1.0), (0.5, 0.5, 0.5), (1.0, 1.0, 1.0), (0.1, 0.35, 0.2))
WINDOW = 256
RIVAGAN_FRAMES = 20
Clip = list[Bytes]


def clip(avatar: str, signal: str, number: int) -> Clip:
    performer, recording = Performer(load_avatar(avatar)), read_signal(signal)
    random, count = np.random.default_rng(number), len(recording.time)
    yaw = float(random.uniform(-0.25, 0.25)) if number else 0.0
    camera = default_camera(performer.avatar, SIDE, SIDE, yaw, 0.0, None)
    start, speed = int(random.integers(count)), float(random.uniform(0.4, 1.0))
    moments = np.abs((start + np.arange(FRAMES) * speed + count) % (2 * count) - count).astype(int).clip(0, count - 1)
    background = BACKGROUNDS[number % len(BACKGROUNDS)]
    return [performer.draw(recording.frame(int(moment)), camera, background) for moment in moments]


def coded(frames: Clip, codec: str, options: dict[str, str]) -> Clip:
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="matroska") as out:
        stream: Any = out.add_stream(codec, rate=FPS, options=options)
        stream.height, stream.width, stream.pix_fmt = *frames[0].shape[:2], "yuv420p"
        for frame in frames:
            out.mux(stream.encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), format="rgb24")))
        out.mux(stream.encode())
    buffer.seek(0)
    with av.open(buffer) as film:
        return [frame.to_ndarray(format="rgb24") for frame in film.decode(video=0)]


def scaled(frames: Clip, factor: float) -> Clip:
    height, width = (int(side * factor) // 2 * 2 for side in frames[0].shape[:2])
    kind = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    return [np.asarray(cv2.resize(frame, (width, height), interpolation=kind), np.uint8) for frame in frames]


def cropped(frames: Clip, number: int) -> Clip:
    """A fifth of the width and of the height is cut off, at a random place."""
    random, (height, width) = np.random.default_rng(number), frames[0].shape[:2]
    high, wide = int(height * 0.8) // 2 * 2, int(width * 0.8) // 2 * 2
    top, left = int(random.integers(height - high + 1)), int(random.integers(width - wide + 1))
    return [frame[top : top + high, left : left + wide] for frame in frames]


def slower(frames: Clip) -> Clip:
    return [frames[min(round(i * 1.2), len(frames) - 1)] for i in range(len(frames) * 5 // 6)]


def screened(frames: Clip, number: int) -> Clip:
    """A recording of a screen: scaled by 0.85 to 1.15, turned by half a degree, corners off by 1.2 %, another gamma."""
    random, (height, width) = np.random.default_rng(number), frames[0].shape[:2]
    scale, turn = random.uniform(0.85, 1.15), random.uniform(-0.008, 0.008)
    wide, high = int(width * scale) // 2 * 2, int(height * scale) // 2 * 2
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    rotation = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    moved = (corners - [width / 2, height / 2]) @ rotation * scale + [wide / 2, high / 2]
    moved += random.uniform(-0.012, 0.012, (4, 2)) * width
    matrix = cv2.getPerspectiveTransform(corners, moved.astype(np.float32))
    curve = 255 * (np.arange(256) / 255) ** random.uniform(0.8, 1.25) * random.uniform(0.92, 1) + random.uniform(0, 6)
    table = np.clip(curve, 0, 255).astype(np.uint8)
    edge = cv2.BORDER_REPLICATE
    warped = (cv2.warpPerspective(frame, matrix, (wide, high), borderMode=edge) for frame in frames)
    return [np.asarray(cv2.LUT(frame, table), np.uint8) for frame in warped]


def h264(frames: Clip, crf: int = 28) -> Clip:
    return coded(frames, "libx264", {"crf": str(crf)})


ATTACKS: dict[str, Callable[[Clip, int], Clip]] = {
    "H.264 CRF 28": lambda frames, number: h264(frames),
    "half the size, H.264 CRF 28": lambda frames, number: h264(scaled(frames, 0.5)),
    "H.264 CRF 28, then half the size": lambda frames, number: h264(scaled(h264(frames), 0.5), 23),
    "cropped by 20 %, H.264 CRF 28": lambda frames, number: h264(cropped(frames, number)),
    "25 FPS, H.264 CRF 28": lambda frames, number: h264(slower(frames)),
    "screen recording, H.264 CRF 28": lambda frames, number: h264(screened(frames, number)),
    "1.5 times the size, H.264 CRF 28": lambda frames, number: h264(scaled(frames, 1.5)),
    "mirrored, H.264 CRF 28": lambda frames, number: h264([frame[:, ::-1] for frame in frames]),
    "VP9 CRF 37": lambda frames, number: coded(frames, "libvpx-vp9", {"crf": "37", "b": "0", "cpu-used": "6"}),
    "HEVC CRF 30": lambda frames, number: coded(frames, "libx265", {"crf": "30", "x265-params": "log-level=0"}),
    "AV1 CRF 40": lambda frames, number: coded(frames, "libsvtav1", {"crf": "40", "preset": "9"}),
    "CRF 28, cropped, half, 25 FPS, CRF 23": lambda frames, number: h264(
        slower(scaled(cropped(h264(frames), number), 0.5)), 23
    ),
}


def grey(frames: Clip) -> Iterator[Bytes]:
    return (np.asarray(cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY), np.uint8) for frame in frames)


def quality(plain: Bytes, changed: Bytes) -> tuple[float, float]:
    """PSNR and the mean of FLIP."""
    error = float(np.mean((plain.astype(float) - changed) ** 2))
    flip = evaluate(plain.astype(np.float32) / 255, changed.astype(np.float32) / 255, "LDR")[1]
    return 10 * np.log10(255**2 / error), float(flip)


def robustness(avatars: list[str], signal: str, clips: int, attacks: list[str]) -> None:
    waves = tile(SAID)
    read = dict.fromkeys(attacks, 0)
    wrong, total = 0, 0
    qualities, taken = [], []
    for avatar in avatars:
        for number in range(clips):
            plain = clip(avatar, signal, number)
            frames = []
            for frame in plain:
                started = perf_counter()
                frames.append(marked(frame, waves))
                taken.append(perf_counter() - started)
            qualities += [quality(plain[i], frames[i]) for i in range(0, FRAMES, 100)]
            total += 1
            told = []
            for name in attacks:
                found = detect_frames(grey(ATTACKS[name](frames, number)))
                good = found is not None and found.payload == SAID
                wrong += found is not None and found.payload is not None and not good
                read[name] += good
                told.append("no" if found is None else f"{np.log10(found.chance):.0f}" + ("" if good else "?"))
            print(f"{Path(avatar).stem} {number}: {' '.join(told)}", flush=True)
    psnr, flip = np.array(qualities).T
    print(f"PSNR at least {psnr.min():.2f} dB, mean {psnr.mean():.2f}")
    print(f"FLIP at most {flip.max():.4f}, mean {flip.mean():.4f}")
    print(f"{1000 * float(np.median(taken)):.3f} ms a picture of {SIDE}x{SIDE} (median)")
    for name in attacks:
        print(f"{name}: read in {read[name]} of {total} clips")
    print(f"read wrongly: {wrong}")


def pictures(avatars: list[str], signal: str, count: int) -> None:
    waves, read = tile(SAID), {quality: 0 for quality in (90, 75, 60)}
    frames = [
        frame
        for avatar in avatars
        for n in range(2)
        for frame in clip(avatar, signal, n)[:: FRAMES * 2 * len(avatars) // count]
    ]
    for frame in frames:
        for kind in read:
            _, data = cv2.imencode(".jpg", marked(frame, waves)[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, kind])
            found = detect(cv2.imdecode(data, cv2.IMREAD_GRAYSCALE).astype(np.float32))
            read[kind] += found is not None and found.payload == SAID
    for kind, good in read.items():
        print(f"JPEG {kind}: read in {good} of {len(frames)} pictures")


def false_alarms(videos: list[str], windows: int) -> None:
    """Counts scores of windows in every scale, and alarms of windows as a whole."""
    random, scores, alarms, looked = np.random.default_rng(0), list[Any](), 0, 0
    chosen = {path: max(windows // len(videos), 1) for path in videos}
    for path, count in chosen.items():
        frames = [
            np.asarray(cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY), np.uint8) for _, _, frame in Video(Path(path)).frames()
        ]
        for _ in range(count):
            frame = frames[int(random.integers(len(frames)))]
            side = min(WINDOW, *frame.shape)
            top, left = (int(random.integers(size - side + 1)) for size in frame.shape)
            spectrum = Spectrum(detail(frame[top : top + side, left : left + side].astype(np.float32)))
            matrices = upright(spectrum)
            parts = [_scores(spectrum, matrices[i : i + BATCH]) for i in range(0, len(matrices), BATCH)]
            found, shifts = (np.concatenate(part) for part in zip(*parts, strict=True))
            scores.append(found)
            top_one = int(found.argmax())
            place = Place(matrices[top_one], shifts[top_one], float(found[top_one]))
            # As the detector does: what is fainter is not read.
            alarms += place.score >= FAINTEST and _read(spectrum, place, ways(len(matrices))) is not None
            looked += 1
    every = np.concatenate(scores)
    print(f"{looked} windows looked through and read: {alarms} alarms")
    print(f"{len(every)} windows of one scale, each in {GRID * GRID} places; highest score {every.max():.2f}")
    for level in (4.5, 5.0, 5.5, 6.0, 6.5):
        bound = min(GRID * GRID * np.exp(-(level**2) / 2), 1)
        print(f"score >= {level}: {np.mean(every >= level):.2e} of them, the bound is {bound:.2e}")


def rivagan(wheel: str, avatars: list[str], signal: str, attacks: list[str]) -> None:
    import onnxruntime

    with zipfile.ZipFile(wheel) as archive:
        made = [
            onnxruntime.InferenceSession(archive.read(f"imwatermark/rivagan_{name}.onnx"))
            for name in ("encoder", "decoder")
        ]
    encoder, decoder = made
    bits = np.random.default_rng(0).integers(0, 2, 32)

    def tensor(frame: Bytes) -> Any:
        return (frame.astype(np.float32) / 127.5 - 1).transpose(2, 0, 1)[None, :, None]

    read, total, qualities, taken = dict.fromkeys(attacks, 0), 0, [], []
    for avatar in avatars:
        plain = clip(avatar, signal, 0)[:RIVAGAN_FRAMES]
        frames = []
        for frame in plain:
            started = perf_counter()
            out = encoder.run(None, {"frame": tensor(frame), "data": bits[None].astype(np.float32)})[0]
            frames.append(((np.clip(out[0, :, 0].transpose(1, 2, 0), -1, 1) + 1) * 127.5).astype(np.uint8))
            taken.append(perf_counter() - started)
        qualities.append(quality(plain[0], frames[0]))
        total += 1
        for name in attacks:
            attacked = ATTACKS[name](frames, 0)[::4]
            votes = np.mean([decoder.run(None, {"frame": tensor(frame)})[0][0] for frame in attacked], 0)
            read[name] += bool(((votes > 0.52) == bits).all())
    psnr, flip = np.array(qualities).T
    print(f"RivaGAN: PSNR at least {psnr.min():.2f} dB, FLIP at most {flip.max():.4f}")
    print(f"RivaGAN: {1000 * float(np.median(taken)):.0f} ms a picture")
    for name in attacks:
        print(f"RivaGAN, {name}: all 32 bits in {read[name]} of {total} clips of {RIVAGAN_FRAMES} frames")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--avatars", nargs="*", default=["demo"])
    parser.add_argument("--signal", default="data/signals/hello.npz")
    parser.add_argument("--clips", type=int, default=0)
    parser.add_argument("--attacks", nargs="*", default=list(ATTACKS), choices=list(ATTACKS))
    parser.add_argument("--pictures", type=int, default=0)
    parser.add_argument("--unmarked", nargs="*", default=[])
    parser.add_argument("--windows", type=int, default=600)
    parser.add_argument("--rivagan", default="")
    given = parser.parse_args()
    if given.clips:
        robustness(given.avatars, given.signal, given.clips, given.attacks)
    if given.pictures:
        pictures(given.avatars, given.signal, given.pictures)
    if given.unmarked:
        false_alarms(given.unmarked, given.windows)
    if given.rivagan:
        rivagan(given.rivagan, given.avatars, given.signal, given.attacks)


if __name__ == "__main__":
    main()
