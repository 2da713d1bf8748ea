"""Program repair without a language model.

The names below are the public API. Each is imported from its module on first use, so that `import kent_agent`
itself loads neither torch nor docker nor datasets and does nothing else.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kent_agent.agent import AgentOptions, KentAgent
    from kent_agent.dataset import load_split
    from kent_agent.decoder.network import CodeGeneratorNetwork
    from kent_agent.encoder import CodeEncoder
    from kent_agent.generator import CodeGenerator
    from kent_agent.learning.trainer import CodeTrainer
    from kent_agent.resonator import CodeResonator
    from kent_agent.task import CodePatch, Operation, PatchResult, Solution, SWETask

    __version__: str

__all__ = [
    "AgentOptions",
    "CodeEncoder",
    "CodeGenerator",
    "CodeGeneratorNetwork",
    "CodePatch",
    "CodeResonator",
    "CodeTrainer",
    "KentAgent",
    "Operation",
    "PatchResult",
    "SWETask",
    "Solution",
    "__version__",
    "load_split",
]

_HOME = {
    "AgentOptions": "kent_agent.agent",
    "CodeEncoder": "kent_agent.encoder",
    "CodeGenerator": "kent_agent.generator",
    "CodeGeneratorNetwork": "kent_agent.decoder.network",
    "CodePatch": "kent_agent.task",
    "CodeResonator": "kent_agent.resonator",
    "CodeTrainer": "kent_agent.learning.trainer",
    "KentAgent": "kent_agent.agent",
    "Operation": "kent_agent.task",
    "PatchResult": "kent_agent.task",
    "SWETask": "kent_agent.task",
    "Solution": "kent_agent.task",
    "load_split": "kent_agent.dataset",
}


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("kent_agent")
    if name in _HOME:
        return getattr(import_module(_HOME[name]), name)
    raise AttributeError(f"module 'kent_agent' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
