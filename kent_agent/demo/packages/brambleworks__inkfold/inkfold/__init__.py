"""inkfold: a small, strict configuration format."""

from inkfold.errors import InkfoldError, InterpolationError, MissingKeyError, ParseError, ValueTypeError
from inkfold.model import Document, Section
from inkfold.parser import load, loads
from inkfold.writer import dump, dumps

__version__ = "0.4.0"

__all__ = [
    "Document",
    "InkfoldError",
    "InterpolationError",
    "MissingKeyError",
    "ParseError",
    "Section",
    "ValueTypeError",
    "dump",
    "dumps",
    "load",
    "loads",
]
