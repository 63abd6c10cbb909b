"""Networks of others, with stand-ins that have their signatures."""

import json
from pathlib import Path

import numpy as np
import pytest

from splatavatar.drive.audio.audio2face3d import Audio2Face3D, solve_non_negative
from splatavatar.drive.audio.contract import AudioModelSpec, OnnxAudioModel, WindowedModel, arkit_columns, to_arkit
from splatavatar.drive.audio.lam import LamAudioModel
from splatavatar.errors import SettingsError, SignalError
from splatavatar.rig.arkit import INDEX, NAMES

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")
from onnx import TensorProto, helper, numpy_helper  # noqa: E402

JAW = INDEX["jawOpen"]


def save(path: Path, nodes: list, inputs: dict, output: list, weights: dict, metadata: dict | None = None) -> Path:
    infos = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in inputs.items()]
    out = [helper.make_tensor_value_info("out", TensorProto.FLOAT, output)]
    stored = [numpy_helper.from_array(np.asarray(value), name) for name, value in weights.items()]
    graph = helper.make_graph(nodes, "stand-in", infos, out, stored)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    helper.set_model_props(model, metadata or {})
    onnx.save(model, path)
    return path


def loudest(path: Path, window: int, rows: int, columns: int, column: int, **metadata: str) -> Path:
    """A network whose ``column`` is the largest sample of each of ``rows`` equal parts of the window."""
    row = np.zeros((1, columns), np.float32)
    row[0, column] = 1
    nodes = [
        helper.make_node("Reshape", ["samples", "parts"], ["split"]),
        helper.make_node("ReduceMax", ["split"], ["peak"], axes=[2], keepdims=1),
        helper.make_node("MatMul", ["peak", "row"], ["out"]),
    ]
    weights = {"parts": np.array([1, rows, window // rows], np.int64), "row": row}
    return save(path, nodes, {"samples": [1, window]}, [1, rows, columns], weights, metadata)


def click(seconds: float, at: float) -> np.ndarray:
    samples = np.zeros(int(seconds * 16000), np.float32)
    samples[int(at * 16000)] = 0.5
    return samples


def test_the_contract_is_in_the_metadata(tmp_path: Path) -> None:
    spec = {"window": 1600, "frame_rate": 50, "look_ahead": 0.0, "hop": 1}
    path = loudest(tmp_path / "n.onnx", 1600, 5, 52, JAW, **{"splatavatar.audio": json.dumps(spec)})
    recording = OnnxAudioModel(path).track(click(1.0, 0.45))
    assert recording.fps == 50
    np.testing.assert_allclose(recording.time, np.arange(51) / 50)
    # A row at time t, of a window that ends there, is of the 20 ms before t: the click is in the one at 0.46.
    assert np.flatnonzero(recording.arkit[:, JAW]).tolist() == [23]
    assert recording.arkit[23, JAW] == 0.5


@pytest.mark.parametrize("size", [33, 1000, 7000])
def test_pieces_of_any_size(tmp_path: Path, size: int) -> None:
    path = loudest(tmp_path / "n.onnx", 1600, 5, 52, JAW)
    model = OnnxAudioModel(path, AudioModelSpec(window=1600, frame_rate=50, look_ahead=0.04, hop=2))
    samples = np.random.default_rng(0).uniform(-1, 1, 9000).astype(np.float32)
    whole = model.track(samples)
    pieces = [model.push(samples[n : n + size]) for n in range(0, len(samples), size)]
    times, arkit = np.concatenate([t for t, _ in pieces]), np.concatenate([a for _, a in pieces])
    assert len(times) > 20
    np.testing.assert_array_equal(times, whole.time[: len(times)])
    np.testing.assert_array_equal(arkit, whole.arkit[: len(arkit)])


def test_columns_by_name(tmp_path: Path) -> None:
    path = loudest(tmp_path / "n.onnx", 1600, 5, 2, 1)
    spec = AudioModelSpec(window=1600, frame_rate=50, names=("_neutral", "mouthFunnel"))
    arkit = OnnxAudioModel(path, spec).track(click(0.5, 0.2)).arkit
    assert np.flatnonzero(arkit.any(0)).tolist() == [INDEX["mouthFunnel"]]


def test_flame_goes_through_a_map(tmp_path: Path) -> None:
    path = loudest(tmp_path / "n.onnx", 1600, 5, 53, 50)
    spec = AudioModelSpec(window=1600, frame_rate=50, output="flame")

    def jaw_only(expression: np.ndarray, jaw: np.ndarray) -> np.ndarray:
        assert expression.shape[1:] == (50,) and jaw.shape[1:] == (3,)
        arkit = np.zeros((len(jaw), 52), np.float32)
        arkit[:, JAW] = jaw[:, 0]
        return arkit

    assert OnnxAudioModel(path, spec, jaw_only).track(click(0.5, 0.2)).arkit[:, JAW].max() == 0.5
    with pytest.raises(SettingsError, match="a map from FLAME"):
        OnnxAudioModel(path, spec)


def test_networks_that_do_not_fit(tmp_path: Path) -> None:
    path = loudest(tmp_path / "n.onnx", 1600, 5, 52, JAW)
    with pytest.raises(SettingsError, match=r"metadata has no 'splatavatar\.audio'"):
        OnnxAudioModel(path)
    with pytest.raises(SettingsError, match="takes 1600 samples, its spec says 800"):
        OnnxAudioModel(path, AudioModelSpec(window=800, frame_rate=50))
    with pytest.raises(SettingsError, match="rows of 52 values, expected 1"):
        OnnxAudioModel(path, AudioModelSpec(window=1600, frame_rate=50, names=("jawOpen",))).track(click(0.5, 0.2))
    with pytest.raises(SettingsError, match="5 rows, expected at least its hop of 6"):
        OnnxAudioModel(path, AudioModelSpec(window=1600, frame_rate=50, hop=6)).track(click(0.5, 0.2))
    with pytest.raises(SignalError, match="not finite"):
        OnnxAudioModel(path, AudioModelSpec(window=1600, frame_rate=50)).push(np.array([np.inf], np.float32))


@pytest.mark.parametrize(
    "text",
    [
        *("", "[]", '{"window": 5}', '{"window": 5, "frame_rate": 30, "x": 1}', '{"window": "a", "frame_rate": 1}'),
        *('{"window": true, "frame_rate": 30}', '{"window": 5, "frame_rate": "30"}'),
    ],
)
def test_bad_metadata(text: str) -> None:
    with pytest.raises(SettingsError, match="must be JSON of"):
        AudioModelSpec.from_json(text)


def test_whole_numbers_of_metadata_may_have_a_point() -> None:
    spec = AudioModelSpec.from_json('{"window": 1600.0, "frame_rate": 30.0, "hop": 2.0}')
    assert (spec.window, spec.hop) == (1600, 2) and isinstance(spec.window, int) and isinstance(spec.hop, int)
    assert len(WindowedModel(spec, lambda window: np.zeros((2, 52), np.float32)).push(np.zeros(16000))[0]) == 30


def test_specs_that_make_no_sense() -> None:
    for changed in (
        {"window": 100.5},
        {"window": 1 << 40},
        {"hop": 2.5},
        {"hop": 1 << 40},
        {"frame_rate": float("inf")},
        {"frame_rate": float("nan")},
        {"window": 0},
        {"hop": 0},
        {"frame_rate": 0.0},
        {"look_ahead": 1.0},
        {"output": "x"},
        {"names": ()},
    ):
        with pytest.raises(SettingsError):
            AudioModelSpec(**{"window": 100, "frame_rate": 30.0, **changed})


def lam(path: Path) -> Path:
    """(1, n) to (1, ceil(30 n / 16000), 52): the mean size of the samples, the same in every frame."""
    nodes = [
        helper.make_node("Shape", ["audio"], ["shape"]),
        helper.make_node("Gather", ["shape", "one"], ["n"], axis=0),
        helper.make_node("Mul", ["n", "thirty"], ["scaled"]),
        helper.make_node("Add", ["scaled", "up"], ["rounded"]),
        helper.make_node("Div", ["rounded", "rate"], ["frames"]),
        helper.make_node("Concat", ["first", "frames", "columns"], ["size"], axis=0),
        helper.make_node("Abs", ["audio"], ["size_of"]),
        helper.make_node("ReduceMean", ["size_of"], ["mean"], axes=[1], keepdims=1),
        helper.make_node("Unsqueeze", ["mean", "one"], ["cube"]),
        helper.make_node("Mul", ["cube", "column"], ["row"]),
        helper.make_node("Expand", ["row", "size"], ["out"]),
    ]
    column = np.zeros((1, 1, 52), np.float32)
    column[..., JAW] = 1
    weights = {
        "one": np.array([1], np.int64),
        "first": np.array([1], np.int64),
        "columns": np.array([52], np.int64),
        "thirty": np.array([30], np.int64),
        "up": np.array([15999], np.int64),
        "rate": np.array([16000], np.int64),
        "column": column,
    }
    return save(path, nodes, {"audio": ["b", "n"]}, ["b", "frames", 52], weights)


def test_lam(tmp_path: Path) -> None:
    model = LamAudioModel(lam(tmp_path / "lam.onnx"))
    recording = model.track(np.full(16000, 0.5, np.float32))
    assert recording.fps == 30
    assert len(recording) == 31
    # It hears 34133 samples: at 0.9 s, the last frame of a run, 14400 of them are sound.
    np.testing.assert_allclose(recording.arkit[29, JAW], 0.5 * (29 / 30 * 16000) / 34133, atol=1e-3)
    assert model.look_ahead < 0.1


def test_lam_of_one_length(tmp_path: Path) -> None:
    path = loudest(tmp_path / "fixed.onnx", 16000, 32, 52, JAW)
    assert LamAudioModel(path).spec.window == 16000


VERTICES, SHAPES = 40, 12


def audio2face(folder: Path) -> tuple[Path, np.ndarray]:
    """301 outputs, the first of which is the middle sample of the window; data files of the published layout."""
    folder.mkdir(exist_ok=True)
    random = np.random.default_rng(2)
    shift = np.zeros((1, 301), np.float32)
    shift[0, 0] = 1
    nodes = [
        helper.make_node("Slice", ["input", "from", "to", "axis"], ["middle"]),
        helper.make_node("MatMul", ["middle", "first"], ["placed"]),
        helper.make_node("ReduceSum", ["emotion", "axis"], ["mood"], keepdims=1),
        helper.make_node("Mul", ["mood", "zero"], ["nothing"]),
        helper.make_node("Add", ["placed", "nothing"], ["out"]),
    ]
    weights = {
        "from": np.array([4160], np.int64),
        "to": np.array([4161], np.int64),
        "axis": np.array([2], np.int64),
        "first": shift[None],
        "zero": np.array(0, np.float32),
    }
    shapes = {"input": ["b", 1, 8320], "emotion": ["b", 1, 26]}
    save(folder / "network.onnx", nodes, shapes, ["b", 1, 301], weights)
    neutral = random.standard_normal((VERTICES, 3)).astype(np.float32)
    names = NAMES[22 : 22 + SHAPES]
    deltas = random.standard_normal((SHAPES, VERTICES, 3)).astype(np.float32)
    skin = np.zeros((272, VERTICES, 3), np.float32)
    skin[0] = 1.5 * deltas[names.index("jawOpen")] + 0.5 * deltas[names.index("jawLeft")]
    np.savez(folder / "model_data.npz", shapes_matrix_skin=skin, shapes_mean_skin=neutral)
    np.savez(
        folder / "bs_skin.npz",
        neutral=neutral,
        poseNames=np.array([b"neutral", *[name.encode() for name in names]]),
        frontalMask=np.arange(5, VERTICES),
        **dict(zip(names, deltas, strict=True)),
    )
    return folder, deltas


def test_audio2face(tmp_path: Path) -> None:
    folder, _ = audio2face(tmp_path / "mark")
    model = Audio2Face3D(folder)
    assert model.look_ahead == pytest.approx(0.26)
    samples = np.zeros(16000, np.float32)
    samples[round(12 / 30 * 16000)] = 0.5
    recording = model.track(samples)
    assert len(recording) == 31
    # The window is centred: the sample at 0.4 s is the middle of the one for the frame at 0.4 s.
    assert recording.arkit[12, JAW] == pytest.approx(0.75, abs=0.03)
    assert recording.arkit[12, INDEX["jawLeft"]] == pytest.approx(0.25, abs=0.03)
    others = np.delete(recording.arkit[12], [JAW, INDEX["jawLeft"]])
    assert others.max() < 0.03
    assert np.abs(np.delete(recording.arkit, 12, axis=0)).max() < 1e-3


def test_audio2face_without_its_files(tmp_path: Path) -> None:
    folder, _ = audio2face(tmp_path / "mark")
    (folder / "bs_skin.npz").unlink()
    with pytest.raises(SettingsError, match=r"bs_skin\.npz: no such file, expected that of Audio2Face-3D v2\.3"):
        Audio2Face3D(folder)
    with pytest.raises(SettingsError, match=r"an emotion of shape \(3,\)"):
        Audio2Face3D(audio2face(tmp_path / "other")[0], np.zeros(3))


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    ("name", "array", "message"),
    [
        ("frontalMask", np.array([10**9]), "expected model_data.npz and bs_skin.npz"),
        ("frontalMask", np.array(["a"]), "expected model_data.npz and bs_skin.npz"),
        ("poseNames", np.array([b"\xff"]), "expected model_data.npz and bs_skin.npz"),
        ("neutral", np.full((VERTICES, 3), 1e308), "no place of a face"),
        ("neutral", np.full((VERTICES, 3), np.nan), "no place of a face"),
        ("neutral", np.array([{}], object), "pickled objects"),
    ],
)
def test_audio2face_with_damaged_files(tmp_path: Path, name: str, array: np.ndarray, message: str) -> None:
    folder, _ = audio2face(tmp_path / "mark")
    with np.load(folder / "bs_skin.npz") as shapes:
        arrays = {**shapes, name: array}
    np.savez(folder / "bs_skin.npz", **arrays)
    with pytest.raises(SettingsError, match=message):
        Audio2Face3D(folder)


def test_no_infinite_coefficient_passes_as_one() -> None:
    rows = np.array([[np.inf, -np.inf, np.nan, 0.5]], np.float32)
    names = NAMES[:4]
    assert to_arkit(rows, names, arkit_columns(names), Path("x")).sum() == 0.5


def test_the_solve_agrees_with_scipy() -> None:
    from scipy.optimize import nnls

    random = np.random.default_rng(7)
    basis, target = random.standard_normal((60, 15)), random.standard_normal(60)
    expected, _ = nnls(basis, target)
    found = solve_non_negative(basis.T @ basis, basis.T @ target, np.zeros(15))
    np.testing.assert_allclose(found, expected, atol=1e-4)
