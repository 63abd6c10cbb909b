"""COLMAP's structure from motion, by the package ``pycolmap``: features, matches, cameras.

What is found is in a database from the moment it is found; each step does only what is not in there yet.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from splatavatar.capture.photos.gather import FEWEST, Photo
from splatavatar.errors import CaptureError
from splatavatar.extras import required
from splatavatar.input import read_bytes
from splatavatar.output import scratch_folder, write_draft
from splatavatar.pictures import LARGEST
from splatavatar.printable import printable
from splatavatar.progress import ShareProgress

MODEL = "SIMPLE_RADIAL"
"""one focal length and one number for the lens: what a few photos of a phone can tell"""
FEATURES = 4096
"""of a photo: half of what COLMAP takes by itself, as the time of matching grows with the square"""
SEED = 0
FOCAL_LENGTHS = (1.2, 2.4, 0.7)
"""of the longer side: tried in turn where a photo does not say what its lens was. From one that is far off COLMAP finds
other cameras, with which fewer points agree"""


@dataclass(frozen=True)
class Model:
    """Cameras that COLMAP has found to belong together."""

    reconstruction: Any
    """``pycolmap.Reconstruction``"""
    names: frozenset[str]
    """copies of the photos that have a camera"""
    observations: int
    """places in pictures that agree with a point of the world"""
    error: float
    """pixels by which points miss these places, on average"""


class Colmap:
    """COLMAP at work on the pictures of the folder ``images``, with its database in the file ``database``.

    Raises DependencyError where ``pycolmap`` is not installed, and every method CaptureError for what it cannot do.
    """

    def __init__(self, images: Path, database: Path) -> None:
        self._colmap = required("pycolmap")
        self._images, self._database = images, database
        self._threads = _threads()
        # Its log is a hundred lines a picture; what goes wrong is raised as well.
        self._colmap.logging.minloglevel = int(self._colmap.logging.FATAL)
        self._colmap.set_random_seed(SEED)

    def features(self, photos: Sequence[Photo], progress: ShareProgress) -> None:
        """Finds the features of ``photos``. Those of one size and focal length share a camera."""
        done = self._in_database()
        missing = [photo for photo in photos if photo.name not in done]
        groups: dict[tuple[int, int, float | None], list[Photo]] = {}
        for photo in photos:
            focal = self._focal_length(photo)
            groups.setdefault((photo.width, photo.height, focal), []).append(photo)
        count = len(photos) - len(missing)
        for (width, height, focal), group in groups.items():
            todo = [photo.name for photo in group if photo.name not in done]
            camera = next((done[photo.name] for photo in group if photo.name in done), None)
            for at in range(0, len(todo), self._threads):
                batch = todo[at : at + self._threads]
                with self._working("found features"):
                    self._extract(batch, camera, None if focal is None else (focal, width / 2, height / 2, 0.0))
                if camera is None:
                    camera = self._in_database().get(batch[0])
                count += len(batch)
                progress(count / len(photos))
        done = self._in_database()
        unread = next((photo for photo in photos if photo.name not in done), None)
        if unread is not None:
            raise CaptureError(f"{printable(unread.source)}: COLMAP cannot read it, expected a photo")

    def _extract(self, names: list[str], camera: int | None, parameters: tuple[float, ...] | None) -> None:
        reader = self._colmap.ImageReaderOptions()
        reader.camera_model = MODEL
        if camera is not None:
            reader.existing_camera_id = camera
        elif parameters is not None:
            reader.camera_params = ",".join(f"{value:.9g}" for value in parameters)
        options = self._colmap.FeatureExtractionOptions()
        options.num_threads, options.sift.max_num_features = self._threads, FEATURES
        self._colmap.extract_features(
            self._database,
            self._images,
            image_names=names,
            camera_mode=self._colmap.CameraMode.SINGLE,
            reader_options=reader,
            extraction_options=options,
            device=self._colmap.Device.cpu,
        )

    def matches(self, photos: Sequence[Photo], pairs: list[list[tuple[int, int]]], progress: ShareProgress) -> int:
        """Compares ``pairs`` of ``photos``, and returns how many of them show the same."""
        options = self._colmap.FeatureMatchingOptions()
        options.num_threads = self._threads
        total, done = max(sum(map(len, pairs)), 1), 0
        with scratch_folder() as folder:
            for batch in pairs:
                lines = "".join(f"{photos[one].name} {photos[other].name}\n" for one, other in batch)
                write_draft(folder / "pairs.txt", lines.encode())
                pairing = self._colmap.ImportedPairingOptions()
                pairing.match_list_path = folder / "pairs.txt"
                if batch:
                    with self._working("compared photos"):
                        self._colmap.match_image_pairs(
                            self._database,
                            matching_options=options,
                            pairing_options=pairing,
                            device=self._colmap.Device.cpu,
                        )
                done += len(batch)
                progress(done / total)
        with self._opened() as database:
            _, inliers = database.read_two_view_geometry_num_inliers()
            return sum(count > 0 for count in inliers)

    def models(self, count: int, progress: ShareProgress) -> list[Model]:
        """The models of ``count`` photos, that of most photos first: of several starts, those of the best."""
        with self._opened() as database:
            unknown = [camera for camera in database.read_all_cameras() if not camera.has_prior_focal_length]
        best: list[Model] = []
        starts = FOCAL_LENGTHS if unknown else FOCAL_LENGTHS[:1]
        for number, factor in enumerate(starts):
            with self._opened() as database:
                for camera in unknown:
                    camera.params = [factor * max(camera.width, camera.height), camera.width / 2, camera.height / 2, 0]
                    database.update_camera(camera)
            found = self._mapped(count, partial(_of_several, progress, number, len(starts)))
            best = max(best, found, key=lambda models: _size(models[0]) if models else (0, 0))
        return best

    def _mapped(self, count: int, progress: ShareProgress) -> list[Model]:
        options = self._colmap.IncrementalPipelineOptions()
        options.min_model_size, options.num_threads, options.random_seed = FEWEST, self._threads, SEED
        registered = 0

        def another() -> None:
            nonlocal registered
            registered += 1
            progress(min(registered / count, 1.0))

        with scratch_folder() as folder, self._working("looked for cameras"):
            found = self._colmap.incremental_mapping(
                self._database,
                self._images,
                folder,
                options,
                initial_image_pair_callback=another,
                next_image_callback=another,
            )
        progress(1.0)
        return sorted((_model(each) for each in found.values()), key=_size, reverse=True)

    def _focal_length(self, photo: Photo) -> float | None:
        """Pixels, by what the camera wrote into the photo; None where it wrote nothing."""
        if not photo.jpeg:
            return None
        with scratch_folder() as folder, self._working(f"read {printable(photo.source.name)}"):
            # By a name that says nothing: what is in the file may be anybody's.
            write_draft(folder / "photo.jpg", read_bytes(photo.source, CaptureError, "a photo", LARGEST))
            camera = self._colmap.infer_camera_from_image(folder / "photo.jpg")
        return round(float(camera.mean_focal_length()), 1) if camera.has_prior_focal_length else None

    def _in_database(self) -> dict[str, int]:
        """The number of the camera of each picture whose features are there."""
        with self._opened() as database:
            images = database.read_all_images()
            return {image.name: int(image.camera_id) for image in images if database.exists_descriptors(image.image_id)}

    @contextmanager
    def _opened(self) -> Iterator[Any]:
        with self._working("opened its database"):
            database = self._colmap.Database.open(self._database)
            try:
                yield database
            finally:
                database.close()

    @contextmanager
    def _working(self, what: str) -> Iterator[None]:
        try:
            yield
        except (RuntimeError, ValueError, TypeError, IndexError) as error:
            why = (str(error).strip().splitlines() or [type(error).__name__])[0]
            raise CaptureError(f"{self._database}: COLMAP failed where it {what}: {printable(why[:200])}") from error


def _model(reconstruction: Any) -> Model:
    names = (reconstruction.image(number).name for number in reconstruction.reg_image_ids())
    observations, error = reconstruction.compute_num_observations(), reconstruction.compute_mean_reprojection_error()
    return Model(reconstruction, frozenset(names), int(observations), float(error))


def _size(model: Model) -> tuple[int, int]:
    return len(model.names), model.observations


def _of_several(progress: ShareProgress, number: int, count: int, share: float) -> None:
    """Tells ``progress`` how far work number ``number`` of ``count`` has come."""
    progress((number + share) / count)


def _threads() -> int:
    """As many as the rest of the program uses."""
    from splatavatar.render import _native

    return int(_native.thread_count())
