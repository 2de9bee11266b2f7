"""The searches and the seeds, one after another, within the time.

    1  cosine as the track has it, on three seeds            what a run takes, and the noise
    2  cosine's learning rate and EMA                        shared by all from here on; where cosine is not trained at
                                                             all (`harness.tracks.standing`), it ends here
    3  the families, each by a study                         the best is chosen here, on validation data
    4  the best, the defaults of trainers, neighbours        on fresh seeds and test data, seed by seed

Every step that is cut short goes on with what it has; what it chose is in the journal. Searches are cut short before
the comparison is: without three seeds of every entry nothing can be said.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from optuna.storages import RDBStorage
from rich.console import Console

from harness import tracks
from harness.execution import planner
from harness.execution.estimate import Estimate
from harness.execution.job import Job, Result, Settings
from harness.execution.session import Session
from harness.execution.stop_signals import Halt
from harness.results.store import Store
from harness.specs import BASELINE, Entry, RunSpec
from harness.tracks.enough import hopeless, known_cautions
from harness.tracks.standing import standing
from harness.tracks.track import Track
from harness.tuning import objective
from harness.tuning.budget import Budget
from harness.tuning.recorded_runs import Record
from harness.tuning.search import search
from harness.tuning.studies import storage
from harness.tuning.studies.locks import Locks
from harness.tuning.studies.study import Study
from leaderboards.recommending.allowance import Allowance
from leaderboards.recommending.families import compared, families
from leaderboards.recommending.journal import Journal, JournalFile
from leaderboards.recommending.planning import (
    ENTRIES,
    LEAST_SEEDS,
    LEAST_TRIALS,
    MOST_SEEDS,
    SLACK,
    Plan,
    in_time,
    planned,
)
from leaderboards.recommending.studies import Seeded, Shared, SharedStudy, TimedDesk, TimeUp, best_so_far
from schedules.errors import UserError

STEPS = 4
NEWEST, FEWEST = 20, 5
"""Runs whose ends tell how fast runs go, recording and waiting included; so many at least."""
SURE = 0.9
WRITTEN_EVERY = 10.0
"""Seconds between two notes of the time that was spent: what is killed loses no more."""


@dataclass(frozen=True)
class Wanted:
    """What is asked for. first_seed: where seeds begin, of searches and of the comparison"""

    track: str
    target: str
    minutes: float
    first_seed: int = 0


class Enough(Halt):
    """The minutes are over; not a failure."""


@dataclass
class Work:
    """A recommendation at work. expected: seconds of a run, as the forecast has them"""

    wanted: Wanted
    store: Store
    settings: Settings
    console: Console
    journal: Journal
    file: JournalFile
    allowance: Allowance
    expected: float
    _seconds: list[float] = field(default_factory=list)
    _limit: float = math.inf
    _slots: int = 1
    _desk: TimedDesk | None = None
    _open: list[Study] = field(default_factory=list)
    _runs_before: int = 0
    _written: float = 0.0

    def do(self) -> None:
        """Do what is left. Halt: stopped, or the store is full; nothing is raised where the minutes are over."""
        opened, locks = storage.open_storage(self.store)
        self._runs_before = self.journal.runs
        try:
            with Session(
                self.store,
                self.settings,
                self.console,
                track=self.wanted.track,
                total=self.plan.runs,
                expected=Estimate({self.wanted.target: self.expected}, ""),
                deadline=self.allowance.deadline,
            ) as session:
                try:
                    self._steps(session, opened, locks)
                except TimeUp:
                    session.halt(Enough(0, ""))
                except storage.TROUBLE as error:
                    session.halt(storage.ends(error))
        except Enough:
            pass
        finally:
            self._write()
            locks.close()
            opened.engine.dispose()

    def _write(self) -> None:
        """What was decided, and what was spent until now."""
        self.journal.minutes = round(self.allowance.spent, 2)
        self.journal.runs = self._runs_before + (self._desk.executed if self._desk else 0)
        self.file.write(self.journal)
        self._written = time.monotonic()

    @property
    def plan(self) -> Plan:
        return Plan(**{name: value for name, value in self.journal.plan.items() if name != "runs"})

    @property
    def track(self) -> Track:
        return tracks.get(self.wanted.track)

    def _steps(self, session: Session, opened: RDBStorage, locks: Locks) -> None:
        journal, deadline = self.journal, self.allowance.deadline
        desk = TimedDesk(
            session,
            Record(self.store, self.wanted.track),
            session.recorded,
            first_seed=self.wanted.first_seed,
            over=self._is_over,
        )
        self._limit, self._slots, self._desk = deadline, session.slots, desk
        if not journal.seconds:
            what = f"cosine on {LEAST_SEEDS} seeds: what a run takes, and its noise"
            session.say(f"1/{STEPS}  {what}{self._left(session)}")
            self._score(desk, [Entry.of(BASELINE)], range(LEAST_SEEDS), session)
            self._plan(session)
        session.total = self.plan.runs
        if journal.learning_rate is None:
            self._limit = self._until(deadline, 0.05, self.plan.entries * LEAST_SEEDS + 3 * (LEAST_TRIALS + 2))
            self._search_rate(desk, session, opened, locks)
        if not journal.entries and not journal.untrained:
            self._limit = self._until(deadline, 0.1, self.plan.entries * LEAST_SEEDS)
            self._search_families(desk, session, opened, locks)
        self._limit = deadline
        if not journal.untrained:
            self._compare(desk, session)
        journal.complete = True

    def _compare(self, desk: TimedDesk, session: Session) -> None:
        """Seeds one after another: the least, then as many as fit by what these runs take."""
        journal, entries, scored = self.journal, self.entries, 0
        seeds = journal.seeds or LEAST_SEEDS
        session.total = desk.executed
        while seeds > scored:
            journal.seeds = seeds
            self._write()
            session.total += len(entries) * (seeds - scored)
            step = f"4/{STEPS}  {len(entries)} entries on {seeds} fresh seeds"
            more = f"     there is time for more: {seeds} seeds in all"
            session.say(f"{more if scored else step}{self._left(session)}")
            self._score(desk, entries, range(scored, seeds), session)
            scored = seeds
            fit = int((self.allowance.deadline - time.monotonic()) / self._takes(len(entries)))
            seeds = min(MOST_SEEDS, scored + max(0, fit))

    def _is_over(self) -> bool:
        """Whether the step's time is over, and it has something to go on with; or that of all."""
        now = time.monotonic()
        if now > self._written + WRITTEN_EVERY:
            self._write()
        return now > self.allowance.deadline or (now > self._limit and all(_ended(study) for study in self._open))

    @property
    def entries(self) -> list[Entry]:
        """What is compared."""
        return [self._shared(Entry.of(spec)) for spec in self.journal.entries]

    def _shared(self, entry: Entry) -> Entry:
        return entry.model_copy(update={"learning_rate": self.journal.learning_rate, "ema": self.journal.ema})

    def _plan(self, session: Session) -> None:
        """Plan again by what runs take, where that is not what was forecast. The least is done in any case."""
        # The first run of a worker takes longer, as it loads the data.
        seconds = min(self._seconds, default=self.expected)
        left = max(0.1, (self.allowance.deadline - time.monotonic()) / 60)
        plan = planned(left, seconds, session.slots, self.track.tuning.seeds, at_least=True)
        if plan != self.plan:
            session.say(f"     a run takes {in_time(seconds)}, so that there is time for {plan}")
        self.journal.plan, self.journal.seconds = plan.record(), round(seconds, 2)
        self._write()

    def _takes(self, runs: int) -> float:
        """Seconds of so many runs, by how fast the newest ones came one after another."""
        ends = self._desk.ends[-NEWEST:] if self._desk else []
        if len(ends) >= FEWEST:
            return runs * (ends[-1] - ends[0]) / (len(ends) - 1) / SURE
        return runs * (self.journal.seconds or self.expected) / (SLACK * self._slots)

    def _until(self, deadline: float, share: float, runs: int) -> float:
        """When a step has to end, so that later ones have time for so many runs; a share of what is left anyway."""
        now = time.monotonic()
        return max(now + share * (deadline - now), deadline - self._takes(runs))

    def _left(self, session: Session) -> str:
        return f" {session.time_left}"

    def _score(self, desk: TimedDesk, entries: Sequence[Entry], seeds: range, session: Session) -> None:
        """Runs on test data, seed by seed; what the store has is not run again."""
        first = self.wanted.first_seed
        specs = [
            RunSpec(track=self.wanted.track, target=self.wanted.target, entry=entry, seed=first + seed)
            for seed in seeds
            for entry in entries
        ]
        plan = planner.plan(self.store, [Job(spec) for spec in specs])
        for spec in plan.done:
            session.recorded(spec, "finished")
        waiting = list(reversed(plan.jobs))
        while waiting or desk.load:
            while waiting and desk.load <= desk.slots:
                desk.submit(waiting.pop(), lambda done: self._took(done, session))
            desk.step()

    def _took(self, done: Result, session: Session) -> None:
        if done.outcome == "finished":
            self._seconds.append(done.seconds)
        else:
            session.say(f"{done.outcome}: {done.spec}: {done.reason}")

    def _search_rate(self, desk: TimedDesk, session: Session, opened: RDBStorage, locks: Locks) -> None:
        """Cosine's own learning rate and average; whether it is trained."""
        trials = self.plan.rate_trials
        session.say(f"2/{STEPS}  cosine's learning rate and EMA: {trials} trials{self._left(session)}")
        subject = Seeded(self.wanted.track, self.wanted.target, Entry.of(BASELINE), self.wanted.first_seed)
        study = Study(subject, self._budget(trials), opened, locks)
        study.open()
        self._run([study], desk, session)
        if not _ended(study):
            raise TimeUp  # and nothing is decided
        best = best_so_far(study)
        self.journal.learning_rate, self.journal.ema = best.learning_rate, best.ema
        session.say(f"     learning rate × {best.learning_rate:g}, EMA × {best.ema:g}, for all from here on")
        score, guidance = _validated(study)
        self.journal.baseline = {"score": score, "guidance": guidance}
        self.journal.untrained = self._untrained(score, guidance)
        self._write()

    def _search_families(self, desk: TimedDesk, session: Session, opened: RDBStorage, locks: Locks) -> None:
        """The families' parameters, and which of them is best."""
        able = (self._limit - time.monotonic()) / self._takes(1) / self.track.tuning.seeds
        trials = max(LEAST_TRIALS, min(self.plan.trials, 4 * int((able / len(families()) - 2) / 4)))
        names = ", ".join(family.name for family in families())
        session.say(f"3/{STEPS}  {names}: {trials} trials each{self._left(session)}")
        studies: list[Study] = []
        for family in families():
            entry = self._shared(Entry.of(family.spec))
            subject = Shared(self.wanted.track, self.wanted.target, entry, self.wanted.first_seed)
            studies.append(SharedStudy(subject, self._budget(trials), opened, locks, first=family.first))
        for study in studies:
            study.open()
        self._run(studies, desk, session)
        if not all(_ended(study) for study in studies):
            raise TimeUp
        ordered = sorted(studies, key=lambda study: _validated(study)[0])
        best, *others = [best_so_far(study).schedule for study in ordered]
        # All at once: whatever stops the command here, nothing is decided by half.
        self.journal.entries, self.journal.best, self.journal.others = compared(best, others, ENTRIES), best, others
        session.say(f"     best on validation data: {self.journal.best}")
        self._write()

    def _run(self, studies: list[Study], desk: TimedDesk, session: Session) -> None:
        """Search; a time that is over leaves what there is."""
        self._open = studies
        try:
            search(studies, desk, session.say)
        except TimeUp:
            desk.forget()
            session.say("     cut short: the time for it is over")
        self._open = []

    def _budget(self, trials: int) -> Budget:
        rule = Budget.of(self.track)
        return replace(rule, trials=trials, finalists=1, confirm_seeds=rule.seeds)

    def _untrained(self, score: float, guidance: float | None) -> str:
        """Why the baseline is untrained, "" where it isn't; by the rule that boards go by."""
        floor = self.journal.floors.get(self.track.evaluation.distance)
        if not math.isfinite(score):
            return "no run of it finished"
        if not floor:
            return ""
        figures = {"fd_mean": score, "guidance": guidance}
        card = {"floors": self.journal.floors, "baseline_best": {self.wanted.target: figures}}
        board = standing(self.track, card)
        return board.why if board.kind == "untrained" else ""


def _ended(study: Study) -> bool:
    """Whether any trial has."""
    return any(trial.state.is_finished() for trial in study.trials)


def _validated(study: Study) -> tuple[float, float | None]:
    """The score that a study's best has on validation data, and at which guidance: confirmed, else of its trial."""
    tuned = study.tuned
    if "schedule" in tuned:
        mine = next(confirmation for confirmation in tuned["confirmed"] if confirmation["trial"] == tuned["trial"])
        return float(np.exp(mine["value"])), mine["guidance"]
    ended = [trial for trial in study.trials if trial.value is not None]
    if not ended:
        return math.inf, None
    best = min(ended, key=lambda trial: trial.value if trial.value is not None else math.inf)
    return float(np.exp(best.value or 0.0)), best.user_attrs.get("guidance")


def check(track: str) -> None:
    """UserError for a track that no search can go by, or whose score says nothing of what a model makes."""
    objective.check(tracks.get(track))
    board = tracks.standing(track)
    if board.kind == "diagnostic":
        raise UserError(f"{track} is {board}, so nothing can be recommended by it; `snrbench tracks list` has others")
    if not tracks.card(track).get("floors") and (sentences := hopeless(known_cautions(track))):
        raise UserError(f"{track}: {sentences[0]}")
