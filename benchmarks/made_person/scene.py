"""The person in Blender: meshes and strands of ``pose.py``, moved picture by picture."""

from __future__ import annotations

from typing import Any

import bmesh
import bpy
import numpy as np
from mathutils import Matrix

from made_person import earrings, glasses, materials, person
from made_person.clothes import NECKLINE
from made_person.nodes import Shader, plain
from made_person.surface import Array, Bound


def linked(name: str, data: Any) -> bpy.types.Object:
    made = bpy.data.objects.new(name, data)
    bpy.context.scene.collection.objects.link(made)
    return made


def mesh(name: str, vertices: Array, faces: Any, material: bpy.types.Material | None = None) -> bpy.types.Object:
    """A smooth mesh; faces may be of any size, and a corner may stand in one twice."""
    data = bpy.data.meshes.new(name)
    data.from_pydata(vertices.tolist(), [], [list(dict.fromkeys(face)) for face in faces.tolist()])
    data.polygons.foreach_set("use_smooth", np.ones(len(data.polygons), bool))
    if material is not None:
        data.materials.append(material)
    return linked(name, data)


def paint(data: Any, name: str, values: Array) -> None:
    """A number, or three, for every vertex."""
    values = np.asarray(values, np.float32)
    vector = values.ndim == 2
    made = data.attributes.new(name, "FLOAT_VECTOR" if vector else "FLOAT", "POINT")
    made.data.foreach_set("vector" if vector else "value", values.ravel())


def smooth(placed: bpy.types.Object, levels: int) -> None:
    made = placed.modifiers.new("smooth", "SUBSURF")
    made.levels = made.render_levels = levels


def strands(name: str, points: Array, width: tuple[float, float], material: bpy.types.Material) -> bpy.types.Object:
    """Curves (N, K, 3) that taper from one radius to another."""
    data = bpy.data.hair_curves.new(name)
    count, size = points.shape[:2]
    data.add_curves([size] * count)
    place(data, points)
    radius = data.attributes.new("radius", "FLOAT", "POINT")
    radius.data.foreach_set("value", np.tile(np.linspace(*width, size), count).astype(np.float32))
    data.materials.append(material)
    return linked(name, data)


def place(data: Any, points: Array) -> None:
    """Moves curves."""
    data.position_data.foreach_set("vector", np.ascontiguousarray(points, np.float32).ravel())
    data.update_tag()


def near(points: Array, centre: Any, width: float) -> Array:
    """A soft ball: 1 in its middle."""
    return np.asarray(np.exp(-((points - np.asarray(centre)) ** 2).sum(1) / (2 * width**2)))


