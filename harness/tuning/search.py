"""Works on many studies at once, so that no worker idles while a block of one of them comes to its end."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from harness.tuning.confirmation import Confirmation
from harness.tuning.pruning import completed
from harness.tuning.run_dispatch import Desk
from harness.tuning.studies.study import Study, TrialBlock
from harness.tuning.trial import FAILED, REFUSED, STATES, Trial

LOOK_SECONDS = 2.0
"""How often a study that other commands work on is looked at."""

Say = Callable[[str], None]


@dataclass
class Search:
    """One study on its way: block after block, then the confirmation.

    say:  gets lines for the user
    done: nothing is left to do
    """

    study: Study
    say: Say
    done: bool = False
    _block: TrialBlock | None = None
    _trials: list[Trial] = field(default_factory=list)
    _confirmation: Confirmation | None = None
    _look_again: float = 0.0

    def tend(self, desk: Desk) -> None:
        """Do what can be done now."""
        if self._block is not None:
            if all(trial.ended for trial in self._trials):
                self._tell(self._block)
            else:
                return
        if self._confirmation is not None:
            if self._confirmation.ended:
                self.study.confirmed()
                self.done = True
            return
        if time.monotonic() < self._look_again:
            return
        self._block = self.study.take()
        if self._block is not None:
            others = completed(self._block.before)
            self._trials = [Trial(self.study, frozen, others) for frozen in self._block.trials]
            for trial in self._trials:
                if not trial.frozen.state.is_finished():
                    trial.begin(desk)
                else:
                    trial.ended = "told"
        elif self.study.searched and self.study.tuned:
            self.done = True
        elif self.study.searched and self.study.confirming():
            self._confirm(desk)
        else:  # other commands are at it; what one of them leaves is taken over
            self._look_again = time.monotonic() + LOOK_SECONDS

    def _confirm(self, desk: Desk) -> None:
        if self.study.tuned:  # another command was faster
            self.study.confirmed()
            self.done = True
            return
        self._confirmation = Confirmation(self.study)
        self._confirmation.begin(desk)

    def _tell(self, block: TrialBlock) -> None:
        """Give Optuna the results of a block, by number."""
        for trial in self._trials:
            if trial.ended == "told":
                continue
            self.study.tell(trial.number, STATES[trial.ended], trial.value)
            if trial.ended in (FAILED, REFUSED):
                self.say(f"{self.study.subject}: trial {trial.number} {trial.ended}: {trial.reason}")
        self.study.give_back(block)
        self._block = None


def search(studies: Iterable[Study], desk: Desk, say: Say) -> None:
    """Work on studies until all are done. As many are open as it takes to keep every worker busy."""
    waiting = deque(Search(study, say) for study in studies)
    opened: list[Search] = []
    while waiting or opened:
        for open_search in opened:
            open_search.tend(desk)
        opened = [open_search for open_search in opened if not open_search.done]
        while waiting and desk.load <= desk.slots:
            opened.append(waiting.popleft())
            opened[-1].tend(desk)
        if not desk.step() and not desk.load and opened:
            time.sleep(0.05)
