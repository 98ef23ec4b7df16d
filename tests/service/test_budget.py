"""What one account may ask of the machine."""

from __future__ import annotations

import threading
import time

import pytest

from api import budget
from api.budget import AT_ONCE, Budget
from graph_model.errors import TooMany


def burn(seconds: float) -> None:
    """Computing time of this thread."""
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        pass


def test_an_account_that_used_its_time_waits() -> None:
    bills = Budget(0.02)
    with bills.spend("one"):
        burn(0.03)
    with pytest.raises(TooMany) as refused, bills.spend("one"):
        pass
    assert 1 <= refused.value.seconds <= budget.WINDOW + 1
    with bills.spend("another"):
        pass


def test_what_was_spent_is_forgotten_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budget, "WINDOW", 0.05)
    bills = Budget(0.02)
    with bills.spend("one"):
        burn(0.03)
    time.sleep(0.06)
    with bills.spend("one"):
        pass


def test_questions_of_one_account_wait_their_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    bills, running, most = Budget(1e9), 0, 0
    lock = threading.Lock()

    def ask() -> None:
        nonlocal running, most
        with bills.spend("one"):
            with lock:
                running += 1
                most = max(most, running)
            time.sleep(0.02)
            with lock:
                running -= 1

    threads = [threading.Thread(target=ask) for _ in range(3 * AT_ONCE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == AT_ONCE
