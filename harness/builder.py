"""Evaluation images from a base image, a recipe and a mirror, built by the local daemon."""

from __future__ import annotations

import io
import tarfile
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

from harness.checkout import check_out, missing_blobs
from harness.daemon import LOCAL_LABEL
from harness.dockerfiles import BuildContext, environment_context, instance_context
from harness.recipes import Recipe
from kent_agent.errors import HarnessError
from kent_agent.task import SWETask

if TYPE_CHECKING:
    import docker

CONTENT_LABEL = "kent_agent.content"
BASE_LABEL = "kent_agent.base"
RECIPE_LABEL = "kent_agent.recipe"
INSTANCE_LABEL = "kent_agent.instance"
LOG_LINES = 15


@dataclass(frozen=True)
class Blueprint:
    """All that decides what one instance's image holds.

    Attributes:
        image: the name to build it as.
        mirror: git repository that holds `commit`.
        missing: ids of the commit's blobs that the mirror lacks.
    """

    instance_id: str
    image: str
    repo: str
    commit: str
    mirror: Path
    recipe: Recipe
    missing: frozenset[str]


def draw_up(task: SWETask, mirror: Path, recipe: Recipe) -> Blueprint:
    """A blueprint, after a look at what the mirror holds.

    Raises:
        HarnessError: the task names no image, or the mirror lacks its commit; names the instance.
    """
    if not task.image:
        raise HarnessError(f"{task.instance_id}: the column 'image' is missing; rows of swebench>=5 have it.")
    try:
        missing = missing_blobs(mirror, task.base_commit)
    except HarnessError as error:
        raise HarnessError(f"{task.instance_id}: {error}") from error
    return Blueprint(task.instance_id, task.image, task.repo, task.base_commit, mirror, recipe, missing)


@dataclass(frozen=True)
class BuiltImage:
    """What became of a blueprint.

    Attributes:
        seconds: that the build took, 0 for a reused image.
        reused: an image with the same content was there already.
        left_out: paths of the files that the mirror lacks; empty for a reused image.
        size: of the image, in bytes.
    """

    seconds: float
    reused: bool
    left_out: tuple[str, ...]
    size: int


class ImageBuilder:
    """Builds on one base image; an image whose content label fits is left as it is.

    Raises:
        HarnessError: the base image is neither here nor to be pulled.
    """

    def __init__(self, client: docker.DockerClient, base_image: str, ca_bundle: bytes | None) -> None:
        self._client = client
        self._base_image = base_image
        self._base_id = _base_image_id(client, base_image)
        self._ca_bundle = ca_bundle

    def environment(self, recipe: Recipe) -> str:
        """The name of the image that all instances of this recipe share, built when it is not there.

        Raises:
            HarnessError: a step failed; the message ends with the last lines of its log.
        """
        context = environment_context(self._base_image, recipe, self._ca_bundle)
        content = context.digest(self._base_id)
        name = f"kent_agent/environment:{content}"
        if self._content(name) != content:
            with _archive(context, None) as archive:
                self._build(name, archive, self._labels(recipe, content))
        return name

    def instance(self, blueprint: Blueprint) -> BuiltImage:
        """Build the image of one instance, and first its environment where that is not there.

        Raises:
            HarnessError: a step failed; the message ends with the last lines of its log.
        """
        start = time.monotonic()
        context = instance_context(self.environment(blueprint.recipe))
        content = context.digest(blueprint.repo, blueprint.commit, *sorted(blueprint.missing))
        if self._content(blueprint.image) == content:
            return BuiltImage(0, True, (), self._size(blueprint.image))
        with tempfile.TemporaryDirectory(prefix="kent_agent.") as scratch:
            testbed = Path(scratch) / "testbed"
            left_out = check_out(blueprint.mirror, blueprint.commit, testbed)
            with _archive(context, testbed) as archive:
                labels = self._labels(blueprint.recipe, content) | {INSTANCE_LABEL: blueprint.instance_id}
                self._build(blueprint.image, archive, labels)
        return BuiltImage(time.monotonic() - start, False, left_out, self._size(blueprint.image))

    def _labels(self, recipe: Recipe, content: str) -> dict[str, str]:
        return {
            LOCAL_LABEL: "local",
            BASE_LABEL: f"{self._base_image}@{self._base_id}",
            RECIPE_LABEL: recipe.digest,
            CONTENT_LABEL: content,
        }

    def _content(self, name: str) -> str | None:
        import docker

        try:
            return self._client.images.get(name).labels.get(CONTENT_LABEL)
        except docker.errors.ImageNotFound:
            return None

    def _size(self, name: str) -> int:
        return int(self._client.images.get(name).attrs["Size"])

    def _build(self, name: str, archive: IO[bytes], labels: dict[str, str]) -> None:
        import docker

        try:
            self._client.images.build(
                fileobj=archive, custom_context=True, tag=name, labels=labels, rm=True, forcerm=True
            )
        except docker.errors.BuildError as error:
            log = "".join(part.get("stream", "") for part in error.build_log).rstrip().splitlines()
            raise HarnessError("\n".join([str(error.msg), *log[-LOG_LINES:]])) from error
        except docker.errors.DockerException as error:
            raise HarnessError(f"the daemon did not build {name}: {error}") from error


def _base_image_id(client: docker.DockerClient, name: str) -> str:
    import docker

    try:
        return str(client.images.get(name).id)
    except docker.errors.ImageNotFound:
        pass
    try:
        return str(client.images.pull(name).id)
    except (docker.errors.DockerException, OSError) as error:
        raise HarnessError(
            f"The base image {name} is neither on this machine nor to be pulled: run `docker pull {name}` "
            "where its registry is reachable, or `docker import` a root file system and name that."
        ) from error


@contextmanager
def _archive(context: BuildContext, testbed: Path | None) -> Iterator[IO[bytes]]:
    """The context as a tar file that depends on contents alone: owner root, modes 755 and 644."""
    with tempfile.TemporaryFile(prefix="kent_agent.") as archive:
        with tarfile.open(fileobj=archive, mode="w") as tar:
            for name, data in {"Dockerfile": context.dockerfile.encode(), **context.files}.items():
                entry = tarfile.TarInfo(name)
                entry.size = len(data)
                tar.addfile(entry, io.BytesIO(data))
            if testbed is not None:
                tar.add(testbed, arcname="testbed", filter=_impersonal)
        archive.seek(0)
        yield archive


def _impersonal(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = "root"
    if not entry.issym():
        entry.mode = 0o755 if entry.isdir() or entry.mode & 0o100 else 0o644
    return entry