class Person:
    """All objects of the person; ``show`` poses them."""

    def __init__(self, arrays: Any, textures: str, with_glasses: bool, with_earrings: bool) -> None:
        self.a = {name: arrays[name] for name in arrays.files}
        self.rest = self.a["rest"].astype(np.float64)
        self._skin(textures)
        self._eyes()
        self._teeth()
        self._cloth()
        hair = materials.hair()
        self.hair = strands("hair", self.a["hair"], (0.00026, 0.00010), hair)
        tone = self.hair.data.attributes.new("tone", "FLOAT", "CURVE")
        tone.data.foreach_set("value", self.a["tone"].astype(np.float32))
        self.bound = []
        for name, colour, width in (
            ("brow", person.BROW, (0.00008, 0.00002)),
            ("lash", person.LASH, (0.00012, 0.00003)),
        ):
            bound = Bound(self.a[name + "_face"], self.a[name])
            self.bound.append(
                (bound, strands(name, bound.placed(self.rest, self.a["skin"]), width, materials.stiff(name, colour)))
            )
        self.worn = self._glasses() if with_glasses else []
        self.worn += self._earrings() if with_earrings else []

    def show(self, picture: int) -> None:
        """Poses all for one of the pictures of ``pose.py``."""
        vertices = self.a["vertices"][picture]
        self.skin.data.vertices.foreach_set("co", vertices.ravel())
        self.skin.data.update()
        head = self.a["head"][picture]
        for name in ("left_eye", "right_eye", "upper", "lower"):
            follow = {"upper": "head", "lower": "lower_jaw"}.get(name, name)
            for placed in self.rigid[name]:
                placed.matrix_world = Matrix(self.a[follow][picture].tolist())
        for placed in self.worn:
            placed.matrix_world = Matrix(head.tolist())
        points = self.a["hair"].astype(np.float64)
        turned = points @ head[:3, :3].T + head[:3, 3]
        place(self.hair.data, points + self.a["carried"][..., None] * (turned - points))
        for bound, placed in self.bound:
            place(placed.data, bound.placed(vertices.astype(np.float64), self.a["skin"]))

    def _skin(self, textures: str) -> None:
        rest, faces = self.rest, self.a["faces"]
        self.skin = mesh("skin", rest, faces)
        data = self.skin.data
        for material in (
            materials.skin(textures),
            materials.mouth(),
            materials.tongue(),
            plain("socket", (0.45, 0.16, 0.13), 0.3),
        ):
            data.materials.append(material)
        data.polygons.foreach_set("material_index", self.a["kind"])
        layer = data.uv_layers.new(name="UV")
        layer.data.foreach_set("uv", self.a["uv"].astype(np.float32).ravel())
        eye, mouth = self.a["eye"][:3], self.a["mouth"]
        folded = np.concatenate([np.abs(rest[:, :1]), rest[:, 1:]], 1)
        paint(data, "rest", rest)
        blush = near(folded, (0.042, 0.105, 0.115), 0.017) + 0.8 * near(folded, (0, 0.105, 0.16), 0.014)
        blush += 0.3 * near(folded, (0, 0.035, 0.135), 0.012) + 0.25 * near(folded, (0, 0.19, 0.13), 0.02)
        paint(data, "blush", np.clip(blush, 0, 1))
        below, above = eye + np.array([-0.004, -0.013, 0.012]), eye + np.array([0, 0.007, 0.015])
        shade = near(folded, below, 0.008) + 0.5 * near(folded, above, 0.008)
        paint(data, "shade", np.clip(shade, 0, 1))
        freckles = 1.4 * near(folded, (0.026, 0.112, 0.13), 0.026) + near(folded, (0, 0.12, 0.15), 0.02)
        paint(data, "freckles", np.clip(freckles, 0, 1))
        apart = np.linalg.norm(rest[:, None] - self.a["lids"], axis=2).min(1)
        paint(data, "lid", np.exp(-((apart / 0.0010) ** 2)))
        along = (folded[:, 0] - (eye[0] - 0.0165)) / 0.042
        arch = eye[1] + 0.0185 + 0.0062 * np.sin(np.clip(along, 0, 1) * np.pi * 0.8)
        paint(
            data,
            "brow",
            np.exp(-(((rest[:, 1] - arch) / 0.0035) ** 2)) * ((along > -0.05) & (along < 0.95) & (rest[:, 2] > 0.08)),
        )
        paint(data, "scalp", np.clip((self.a["hairline"] + 0.001) / 0.008, 0, 1) * (rest[:, 1] > 0.06))
        paint(data, "deep", np.clip((mouth[2] - 0.012 - rest[:, 2]) / 0.030, 0, 1))
        smooth(self.skin, 1)

    def _eyes(self) -> None:
        x, y, z, radius = self.a["eye"]
        self.rigid: dict[str, list[bpy.types.Object]] = {}
        look, around = np.meshgrid(
            np.linspace(0, np.pi, 65), np.linspace(0, 2 * np.pi, 64, endpoint=False), indexing="ij"
        )
        # The cornea stands out of the ball.
        bulge = 1 + 0.055 * np.clip(1 - (look / 0.50) ** 2, 0, 1)
        ball = np.stack(
            [np.sin(look) * np.cos(around), np.sin(look) * np.sin(around), np.cos(look) * bulge], -1
        ).reshape(-1, 3)
        grid = np.arange(65 * 64).reshape(65, 64)
        quads = np.stack([grid[:-1], grid[1:], np.roll(grid[1:], -1, 1), np.roll(grid[:-1], -1, 1)], -1).reshape(-1, 4)
        material = materials.eye()
        for name, side in (("left_eye", 1.0), ("right_eye", -1.0)):
            placed = mesh(name, ball * radius * 0.985 + [side * x, y, z], quads, material)
            paint(placed.data, "angle", look.ravel())
            fibre = np.stack([np.cos(around), np.sin(around), 0.35 * look + side], -1).reshape(-1, 3)
            paint(placed.data, "fibre", fibre)
            self.rigid[name] = [placed]

    def _teeth(self) -> None:
        tooth, gum = materials.tooth(), materials.gum()
        for name, sign in (("upper", 1.0), ("lower", -1.0)):
            self.rigid[name] = []
            for part, material in (("teeth", tooth), ("gum", gum)):
                vertices = self.a[f"{name}_{part}"]
                placed = mesh(f"{name} {part}", vertices, self.a[f"{name}_{part}_quads"], material)
                paint(placed.data, "rest", vertices)
                paint(placed.data, "deep", np.clip((vertices[:, 2].max() - 0.012 - vertices[:, 2]) / 0.026, 0, 1))
                height = sign * vertices[:, 1]
                paint(placed.data, "gumward", np.clip((height - height.min() - 0.004) / 0.006, 0, 1))
                smooth(placed, 1)
                self.rigid[name].append(placed)

    def _cloth(self) -> None:
        placed = mesh("shirt", self.a["cloth"], self.a["cloth_faces"], materials.cloth())
        edit = bmesh.new()
        edit.from_mesh(placed.data)
        bmesh.ops.subdivide_edges(edit, edges=edit.edges, cuts=1, use_grid_fill=True, smooth=0.6)
        geometry = [*edit.verts, *edit.edges, *edit.faces]
        cut = bmesh.ops.bisect_plane(edit, geom=geometry, plane_co=NECKLINE[0], plane_no=NECKLINE[1], clear_outer=True)
        edge = [e for e in cut["geom_cut"] if isinstance(e, bmesh.types.BMEdge)]
        line = longest(edge)
        edit.to_mesh(placed.data)
        edit.free()
        data = placed.data
        data.polygons.foreach_set("use_smooth", np.ones(len(data.polygons), bool))
        at = np.empty(3 * len(data.vertices), np.float32)
        data.vertices.foreach_get("co", at)
        paint(data, "rest", at.reshape(-1, 3))
        thick = placed.modifiers.new("thick", "SOLIDIFY")
        thick.thickness, thick.offset = 0.0025, -1.0
        smooth(placed, 1)
        collar(line)

    def _glasses(self) -> list[bpy.types.Object]:
        frame = plain("frame of glasses", (0.02, 0.012, 0.010), 0.18, Coat_Weight=0.6)
        ear = self.a["ear"] + [-0.006, 0.026, 0.008]
        made = []
        for number, (path, closed, radius) in enumerate(glasses.frame(self.a["eye"][:3], ear)):
            made.append(tube(f"glasses {number}", path, closed, radius, frame))
        return made

    def _earrings(self) -> list[bpy.types.Object]:
        metal = plain("metal of earrings", (0.83, 0.62, 0.25), 0.25, Metallic=1.0)
        stone = plain("stone of earrings", (0.02, 0.27, 0.24), 0.15, Coat_Weight=0.6)
        wires, drops = earrings.hung(self.a["lobe"])
        made = [tube(f"wire {number}", path, False, 0.5e-3, metal) for number, path in enumerate(wires)]
        return made + [tube(f"drop {number}", path, False, 3.5e-3, stone) for number, path in enumerate(drops)]


