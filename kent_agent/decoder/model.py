"""A trained decoder: its network, the space it reads, the tokens and patterns it knows, and where it learned them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor

from kent_agent.decoder.network import CodeGeneratorNetwork, NetworkShape
from kent_agent.decoder.vocabulary import SPECIALS, Vocabulary
from kent_agent.encoder import CodeEncoder
from kent_agent.errors import KentError
from kent_agent.task import Operation


@dataclass
class DecoderModel:
    """Everything that decoding needs, saved and loaded as one file.

    Attributes:
        network: the weights.
        encoder: the hyperdimensional space they were trained in.
        patterns: the classifier's classes, `operation:kind`.
        tokens: the learned tokens: specials, patterns, then source tokens by frequency in training.
        provenance: repositories, commits and counts of the training data.
    """

    network: CodeGeneratorNetwork
    encoder: CodeEncoder
    patterns: tuple[str, ...]
    tokens: tuple[str, ...]
    provenance: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def create(cls, encoder: CodeEncoder, patterns: Sequence[str], source_tokens: Sequence[str], seed: int = 0) -> Self:
        """An untrained model; the same for the same seed."""
        torch.manual_seed(seed)
        tokens = tuple(dict.fromkeys([*SPECIALS, *patterns, *source_tokens]))
        network = CodeGeneratorNetwork(NetworkShape(encoder.dimension, len(patterns), len(tokens)))
        return cls(network.eval(), encoder, tuple(patterns), tokens)

    def save(self, path: Path) -> None:
        """Writes weights (fp16) and description as one safetensors file, atomically."""
        description = {
            "shape": asdict(self.network.shape),
            "seed": self.encoder.items.seed,
            "patterns": self.patterns,
            "tokens": self.tokens,
            "provenance": self.provenance,
        }
        partial = path.with_name(path.name + ".partial")
        tensors = {name: tensor.half().contiguous() for name, tensor in self.network.state_dict().items()}
        save_file(tensors, partial, metadata={"kent_agent": json.dumps(description)})
        partial.chmod(0o644)  # the library writes for its owner alone; a shipped file is for all
        partial.replace(path)

    @classmethod
    def load(cls, path: Path) -> Self:
        """The model in a file.

        Raises:
            KentError: there is no such file, or it is no decoder of ours.
        """
        try:
            with safe_open(path, framework="pt") as file:
                about = json.loads((file.metadata() or {})["kent_agent"])
                tensors = {name: file.get_tensor(name).float() for name in file.keys()}  # noqa: SIM118
        except Exception as error:  # safetensors raises its own kinds for each way a file can be damaged
            raise KentError(f"{path} holds no trained decoder ({error}); make one with kent_agent.train.") from error
        network = CodeGeneratorNetwork(NetworkShape(**about["shape"]))
        network.load_state_dict(tensors)
        encoder = CodeEncoder(about["shape"]["dimension"], about["seed"])
        return cls(network.eval(), encoder, tuple(about["patterns"]), tuple(about["tokens"]), about["provenance"])

    def classify(self, condition: np.ndarray[Any, Any]) -> dict[str, float]:
        """Probability of each pattern under a condition `(D,)`."""
        with torch.inference_mode():
            logits = self.network.forward_classify(torch.from_numpy(condition).unsqueeze(0))[0]
            shares = torch.softmax(logits, dim=-1).tolist()
        return dict(zip(self.patterns, shares, strict=True))

    def embed(self, vocabulary: Vocabulary) -> Tensor:
        """The embedding table `(V, width)` of a vocabulary."""
        return self.network.embed(torch.from_numpy(self.encoder.encode_tokens(vocabulary.tokens)))


def operation_shares(patterns: Mapping[str, float]) -> dict[Operation, float]:
    """Pattern probabilities added up by operation; every operation is present."""
    shares = dict.fromkeys(Operation, 0.0)
    for pattern, share in patterns.items():
        shares[Operation(pattern.split(":")[0])] += share
    return shares
