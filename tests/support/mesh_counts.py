"""A triangle mesh brought to an exact number of vertices and triangles, with every vertex a mix of old ones."""

from __future__ import annotations

import heapq

import numpy as np
import scipy.sparse

Edge = tuple[int, int]


class EditedMesh:
    """Triangles whose edges are split and collapsed; ``mix`` says what each vertex is of the first ones."""

    def __init__(self, vertices: np.ndarray, faces: np.ndarray, cost: np.ndarray) -> None:
        """``cost`` (V): by how much edges there count as longer, for what is to be split first and to stay."""
        self.places = [np.asarray(v, float) for v in vertices]
        self.cost = [float(c) for c in cost]
        self.mix: list[dict[int, float]] = [{i: 1.0} for i in range(len(vertices))]
        self.faces: dict[int, list[int]] = {i: [int(v) for v in face] for i, face in enumerate(faces)}
        self.around: list[set[int]] = [set() for _ in vertices]
        for i, face in self.faces.items():
            for v in face:
                self.around[v].add(i)
        self.next_face = len(faces)

    @property
    def vertex_count(self) -> int:
        return sum(map(bool, self.around))

    def sides(self, edge: Edge) -> set[int]:
        """The triangles of an edge."""
        return self.around[edge[0]] & self.around[edge[1]]

    def edges(self) -> set[Edge]:
        return {(min(a, b), max(a, b)) for f in self.faces.values() for a, b in zip(f, f[1:] + f[:1], strict=True)}

    def length(self, edge: Edge) -> float:
        a, b = edge
        return float(np.linalg.norm(self.places[a] - self.places[b])) * (self.cost[a] + self.cost[b])

    def split(self, edge: Edge) -> int:
        """A new vertex in the middle of ``edge``."""
        a, b = edge
        new = len(self.places)
        self.places.append((self.places[a] + self.places[b]) / 2)
        self.cost.append((self.cost[a] + self.cost[b]) / 2)
        keys = self.mix[a].keys() | self.mix[b].keys()
        self.mix.append({k: (self.mix[a].get(k, 0.0) + self.mix[b].get(k, 0.0)) / 2 for k in keys})
        self.around.append(set())
        for i in self.sides(edge):
            face = self.faces[i]
            other = [new if v == a else v for v in face]
            face[face.index(b)] = new
            self.around[b].discard(i)
            self.around[new].add(i)
            for v in other:
                self.around[v].add(self.next_face)
            self.faces[self.next_face] = other
            self.next_face += 1
        return new

    def collapse(self, edge: Edge) -> bool:
        """``edge`` becomes its first vertex, where the surface stays one."""
        keep, gone = edge
        shared = self.sides(edge)
        ring = [{v for i in self.around[x] for v in self.faces[i]} - {x} for x in edge]
        if len(ring[0] & ring[1]) != len(shared) or min(len(self.around[x]) for x in edge) < 2 * len(shared):
            return False
        moved = self.around[gone] - shared
        for i in moved:
            before = np.array([self.places[v] for v in self.faces[i]])
            after = np.array([self.places[keep if v == gone else v] for v in self.faces[i]])
            old, new = (np.cross(t[1] - t[0], t[2] - t[0]) for t in (before, after))
            if old @ new < 0.3 * np.linalg.norm(old) * np.linalg.norm(new) or not new.any():
                return False
        for i in shared:
            for v in self.faces.pop(i):
                self.around[v].discard(i)
        for i in moved:
            self.faces[i][self.faces[i].index(gone)] = keep
            self.around[keep].add(i)
        self.around[gone].clear()
        return True

    def border(self) -> list[Edge]:
        return [edge for edge in self.edges() if len(self.sides(edge)) == 1]

    def reach(self, vertices: int, faces: int) -> None:
        """Split and collapse until there are so many ``vertices`` and ``faces``."""
        excess = (2 * self.vertex_count - len(self.faces)) - (2 * vertices - faces)
        for edge in sorted(self.border(), key=self.length, reverse=excess < 0):
            if not excess:
                break
            if not (self.around[edge[0]] and self.around[edge[1]] and len(self.sides(edge)) == 1):
                continue
            if excess < 0:
                self.split(edge)
                excess += 1
            elif self.collapse(edge):
                excess -= 1
        rim = {v for edge in self.border() for v in edge}
        heap = [(self.length(edge), edge) for edge in self.edges() if not rim & set(edge)]
        heapq.heapify(heap)
        while len(self.faces) > faces and heap:
            before, edge = heapq.heappop(heap)
            if len(self.sides(edge)) == 2 and before == self.length(edge) and self.collapse(edge):
                near = {v for i in self.around[edge[0]] for v in self.faces[i]} - rim - {edge[0]}
                for v in near:
                    heapq.heappush(heap, (self.length((edge[0], v)), (edge[0], v)))
        longest = [(-self.length(edge), edge) for edge in self.edges() if len(self.sides(edge)) == 2]
        heapq.heapify(longest)
        while len(self.faces) < faces:
            _, edge = heapq.heappop(longest)
            if len(self.sides(edge)) != 2:
                continue
            new = self.split(edge)
            for v in {v for i in self.around[new] for v in self.faces[i]} - {new}:
                if len(self.sides((v, new))) == 2:
                    heapq.heappush(longest, (-self.length((v, new)), (v, new)))
        assert (self.vertex_count, len(self.faces)) == (vertices, faces)

    def result(self, first: int) -> tuple[scipy.sparse.csr_matrix, np.ndarray]:
        """Rows (V, ``first``) that say what each vertex is of the first ones, and the triangles (F, 3)."""
        used = [v for v, faces in enumerate(self.around) if faces]
        place = {v: i for i, v in enumerate(used)}
        entries = [(place[v], k, w) for v in used for k, w in self.mix[v].items()]
        rows, columns, weights = zip(*entries, strict=True)
        mix = scipy.sparse.csr_matrix((weights, (rows, columns)), (len(used), first))
        return mix, np.array([[place[v] for v in face] for face in self.faces.values()])
