"""Every question by name: a function marked `@question` in a module of this package.

Names and types of parameters come from the function itself, so nothing else lists them.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar, get_type_hints

import queries
from graph_model.i18n import text

_Function = TypeVar("_Function", bound=Callable[..., Any])
_questions: dict[str, Question] = {}


@dataclass(frozen=True)
class Question:
    """A question by name; `params` are names and types after the graph."""

    name: str
    area: str
    function: Callable[..., Any]
    params: dict[str, Any]

    @property
    def title(self) -> str:
        """The question in the language in force."""
        return text(f"question.{self.name}")


def question(function: _Function) -> _Function:
    """Make a function answerable by name. Its first parameter is the graph."""
    hints = get_type_hints(function)
    params = {name: hints[name] for name in list(inspect.signature(function).parameters)[1:]}
    name, area = function.__name__, function.__module__.rpartition(".")[2]
    if name in _questions:
        raise ValueError(f"two questions are named {name}")
    _questions[name] = Question(name, area, function, params)
    return function


def questions() -> dict[str, Question]:
    """All questions by name."""
    for module in pkgutil.iter_modules(queries.__path__):
        if not module.ispkg and module.name != "catalogue":
            importlib.import_module(f"queries.{module.name}")
    return dict(sorted(_questions.items()))