def longest(edges: list[Any]) -> Array:
    """The points (N, 3) of the longest closed chain among edges, in order."""
    following: dict[Any, list[Any]] = {}
    for edge in edges:
        for vertex in edge.verts:
            following.setdefault(vertex, []).append(edge)
    left, best = set(following), []
    while left:
        vertex = left.pop()
        chain = [vertex]
        while True:
            onward = [e.other_vert(chain[-1]) for e in following[chain[-1]]]
            onward = [v for v in onward if v in left]
            if not onward:
                break
            left.discard(onward[0])
            chain.append(onward[0])
        best = max(best, chain, key=len)
    return np.array([vertex.co[:] for vertex in best])


def tube(name: str, path: Array, closed: bool, radius: float, material: bpy.types.Material) -> bpy.types.Object:
    """A round wire along a path."""
    data = bpy.data.curves.new(name, "CURVE")
    data.dimensions, data.bevel_depth, data.bevel_resolution, data.resolution_u = "3D", radius, 3, 8
    line = data.splines.new("BEZIER" if len(path) < 10 else "POLY")
    if line.type == "BEZIER":
        line.bezier_points.add(len(path) - 1)
        for point, at in zip(line.bezier_points, path, strict=True):
            point.co = at
            point.handle_left_type = point.handle_right_type = "AUTO"
    else:
        line.points.add(len(path) - 1)
        line.points.foreach_set("co", np.concatenate([path, np.ones((len(path), 1))], 1).astype(np.float32).ravel())
    line.use_cyclic_u = closed
    data.materials.append(material)
    return linked(name, data)


def collar(line: Array) -> None:
    """A ribbed band around the neckline, in the colour of the stripes."""
    s = Shader("collar")
    around = s.attribute("around")
    s.set(Base_Color=person.COLLAR, Roughness=0.85, Sheen_Weight=0.2)
    s.bump(s.math("SINE", s.math("MULTIPLY", around, 900.0)), 0.5, 0.0008)
    # Evened, so that the triangles of the body do not show.
    size = 160
    length = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(line, axis=0, append=line[:1]), axis=1))])
    at = np.linspace(0, length[-1], size, endpoint=False)
    even = np.stack([np.interp(at, length, np.append(line[:, axis], line[0, axis])) for axis in range(3)], 1)
    for _ in range(30):
        even = 0.5 * even + 0.25 * (np.roll(even, 1, 0) + np.roll(even, -1, 0))
    normal = np.array(NECKLINE[1]) / np.linalg.norm(NECKLINE[1])
    out = even - even.mean(0)
    out -= (out @ normal)[:, None] * normal
    out /= np.linalg.norm(out, axis=1, keepdims=True)
    angle = np.linspace(0, 2 * np.pi, 14, endpoint=False)
    ring = (
        even[:, None]
        + 0.0026 * np.cos(angle)[None, :, None] * (0.95 * out + 0.25 * normal)[:, None]
        + (0.0085 * np.sin(angle) - 0.001)[None, :, None] * (0.75 * normal - 0.55 * out)[:, None]
    )
    grid = np.arange(size * 14).reshape(size, 14)
    follow = np.roll(grid, -1, 0)
    quads = np.stack([grid, follow, np.roll(follow, -1, 1), np.roll(grid, -1, 1)], -1).reshape(-1, 4)
    placed = mesh("collar", ring.reshape(-1, 3), quads, s.material)
    paint(placed.data, "around", np.repeat(at, 14))
    smooth(placed, 1)
