"""Tile lists against counting by hand."""

from __future__ import annotations

import pytest
import torch

pytest.importorskip("triton", reason="the kernels need Triton")

from splatavatar.errors import SettingsError
from splatavatar.gaussians.gaussians import Gaussians
from splatavatar.render.gpu.splats import ProjectedSplats
from splatavatar.render.gpu.tiles import Grid, TileLists, map_to_tiles
from splatavatar.render.gpu.views import pack_views
from splatavatar.render.gpu.world import project_world
from splatavatar.render.splatting import TILE
from support.scenes import FIELDS, camera, scene


def projected(count: int, device: torch.device) -> tuple[ProjectedSplats, Grid]:
    view = camera()
    gaussians = Gaussians(*(getattr(scene(count, 2), f).float().to(device) for f in FIELDS))
    splats = ProjectedSplats.room(1, count, device)
    project_world(gaussians, torch.from_numpy(pack_views([view])).to(device), view.width, view.height, splats)
    return splats, Grid(1, view.width, view.height)


def reached(splats: ProjectedSplats, grid: Grid) -> dict[int, list[int]]:
    """By tile, nearest first, the Gaussians that give a pixel of it 1/255: every pixel is asked."""
    record, depth = splats.record[0].cpu().double(), splats.depth[0].cpu()
    lists: dict[int, list[int]] = {}
    for tile in range(grid.tiles):
        x0, y0 = tile % grid.across * TILE, tile // grid.across * TILE
        rows, columns = torch.meshgrid(
            torch.arange(y0, y0 + TILE) + 0.5, torch.arange(x0, x0 + TILE) + 0.5, indexing="ij"
        )
        for i in torch.argsort(depth, stable=True).tolist():
            if torch.isinf(depth[i]):
                continue
            u, v, qxx, qxy, qyy, peak = record[i, :6].tolist()
            dx, dy = columns - u, rows - v
            power = peak + qxx * dx * dx + qxy * dx * dy + qyy * dy * dy
            if float(power.max()) >= -7.9943:
                lists.setdefault(tile, []).append(i)
    return lists


def test_every_tile_lists_what_reaches_it_nearest_first(device: torch.device) -> None:
    splats, grid = projected(60, device)
    lists = TileLists.room(grid, 2048, device)
    map_to_tiles(splats, grid, lists)
    want, extra = reached(splats, grid), 0
    for tile in range(grid.tiles):
        found = lists.splat[int(lists.start[tile]) : int(lists.stop[tile])].tolist()
        assert [i for i in found if i in want.get(tile, [])] == want.get(tile, [])
        depth = splats.depth[0, torch.tensor(found, dtype=torch.int64, device=device)]
        assert bool((depth[1:] >= depth[:-1]).all())
        extra += len(found) - len(want.get(tile, []))
    # The ellipse between pixel centres, and what lies beyond the border of the picture.
    assert 0 <= extra <= 0.1 * sum(map(len, want.values()))


def test_records_follow_the_lists(device: torch.device) -> None:
    splats, grid = projected(60, device)
    lists = TileLists.room(grid, 2048, device)
    map_to_tiles(splats, grid, lists)
    used = int(lists.stop.max())
    assert used > 100
    assert torch.equal(lists.record[:used, :9], splats.record[0, lists.splat[:used].long(), :9])


def test_too_little_room_is_told(device: torch.device) -> None:
    splats, grid = projected(60, device)
    small, large = (TileLists.room(grid, capacity, device) for capacity in (100, 2048))
    for lists in (small, large):
        map_to_tiles(splats, grid, lists)
    assert int(small.wanted) == int(large.wanted) > 100


def test_too_many_tiles() -> None:
    with pytest.raises(SettingsError) as caught:
        TileLists.room(Grid(32, 1024, 1024), 10, torch.device("cpu"))
    assert str(caught.value) == (
        "32 pictures of 1024x1024 are 131072 tiles, more than the 65535 that a GPU takes at once; "
        "render fewer or smaller ones"
    )
