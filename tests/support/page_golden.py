"""Writes the golden vectors of the page's tests: what Python makes of small avatars, signals and recordings.

Run it after a change of what Python computes: ``PYTHONPATH=tests python -m support.page_golden``. ``test_golden`` holds
that the files are those of the code at hand.
"""

from __future__ import annotations

import base64
import io
import json
import math
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from splatavatar.avatar.avatar import Avatar
from splatavatar.avatar.calibration import measure
from splatavatar.avatar.file import load_avatar, save_avatar
from splatavatar.avatar.framing import default_camera
from splatavatar.avatar.limits import expression_limit
from splatavatar.drive.face.filter import FaceFilter
from splatavatar.drive.retarget import retarget
from splatavatar.drive.signal import FaceSignal
from splatavatar.drive.sources.recorded.read import read_signal
from splatavatar.errors import SignalError
from splatavatar.gaussians.binding import corrected, to_world
from splatavatar.rig.arkit import NAMES
from splatavatar.rig.posing import pose_numpy
from splatavatar.viewer import site
from splatavatar.viewer.protocol import decode, encode
from support.random_avatar import random_avatar

ROOT = Path(__file__).parents[2]
FOLDER = Path(site.__file__).parent / "web" / "tests" / "golden"


def small_avatar() -> Avatar:
    """300 Gaussians on triangles with an area, a calibration, eleven correctives, a jaw that is a joint,
    pose correctives, and joints that expressions move."""
    rng = np.random.default_rng(20)
    avatar = random_avatar(rng, gaussians=300, vertices=80, faces=90, expressions=9, joints=5, correctives=11)
    corners = np.stack([rng.permutation(80)[:3] for _ in range(90)]).astype(np.int32)
    c = avatar.correctives
    turns = np.zeros((5, 3, len(NAMES)), np.float32)
    turns[4, 0, NAMES.index("jawOpen")] = 0.4
    rig = replace(
        avatar.rig,
        faces=corners,
        head_chain=((3, 0.7), (1, 0.3)),
        eye_joints=(2, -1),
        arkit_joint_map=turns,
        pose_basis=rng.normal(0, 0.003, (36, 80, 3)).astype(np.float32),
        skin_joints=rng.integers(0, 5, (80, 6)).astype(np.int32),
        skin_weights=rng.dirichlet(np.ones(6), 80).astype(np.float32),
        joint_expression_basis=rng.normal(0, 0.01, (9, 5, 3)).astype(np.float32),
    )
    seen = np.clip(rng.normal(0.2, 0.2, (300, len(NAMES))), 0, 1)
    learnt = measure(seen, rng.normal(0, 0.1, (300, 3)), NAMES)
    metadata = {
        "name": "Golden",
        "camera": {"target": [0.0, 0.02, 0.01], "distance": 1.1, "fov_y": 0.5},
        "calibration": learnt.to_json(),
    }
    return replace(avatar, rig=rig, correctives=replace(c, weights=c.weights * np.float32(0.2)), metadata=metadata)


def signals(rng: np.random.Generator, count: int) -> list[FaceSignal]:
    """Faces of all kinds: wide expressions, turned and far heads, with and without a gaze."""
    out = []
    for index in range(count):
        gaze = rng.normal(0, 0.3, (2, 2)) if index % 2 else np.zeros((2, 2))
        out.append(
            FaceSignal(
                0.03 * index,
                np.clip(rng.normal(0.3, 0.4, len(NAMES)), 0, 1).astype(np.float32),
                rng.normal(0, 0.3, 3).astype(np.float32),
                rng.normal(0, 0.06, 3).astype(np.float32),
                gaze.astype(np.float32),
                1.0,
            )
        )
    return out


