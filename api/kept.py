"""Answers computed once for a batch and kept for the next page, the reasons, the other format."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

T = TypeVar("T")


class Kept:
    """The last answers by key. Two that ask for the same at once wait for one computation."""

    def __init__(self, many: int) -> None:
        self._many = many
        self._lock = threading.Lock()
        self._found: OrderedDict[Hashable, Any] = OrderedDict()
        self._making: dict[Hashable, threading.Lock] = {}

    def once(self, key: Hashable, make: Callable[[], T]) -> T:
        """What was made under the key, made now where it was not."""
        with self._lock:
            if key in self._found:
                self._found.move_to_end(key)
                found: T = self._found[key]
                return found
            making = self._making.setdefault(key, threading.Lock())
        with making:
            with self._lock:
                if key in self._found:
                    kept: T = self._found[key]
                    return kept
            try:
                made = make()
            finally:
                with self._lock:
                    self._making.pop(key, None)
            with self._lock:
                self._found[key] = made
                while len(self._found) > self._many:
                    self._found.popitem(last=False)
            return made
