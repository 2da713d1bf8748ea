"""What the Docker daemon knows: whether it answers, which images it has and where they come from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from kent_agent.errors import HarnessError

if TYPE_CHECKING:
    import docker

LOCAL_LABEL = "kent_agent.build"
"""On every image that `harness.images` builds, with the value `local`."""


@dataclass(frozen=True)
class ImageOrigin:
    """Where an evaluation image comes from.

    Attributes:
        image: its name, as the dataset row has it.
        kind: `local` when built on this machine, `official` when it is, or will be, pulled from a registry.
        digest: the image id of a local image, the registry's digest of an official one.
    """

    image: str
    kind: Literal["local", "official"]
    digest: str


def connect() -> docker.DockerClient:
    """A client of the daemon that DOCKER_HOST or the default socket names.

    Raises:
        HarnessError: no daemon answers.
    """
    import docker

    try:
        client = docker.from_env()
        client.ping()
    except docker.errors.DockerException as error:
        raise HarnessError(
            "No Docker daemon answers: start one (`sudo systemctl start docker`) or set DOCKER_HOST; "
            "`harness.evaluate --backend process` does without."
        ) from error
    return client


def image_origins(client: docker.DockerClient, rows: Iterable[Mapping[str, Any]], split: str) -> list[ImageOrigin]:
    """The origin of every image the rows name, each image once.

    Raises:
        HarnessError: an image is neither here nor in its registry; names the command that builds it.
    """
    origins: dict[str, ImageOrigin] = {}
    for row in rows:
        image = row["image"]
        if image not in origins:
            origin = _local_origin(client, image) or _registry_origin(client, image)
            if origin is None:
                raise HarnessError(
                    f"{row['instance_id']}: its image {image} is neither on this machine nor to be had from "
                    f"its registry; build it with `python -m harness.images build --split {split} "
                    "--repos-dir DIR --base-image IMAGE --recipes FILE.yaml`."
                )
            origins[image] = origin
    return list(origins.values())


def _local_origin(client: docker.DockerClient, name: str) -> ImageOrigin | None:
    import docker

    try:
        image = client.images.get(name)
    except docker.errors.ImageNotFound:
        return None
    digests = image.attrs.get("RepoDigests") or []
    if image.labels.get(LOCAL_LABEL) == "local" or not digests:
        return ImageOrigin(name, "local", str(image.id))
    return ImageOrigin(name, "official", digests[0].rpartition("@")[2])


def _registry_origin(client: docker.DockerClient, name: str) -> ImageOrigin | None:
    import docker

    try:
        return ImageOrigin(name, "official", str(client.images.get_registry_data(name).id))
    except docker.errors.APIError:
        return None


def remove_containers(run_id: str) -> None:
    """Remove what an interrupted run left running; swebench puts the run id into every container's name."""
    import docker

    try:
        for container in connect().containers.list(all=True, filters={"name": run_id}):
            container.remove(force=True)
    except (HarnessError, docker.errors.DockerException):
        return  # the daemon went away, and its containers with it