def poses() -> dict[str, Any]:
    """An avatar file, and what becomes of it in some poses and cameras."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "small.splatavatar"
        save_avatar(path, small_avatar())
        content = path.read_bytes()
        avatar = load_avatar(path)
    rng = np.random.default_rng(21)
    cases = []
    for index, signal in enumerate(signals(rng, 4)):
        limit = expression_limit(avatar, None if index == 3 else 3.0)
        parameters = retarget(signal, avatar.rig, limit)
        yaw, pitch = [(0, 0), (30, 10), (-75, 20), (160, -35)][index]
        camera = default_camera(avatar, 96, 64, math.radians(yaw), math.radians(pitch), [None, 0.7, 2.0, None][index])
        inputs = np.concatenate([parameters.expression, parameters.joint_rotations.ravel()])
        bound = corrected(avatar.gaussians, avatar.correctives, inputs)
        vertices = pose_numpy(avatar.rig, parameters)
        world = to_world(bound, vertices, avatar.rig.faces, camera.position)
        depth = world.mean.astype(np.float64) @ camera.T_camera_world[2, :3] + camera.T_camera_world[2, 3]
        cases.append(
            {
                "signal": plain(signal),
                "limit": limit is not None,
                "yaw": yaw,
                "pitch": pitch,
                "distance": [None, 0.7, 2.0, None][index],
                "width": 96,
                "height": 64,
                "T_camera_world": rounded(camera.T_camera_world, 7),
                "K": rounded(camera.K, 7),
                "expression": rounded(parameters.expression, 7),
                "rotations": rounded(parameters.joint_rotations, 7),
                "translation": rounded(parameters.translation, 7),
                "vertices": rounded(vertices, 7),
                "mean": rounded(world.mean, 7),
                "rotation": rounded(world.rotation, 6),
                "scale": rounded(world.scale, 8),
                "colour": rounded(world.colour, 5),
                "depth": rounded(depth, 7),
            }
        )
    return {"file": base64.b64encode(content).decode(), "cases": cases}


def filtered() -> dict[str, Any]:
    """A jittery signal, and what the filter makes of it, gaps and a gaze that comes and goes included."""
    rng = np.random.default_rng(22)
    given, made, face_filter = [], [], FaceFilter()
    time = 0.0
    for index in range(40):
        time += 0.9 if index == 20 else 0.0 if index == 25 else 1 / 30
        base = signals(np.random.default_rng(23), 2)[0 if index < 12 else 1]
        noisy = replace(
            base,
            time=time,
            arkit=np.clip(base.arkit + rng.normal(0, 0.02, len(NAMES)), 0, 1).astype(np.float32),
            head_rotation=(base.head_rotation * math.sin(index / 5)).astype(np.float32),
        )
        given.append(plain(noisy))
        made.append(plain(face_filter(noisy)))
    return {"given": given, "made": made}


def recordings() -> list[dict[str, Any]]:
    """Files of every format, and what is read of them or the sentence that refuses them."""
    out = []
    with tempfile.TemporaryDirectory() as folder:
        for name, content, beside in recorded_files():
            path = Path(folder) / name
            path.write_bytes(content)
            take = path.with_name("take.json")
            take.unlink(missing_ok=True)
            if beside is not None:
                take.write_text(beside)
            entry: dict[str, Any] = {"name": name, "file": base64.b64encode(content).decode(), "take": beside}
            try:
                recording = read_signal(path)
            except SignalError:
                entry["refused"] = True
            else:
                entry.update(
                    time=rounded(recording.time, 7),
                    arkit=rounded(recording.arkit, 6),
                    head_rotation=rounded(recording.head_rotation, 6),
                    head_translation=rounded(recording.head_translation, 6),
                    gaze=rounded(recording.gaze, 6),
                    confidence=rounded(recording.confidence, 6),
                    fps=recording.fps,
                )
            out.append(entry)
    return out


def recorded_files() -> list[tuple[str, bytes, str | None]]:
    """Name, content and the take.json beside it."""
    rng = np.random.default_rng(24)
    T = 7
    arkit = rng.random((T, len(NAMES))).round(3)
    capitals = [name[0].upper() + name[1:] for name in NAMES]
    angles = ["HeadYaw", "HeadPitch", "HeadRoll", "LeftEyeYaw", "LeftEyePitch", "LeftEyeRoll", "RightEyeYaw"]
    angles += ["RightEyePitch", "RightEyeRoll"]
    turns = rng.normal(0, 0.3, (T, 9)).round(4)

    def table(names: list[str], rows: list[list[Any]], separator: str = ",") -> bytes:
        return "\n".join(separator.join(map(str, row)) for row in [names, *rows]).encode() + b"\n"

    def livelink(codes: list[str], count: str = "BlendShapeCount", absent: int = 3) -> bytes:
        rows = [
            [codes[t], 0 if t == absent else 61, *(arkit[t] if t != absent else [""] * 52), *turns[t]]
            for t in range(len(codes))
        ]
        return table(["Timecode", count, *capitals, *angles], rows)

    codes = [f"10:59:{59 + f // 60:02d}:{f % 60:02d}.{100 + f}" for f in range(54, 54 + 6)] + ["11:00:00:00.512"]
    drops = [f"01:02:59;{f:02d}" for f in range(26, 30)] + [f"01:03:00;{f:02d}" for f in (2, 3, 4)]
    take = json.dumps({"startTimecode": "10:00:00:00.0", "endTimecode": "10:00:01:00.0", "videoTargetFrameRate": 25})
    slow = [f"10:00:00:{2 * f:02d}.000" for f in range(T)]
    names = list(NAMES)
    pieces = [[t * 33.3, *arkit[t]] for t in range(T)]
    decimal = [[str(cell).replace(".", ",") for cell in row] for row in [[t / 25, *arkit[t]] for t in range(T)]]
    sided = [name.replace("Left", "_L").replace("Right", "_R") for name in names]
    percents = table([f"blendShapes.{name}" for name in capitals], (arkit * 100).tolist())
    frames = [{"weights": row.tolist(), "time": t / 24} for t, row in enumerate(arkit)]
    untimed = [{"weights": row.tolist()} for row in arkit]
    ours = dict(
        time=np.arange(T) / 30 + 5,
        arkit=arkit[:, ::-1].astype(np.float32),
        arkit_names=np.array(names[::-1]),
        head_rotation=turns[:, :3],
        head_translation=turns[:, 3:6] / 10,
        gaze=turns[:, 5:9].reshape(T, 2, 2),
        confidence=np.array([1, 1, 0, 0.5, 1, 1, 1]),
        fps=np.float64(30),
    )
    lost = arkit.copy()
    lost[2] = np.nan
    vhap = dict(
        jaw_pose=rng.normal(0, 0.2, (T, 3)),
        rotation=turns[:, :3],
        neck_pose=turns[:, 3:6],
        eyes_pose=turns[:, :6],
        translation=turns[:, 5:8],
    )
    late = np.array([0, 1, 2, 1.5, 3, 4, 5]) / 30
    coarse = np.repeat([100.0, 101.0, 102.0, 103.0], 30)

    def many(time: np.ndarray) -> dict[str, Any]:
        return {"time": time, "arkit": np.resize(arkit, (len(time), 52)), "arkit_names": np.array(names)}

    return [
        ("livelink.csv", livelink(codes), None),
        ("newer.csv", livelink(codes, "BlendshapeCount"), None),
        ("dropframe.csv", livelink(drops), None),
        ("stated.csv", livelink(slow), take),
        ("unstated.csv", livelink(slow), None),
        ("milliseconds.csv", table(["time_ms", *names], pieces), None),
        ("plain.csv", table(["time", *names], pieces), None),
        ("semicolons.csv", b"sep=;\r\n" + table(["seconds", *names], decimal, ";").replace(b"\n", b"\r\n"), None),
        ("quoted.tsv", table([f'"{name}"' for name in sided], arkit.tolist(), "\t"), None),
        ("percents.csv", b"\xff\xfe" + percents.decode().encode("utf-16-le"), None),
        ("numpy.csv", b"# " + table(names, arkit.tolist()), None),
        ("faces.json", json.dumps({"names": sided, "frames": frames}).encode(), None),
        ("untimed.json", json.dumps({"names": names, "frames": untimed, "fps": 60}).encode(), None),
        ("ours.npz", npz(np.savez_compressed, **ours), None),
        ("stored.npz", npz(np.savez, **{**ours, "arkit": lost}), None),
        ("late.npz", npz(np.savez_compressed, **many(np.r_[late, np.arange(6, 20) / 30])), None),
        ("coarse.npz", npz(np.savez_compressed, **many(coarse)), None),
        ("nanoseconds.npz", npz(np.savez_compressed, **many(1.7e18 + np.arange(T) * 1e9 / 60)), None),
        ("vhap.npz", npz(np.savez_compressed, **vhap), None),
        ("talk.npz", npz(np.savez_compressed, exp=np.zeros((T, 50)), pose=turns[:, :6]), None),
        ("artalk.npz", npz(np.savez_compressed, motions=np.asfortranarray(rng.normal(0, 0.1, (T, 106)))), None),
        ("missing.csv", table(["time", *names[:-3]], [row[:-3] for row in pieces]), None),
        ("letters.csv", table(["time", *names], [["x", *row] for row in arkit.tolist()]), None),
        ("short.csv", table(["time", *names], [row[:-1] for row in pieces]), None),
        ("twice.csv", table([*names, "jaw open"], [[*row, 0] for row in arkit.tolist()]), None),
        ("half.json", json.dumps({"names": names, "frames": [*frames[:3], *untimed[:2]]}).encode(), None),
        ("backwards.npz", npz(np.savez_compressed, **many(np.arange(T)[::-1] / 30)), None),
        ("seconds.npz", npz(np.savez_compressed, **many(np.arange(T) * 40.0)), None),
        ("damaged.npz", npz(np.savez_compressed, **ours)[:-40], None),
        ("unnamed.npz", npz(np.savez_compressed, time=np.arange(T), arkit=arkit), None),
    ]


def faces() -> list[dict[str, Any]]:
    """Messages of the wire, and the faces that Python decodes from them."""
    out = []
    given = signals(np.random.default_rng(25), 5)
    beyond = replace(given[4], head_rotation=np.array([3.1, -2.2, 0.4], np.float32), time=4294968.0)
    given[4] = replace(beyond, head_translation=np.array([5, -7, 0.1], np.float32))
    for sequence, signal in zip((0, 258, 65535, 7, 65536), given, strict=True):
        lost = replace(
            signal,
            time=signal.time if sequence > 65535 else 4000.5 * signal.time,
            confidence=0.0 if sequence == 7 else 1.0,
        )
        message = encode(lost, sequence)
        decoded, number = decode(message)
        out.append(
            {
                "message": base64.b64encode(message).decode(),
                "sequence": number,
                "given": plain(lost, 9),
                "signal": plain(decoded),
            }
        )
    return out


def npz(save: Callable[..., None], **arrays: Any) -> bytes:
    """The bytes of an npz file."""
    file = io.BytesIO()
    save(file, **arrays)
    return file.getvalue()


def plain(signal: FaceSignal, digits: int = 7) -> dict[str, Any]:
    """A signal as JSON."""
    return {
        "time": signal.time,
        "arkit": rounded(signal.arkit, digits),
        "headRotation": rounded(signal.head_rotation, digits),
        "headTranslation": rounded(signal.head_translation, digits),
        "gaze": rounded(signal.gaze, digits),
        "confidence": signal.confidence,
    }


def rounded(values: Any, digits: int) -> Any:
    """Flat numbers of so many decimals."""
    return np.round(np.asarray(values, np.float64), digits).ravel().tolist()


def golden() -> dict[str, Any]:
    """The content of every file by its name."""
    return {
        "poses.json": poses(),
        "filter.json": filtered(),
        "recordings.json": recordings(),
        "faces.json": faces(),
    }


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    for file_name, value in golden().items():
        (FOLDER / file_name).write_text(json.dumps(value, separators=(",", ":")) + "\n", encoding="utf-8")
