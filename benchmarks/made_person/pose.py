"""Everything about the made person that moves or has a shape, for the renderer: ``python -m made_person.pose OUT.npz``.

Run with the project's own Python. The renderer has no need of the project.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from made_person import clothes, hair, person
from made_person.performance import TRUTH, performed
from made_person.surface import Array, rigid
from made_person.teeth import Row
from splatavatar.rig.arkit import INDEX, NAMES
from splatavatar.rig.loader import load_rig
from splatavatar.rig.posing import joint_transforms, pose_numpy
from splatavatar.rig.regions import seam
from splatavatar.rig.rig import PoseParameters, Rig


def own(vertices: Array) -> Array:
    """What the person's shape is beyond the rig (V, 3), metres along z."""
    out = np.zeros_like(vertices)
    for x, y, z, width, height in person.BUMPS:
        out[:, 2] += height * np.exp(-((vertices - (x, y, z)) ** 2).sum(1) / (2 * width**2))
    return out


def poses(rig: Rig) -> tuple[list[PoseParameters], int]:
    """The poses of the clip and, after so many, those of the truth."""
    clip = performed(list(NAMES))
    neck, eyes = rig.head_chain, rig.eye_joints
    out = []
    for arkit, head, gaze in zip(clip.arkit, clip.head, clip.eyes, strict=True):
        turns = np.zeros((len(rig.joint_names), 3), np.float32)
        for joint, share in neck:
            turns[joint] = share * head
        for joint in eyes:
            turns[joint] = (-gaze[1], gaze[0], 0)
        out.append(PoseParameters(rig.arkit_map @ arkit, turns, np.zeros(3, np.float32)))
    still = PoseParameters.neutral(rig)
    for face in TRUTH.values():
        arkit = np.zeros(len(NAMES), np.float32)
        for name, value in face.items():
            arkit[INDEX[name]] = value
        out.append(PoseParameters(rig.arkit_map @ arkit, still.joint_rotations, still.translation))
    return out, len(clip.arkit)


def main(out: Path) -> None:
    rig = load_rig(person.RIG, person.IDENTITY)
    random = np.random.default_rng(3)
    rest = rig.template.astype(np.float64)
    shift = own(rest)
    listed, pictures = poses(rig)
    moved = np.stack([pose_numpy(rig, pose) for pose in listed]).astype(np.float64)
    head = [joint_transforms(rig, pose.joint_rotations[None], pose.expression[None]) for pose in listed]
    bone = rig.head_chain[-1][0]
    carry = np.tile(np.eye(4), (len(listed), 1, 1))
    carry[:, :3, :3] = [turn[0, bone] for turn, _ in head]
    carry[:, :3, 3] = [at[0, bone] for _, at in head]
    region = {name: faces.astype(np.int64) for name, faces in rig.regions.items()}

    def following(*names: str) -> Array:
        """The 4x4 (T) of what moves rigidly."""
        used = np.unique(rig.faces[np.concatenate([region[name] for name in names])])
        return np.stack([rigid(rest[used], vertices[used]) for vertices in moved])

    faces = rig.faces.astype(np.int64)
    eye, radius = eyeball(rest[np.unique(faces[region["eye_left"]])])
    lips = rest[seam(rig.faces, np.concatenate([rig.regions["lips"], rig.regions["skin"]]), rig.regions["mouth"])]
    line = lips[np.abs(lips[:, 0]) < 0.005].mean(0)
    half = np.ptp(lips[:, 0]) / 2
    rows = {
        "upper": Row(True, line[2] - 0.0056, line[1] - 0.0034, half * 1.14, half * 1.75),
        "lower": Row(False, line[2] - 0.0085, line[1] - 0.0046, half * 1.04, half * 1.70),
    }
    arrays: dict[str, Array] = {}
    for name, row in rows.items():
        arrays[f"{name}_teeth"], arrays[f"{name}_teeth_quads"] = row.teeth(random)
        arrays[f"{name}_gum"], arrays[f"{name}_gum_quads"] = row.gum()
    base = rest + shift
    skin = faces[np.concatenate([region["skin"], region["lips"]])]
    cloth = clothes.shirt(rest, faces[np.concatenate([region["torso"], region["neck"]])])
    ear = rest[np.unique(faces[region["ears"]])]
    ear = ear[ear[:, 0] > 0]
    lobe, ear = ear[ear[:, 1].argmin()], ear.mean(0)
    grown = hair.grown(base, skin, cloth, ear)
    eyes = np.stack([eye, eye * [-1, 1, 1]])
    lids = [hair.margins(base, skin, own_eye, radius, random) for own_eye in eyes]
    brow = hair.brows(base, skin, eye, random)
    lash = hair.lashes(base, skin, eyes, lids, random)
    shown = np.setdiff1d(
        np.arange(len(faces)),
        np.concatenate([region[n] for n in ("teeth_upper", "teeth_lower", "eye_left", "eye_right")]),
    )
    kind = np.zeros(len(faces), np.int32)
    for number, name in enumerate(("mouth", "tongue", "eye_sockets"), 1):
        kind[region[name]] = number
    middle = float(ear[2]) + 0.012
    np.savez(
        out,
        rest=base.astype(np.float32),
        vertices=(moved + shift).astype(np.float32),
        pictures=pictures,
        truth=np.array(list(TRUTH)),
        faces=faces[shown],
        kind=kind[shown],
        uv=rig.uv[shown],
        skin=skin,
        head=carry,
        lower_jaw=following("teeth_lower"),
        left_eye=following("eye_left"),
        right_eye=following("eye_right"),
        eye=np.append(eye, radius),
        ear=ear,
        lobe=lobe,
        mouth=line,
        hairline=hair.hairline(base, middle),
        cloth=cloth[0],
        cloth_faces=cloth[1],
        hair=grown.points.astype(np.float32),
        tone=grown.tone,
        carried=grown.carried,
        brow=brow.local,
        brow_face=brow.face,
        lids=np.concatenate([upper[0] for upper, _ in lids]),
        lash=lash.local,
        lash_face=lash.face,
        **arrays,
        expression=np.stack([pose.expression for pose in listed]),
        joint_rotations=np.stack([pose.joint_rotations for pose in listed]),
        template=rig.template,
        head_faces=faces,
    )
    print(out, moved.shape, pictures, "eye", eye, radius, "ear", ear, "mouth", line, half)


def eyeball(points: Array) -> tuple[Array, float]:
    """Centre (3) and radius of the sphere through ``points`` (least squares)."""
    system = np.concatenate([2 * points, np.ones((len(points), 1))], 1)
    found = np.linalg.lstsq(system, (points**2).sum(1), rcond=None)[0]
    return found[:3], float(np.sqrt(found[3] + (found[:3] ** 2).sum()))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
