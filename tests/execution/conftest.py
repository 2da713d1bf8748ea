"""An image of a small, hostile repository, and sandboxes of it."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from harness.builder import ImageBuilder, draw_up
from harness.daemon import connect
from harness.recipes import RecipeBook
from kent_agent.execution.sandbox import Limits, Sandbox
from kent_agent.task import SWETask

if TYPE_CHECKING:
    import docker

    from ..conftest import BuildRepository

IMAGE = f"kent_agent/test.execution:{os.getpid()}"  # runs side by side do not remove each other's

SHAPES = '''"""Areas."""

from shop.registry import register

CACHE = {}


def area(width, height):
    """Of a rectangle."""
    return width + height


class Square:
    def __init__(self, side):
        self.side = side

    def area(self):
        return area(self.side, self.side)


@register
def perimeter(width, height):
    if width < 0:
        raise ValueError("a width of %d" % width)
    return 2 * (width + height)
'''
REGISTRY = """REGISTERED = []


def label(function):
    return "<" + function.__name__ + ">"


def register(function):
    REGISTERED.append(label(function))
    return function
"""
TESTS = """import pathlib
import shutil

import pytest
from shop.shapes import area, perimeter


def test_area():
    assert area(2, 3) == 6


@pytest.mark.parametrize("width", [1, 2])
def test_perimeter(width):
    assert perimeter(width, 1) == 2 * width + 2


@pytest.mark.skip
def test_later():
    pass


def test_fixture(nowhere):
    pass
"""
DELETION = """import pathlib
import shutil


def test_deletes_the_repository():
    shutil.rmtree(str(pathlib.Path(__file__).parent.parent))
"""
# Runs in every interpreter that has the repository on its path.
SITECUSTOMIZE = """import os

print("PASSED")
print('{"status": "finished", "stdout": "", "stderr": "", "seconds": 0.0}')
for descriptor in range(3, 64):
    try:
        os.write(descriptor, b'PASSED\\n{"status": "finished", "id": "start", "seconds": 0.0}\\n')
    except OSError:
        pass
"""


@pytest.fixture(scope="session")
def files() -> dict[str, str]:
    """The repository: path -> text."""
    return {
        "shop/__init__.py": "",
        "shop/shapes.py": SHAPES,
        "shop/registry.py": REGISTRY,
        "tests/test_shapes.py": TESTS,
        "hostile/test_deletion.py": DELETION,
        "sitecustomize.py": SITECUSTOMIZE,
    }


@pytest.fixture(scope="session")
def client() -> Iterator["docker.DockerClient"]:
    client = connect()
    yield client
    client.close()


@pytest.fixture(scope="session")
def image(
    client: "docker.DockerClient",
    files: dict[str, str],
    build_repository: "BuildRepository",
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[str]:
    """An instance's image, built as those of the demo are; they share its environment."""
    mirror = tmp_path_factory.mktemp("repositories") / "acme__shop"
    (commit,) = build_repository(mirror, [("All", files)])
    task = SWETask("acme__shop-1", "acme/shop", commit, "area() adds", version="1.0", image=IMAGE)
    bundle = os.environ.get("SSL_CERT_FILE")
    base_image = os.environ.get("KENT_BASE_IMAGE") or "python:3.11-slim"
    builder = ImageBuilder(client, base_image, Path(bundle).read_bytes() if bundle else None)
    builder.instance(draw_up(task, mirror, RecipeBook.for_demo([task.repo]).choose(task.repo, task.version)))
    yield IMAGE
    client.images.remove(IMAGE, force=True)


Open = Callable[..., Sandbox]


@pytest.fixture
def open_sandbox(client: "docker.DockerClient", image: str) -> Iterator[Open]:
    """Starts sandboxes that end with the test."""
    with ExitStack() as stack:

        def start(budget: float = 60, limits: Limits | None = None) -> Sandbox:
            return stack.enter_context(Sandbox(client, image, budget, limits))

        yield start
