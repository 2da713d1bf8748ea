"""What goes into an evaluation image, as text: a recipe's environment, one repository on top."""

import hashlib
import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass

from harness.recipes import Recipe

ENVIRONMENT = "/opt/miniconda3/envs/testbed"
"""The venv that stands where the official images have their conda environment."""

PARTS = "/opt/kent_agent"
"""Where an image keeps the files below."""

# Evaluation scripts source miniconda's activate file under `set -u` and then say `conda activate testbed`.
ACTIVATE = """\
# Stands in for miniconda's file of this name: here an environment is a venv.
conda() {
    if [ "${1:-}" = activate ]; then
        . "/opt/miniconda3/envs/${2:-testbed}/bin/activate"
    else
        echo "conda: a locally built image only knows 'conda activate NAME'" >&2
        return 1
    fi
}
"""

# A base image that has everything needs no network here.
SYSTEM = """\
#!/bin/sh
# usage: system.sh PYTHON [DEBIAN_PACKAGE...]
set -e
python=$1
shift

install() {
    apt-get update
    apt-get install --yes --no-install-recommends "$@"
    rm -rf /var/lib/apt/lists/*
}

lacking=
for package in "$@"; do
    dpkg --status "$package" >/dev/null 2>&1 || lacking="$lacking $package"
done
for command in git patch; do
    command -v "$command" >/dev/null || lacking="$lacking $command"
done
[ -z "$lacking" ] || install $lacking

if ! command -v "$python" >/dev/null; then
    echo "The base image has no $python: name another in the recipe, or let its 'apt' install it." >&2
    exit 1
fi
# Debian splits what `python -m venv` needs off its interpreters.
"$python" -c 'import ensurepip, venv' 2>/dev/null || install "${python##*/}-venv"
"""

INSTALL = """\
#!/bin/bash
set -eo pipefail
source /opt/miniconda3/bin/activate
conda activate testbed
set -x
"""


@dataclass(frozen=True)
class BuildContext:
    """A Dockerfile and the small files beside it.

    Attributes:
        dockerfile: its text.
        files: name in the context -> content.
    """

    dockerfile: str
    files: Mapping[str, bytes]

    def digest(self, *inputs: str) -> str:
        """Sixteen hex digits that change with the context, and with `inputs` that it does not spell out."""
        files = [(name, _sha(data)) for name, data in sorted(self.files.items())]
        return _sha(json.dumps([self.dockerfile, inputs, files]).encode())[:16]


def environment_context(base_image: str, recipe: Recipe, ca_bundle: bytes | None) -> BuildContext:
    """The image that all instances of one recipe share: system packages, the venv, pip packages, variables.

    Args:
        ca_bundle: certificates that pip trusts at build and at evaluation, where a proxy needs its own.
    """
    files = {
        "activate": ACTIVATE.encode(),
        "system.sh": SYSTEM.encode(),
        "install.sh": (INSTALL + "".join(f"{command}\n" for command in recipe.install)).encode(),
        "constraints.txt": _lines(recipe.constraints),
        "packages.txt": _lines(recipe.packages),
    }
    variables = {"LANG": "C.UTF-8", "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_CACHE_DIR": "1"}
    lines = [
        f"FROM {base_image}",
        f"COPY system.sh {PARTS}/",
        f"RUN DEBIAN_FRONTEND=noninteractive sh {PARTS}/system.sh {shlex.join([recipe.python, *recipe.apt])}",
        f"RUN {shlex.quote(recipe.python)} -m venv {ENVIRONMENT}",
    ]
    if ca_bundle is not None:
        files["ca-bundle.crt"] = ca_bundle
        lines.append(f"COPY ca-bundle.crt {PARTS}/")
        for name in ("PIP_CERT", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"):
            variables[name] = f"{PARTS}/ca-bundle.crt"
    if recipe.constraints:
        variables["PIP_CONSTRAINT"] = f"{PARTS}/constraints.txt"
    pip = f"{ENVIRONMENT}/bin/python -m pip install"
    lines += [
        f"COPY constraints.txt packages.txt {PARTS}/",
        *_variables(variables),
        # An old pip knows neither today's wheels nor editable installs from pyproject.toml.
        f"RUN {pip} --upgrade pip && {pip} --requirement {PARTS}/packages.txt",
        "COPY activate /opt/miniconda3/bin/activate",
        f"COPY install.sh {PARTS}/",
        *_variables(recipe.env),
    ]
    return BuildContext("\n".join(lines) + "\n", files)


def instance_context(environment_image: str) -> BuildContext:
    """The image of one instance; the repository joins the context as the folder `testbed`.

    The last `git status` writes the files' inode times to the index, which `git apply --3way` wants to match.
    The harness keeps a container alive with `tail`, which as process 1 ignores the polite signal to stop: it
    would wait 15 seconds for it after every instance.
    """
    lines = [
        f"FROM {environment_image}",
        "COPY testbed /testbed",
        "WORKDIR /testbed",
        "STOPSIGNAL SIGKILL",
        f"RUN bash {PARTS}/install.sh && git -c safe.directory=/testbed status --short",
    ]
    return BuildContext("\n".join(lines) + "\n", {})


def _variables(variables: Mapping[str, str]) -> list[str]:
    return [f'ENV {name}="{_escape(value)}"' for name, value in variables.items()]


def _escape(value: str) -> str:
    """Inside double quotes a Dockerfile knows these three."""
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("$", "\\$")


def _lines(items: tuple[str, ...]) -> bytes:
    return "".join(f"{item}\n" for item in items).encode()


def _sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
