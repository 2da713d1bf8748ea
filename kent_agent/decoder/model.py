"""A trained decoder: its network, the space of its latent, the tokens that it knows, and where it learned them."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

import torch
from safetensors import safe_open
from safetensors.torch import save_file

from kent_agent.decoder.network import CodeGeneratorNetwork, NetworkShape
from kent_agent.errors import KentError
from kent_agent.hdc.sparse import SparseItems

FORMAT = 3


@dataclass
class DecoderModel:
    """Everything that decoding needs, saved and loaded as one file.

    Attributes:
        network: the weights.
        learned: tokens that were common in training, with the logarithms of their shares.
        min_confidence: below it the agent abstains; chosen on validation repositories.
        provenance: repositories, commits and counts of the training data, and what validation said.
    """

    network: CodeGeneratorNetwork
    learned: Mapping[str, float]
    min_confidence: float = 0.0
    provenance: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def create(cls, learned: Mapping[str, float], shape: NetworkShape | None = None, seed: int = 0) -> Self:
        """An untrained model."""
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            network = CodeGeneratorNetwork(shape or NetworkShape())
        return cls(network.eval(), dict(learned))

    @property
    def items(self) -> SparseItems:
        """The space of what the latent is made from."""
        return SparseItems(self.network.shape.dimension)

    def save(self, path: Path) -> None:
        """Writes the model as one safetensors file in half precision, atomically."""
        tensors = {name: tensor.half().contiguous() for name, tensor in self.network.state_dict().items()}
        about = {
            "format": FORMAT,
            "shape": asdict(self.network.shape),
            "learned": dict(self.learned),
            "min_confidence": self.min_confidence,
            "provenance": self.provenance,
        }
        partial = path.with_name(path.name + ".partial")
        save_file(tensors, partial, metadata={"kent_agent": json.dumps(about)})
        partial.chmod(0o644)  # the library writes for its owner alone; a shipped file is for all
        partial.replace(path)

    @classmethod
    def load(cls, path: Path) -> Self:
        """The model in a file.

        Raises:
            KentError: it cannot be read, or is no decoder of this format.
        """
        try:
            with safe_open(path, framework="pt") as file:
                about = json.loads(file.metadata()["kent_agent"])
                if about.get("format") != FORMAT:
                    raise KentError(f"{path} has format {about.get('format')}, not {FORMAT}; train the decoder anew.")
                network = CodeGeneratorNetwork(NetworkShape(**about["shape"]))
                network.load_state_dict({name: file.get_tensor(name).float() for name in file.keys()})  # noqa: SIM118
            return cls(network.eval(), about["learned"], about["min_confidence"], about["provenance"])
        except KentError:
            raise
        except Exception as error:  # safetensors and torch raise their own kinds for each way a file can be damaged
            raise KentError(f"{path} holds no decoder ({error}); train one with kent_agent.train.") from error
