"""A trained FillingNetwork with the words that it tells apart, and what it learned from."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import torch
from safetensors import safe_open
from safetensors.torch import save_file

from kent_agent.decoder.weights import FILLING
from kent_agent.errors import KentError
from kent_agent.filling.measures import RARE
from kent_agent.filling.network import FillingNetwork

FORMAT = 1


@dataclass
class FillingModel:
    """Everything that it takes to weigh simple edits, saved and loaded as one file.

    Attributes:
        network: the weights.
        common: numbers of the commonest words of messages, the commonest first.
        provenance: repositories, commits and counts of the training data, and what validation said.
    """

    network: FillingNetwork
    common: Mapping[str, int]
    provenance: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def create(cls, common: Mapping[str, int], seed: int = 0) -> Self:
        """An untrained model."""
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            return cls(FillingNetwork(len(common) + RARE).eval(), dict(common))

    def save(self, path: Path) -> None:
        """Writes the model as one safetensors file in half precision, atomically."""
        tensors = {name: tensor.half().contiguous() for name, tensor in self.network.state_dict().items()}
        about = {"format": FORMAT, "common": list(self.common), "provenance": self.provenance}
        partial = path.with_name(path.name + ".partial")
        save_file(tensors, partial, metadata={"kent_agent": json.dumps(about)})
        partial.chmod(0o644)  # the library writes for its owner alone; a shipped file is for all
        partial.replace(path)

    @classmethod
    def load(cls, path: Path = FILLING) -> Self:
        """The model in a file.

        Raises:
            KentError: it cannot be read, or is none of this format.
        """
        try:
            with safe_open(path, framework="pt") as file:
                about = json.loads(file.metadata()["kent_agent"])
                if about.get("format") != FORMAT:
                    raise KentError(f"{path} has format {about.get('format')}, not {FORMAT}; train it anew.")
                common = {word: i for i, word in enumerate(about["common"])}
                network = FillingNetwork(len(common) + RARE)
                network.load_state_dict({name: file.get_tensor(name).float() for name in file.keys()})  # noqa: SIM118
            return cls(network.eval(), common, about["provenance"])
        except KentError:
            raise
        except Exception as error:  # safetensors and torch raise their own kinds for each way a file can be damaged
            told = f"{path} holds no filling model ({error}); train one with kent_agent.train filling."
            raise KentError(told) from error
