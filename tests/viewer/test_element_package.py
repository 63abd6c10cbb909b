"""What the npm package of <splat-avatar> holds."""

from __future__ import annotations

import gzip
import json
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest

import splatavatar
from splatavatar.viewer import site

ROOT = Path(__file__).parents[2]
WEB = Path(site.__file__).parent / "web"
NODE = shutil.which("node") or shutil.which("node", path=str(ROOT / ".venv" / "bin"))
CONSUMER = """
import { define, SplatAvatar, ARKIT_NAMES, axisAngle, type Camera, type Coefficient, type Face } from 'splat-avatar';
import 'splat-avatar/define';

define();
define('my-face');
const avatar: SplatAvatar = document.createElement('splat-avatar');
avatar.src = 'me.splatavatar';
avatar.limit = 'off';
avatar.yaw = 30;
avatar.media = document.querySelector('audio');
const face: Face = { arkit: { jawOpen: 0.5 }, headRotation: axisAngle(0.2, 0, 0), gaze: [0, 0, 0, 0] };
avatar.apply(face);
avatar.apply({ mouthSmileLeft: 1 });
avatar.apply(new Float32Array(ARKIT_NAMES.length));
const name: Coefficient = ARKIT_NAMES[0];
const camera: Camera = avatar.camera;
avatar.camera = { distance: camera.distance * 2 };
avatar.addEventListener('error', (event) => event.message.length + name.length);
avatar.addEventListener('connected', (event) => event.type.length);
const made: Promise<void> = avatar.ready;
await made;
// @ts-expect-error there is no such coefficient
avatar.apply({ arkit: { jawOpened: 1 } });
// @ts-expect-error a number is no address
avatar.src = 3;
"""


@pytest.fixture(scope="module")
def package(element: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package as npm packs it, unpacked into the ``node_modules`` of a project."""
    npm = shutil.which("npm") or shutil.which("npm", path=str(ROOT / ".venv" / "bin"))
    if npm is None:
        pytest.skip("no npm: it comes with Node.js, which builds the page")
    project = tmp_path_factory.mktemp("project")
    subprocess.run([npm, "pack", "--silent", "--pack-destination", str(project), str(element)], check=True, timeout=60)
    (packed,) = project.glob("*.tgz")
    with tarfile.open(packed) as archive:
        archive.extractall(project / "unpacked", filter="data")
    modules = project / "node_modules"
    modules.mkdir()
    return (project / "unpacked" / "package").rename(modules / "splat-avatar")


def test_it_holds_what_it_names_and_nothing_else(package: Path) -> None:
    about = json.loads((package / "package.json").read_text())
    assert (about["version"], about["license"]) == (splatavatar.__version__, "Apache-2.0")
    assert (package / "LICENSE").read_bytes() == (ROOT / "LICENSE").read_bytes()
    named = [about["main"], about["types"], about["unpkg"], about["jsdelivr"], *about["sideEffects"]]
    for target in about["exports"].values():
        named += target.values() if isinstance(target, dict) else [target]
    assert all((package / name).is_file() for name in named)
    found = {path.relative_to(package).as_posix() for path in package.rglob("*") if path.is_file()}
    plain = {name for name in found if not name.startswith("types/")}
    code = {"index.js", "define.js", "define.d.ts", "splat-avatar.js"}
    assert plain == {*code, "package.json", "README.md", "LICENSE"}
    assert all(name.endswith(".d.ts") for name in found - plain)


def test_the_script_takes_up_to_40_kb_on_the_wire(package: Path) -> None:
    assert len(gzip.compress((package / "splat-avatar.js").read_bytes(), 9)) <= 42_000


@pytest.mark.parametrize("resolution", [("preserve", "bundler"), ("nodenext", "nodenext")])
def test_its_types_fit_how_it_is_used(package: Path, resolution: tuple[str, str]) -> None:
    project = package.parents[1]
    module, way = resolution
    (project / "package.json").write_text('{ "type": "module" }')
    (project / "use.ts").write_text(CONSUMER)
    options = ["--noEmit", "--strict", "--target", "es2022", "--lib", "es2022,dom,dom.iterable", "--types", ""]
    tsc = WEB / "node_modules" / "typescript" / "bin" / "tsc"
    command = [str(NODE), str(tsc), *options, "--module", module, "--moduleResolution", way, "use.ts"]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout


def test_it_is_imported_where_there_is_no_browser(package: Path) -> None:
    script = "const all = await import('splat-avatar'); console.log(Object.keys(all).sort().join())"
    command = [str(NODE), "--input-type=module", "-e", script]
    done = subprocess.run(command, cwd=package.parents[1], capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == "ARKIT_NAMES,SplatAvatar,axisAngle,define", done.stderr
