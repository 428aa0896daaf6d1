"""The pieces of an evaluation, run in processes: simulators' readings through the real engine."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

import simulators
from plantroom.alarms import AlarmEvent
from plantroom.catalogue import Catalogue, EquipmentClass, load_catalogue
from plantroom.model import PointTable
from plantroom.readings import ReadingBatch
from plantroom.times import DAY, HOUR, Nanos
from rules.engine import Engine
from rules.evaluation import faults as judged
from rules.evaluation import healthy as counted
from simulators import trials
from simulators.registry import models

Piece: TypeAlias = trials.Trials | trials.Healthy
Raised: TypeAlias = list[tuple[int, Nanos, str]]
"""Equipment, reading time, rule."""

SIDE = 16
"""Most healthy equipment of a class side by side in one engine, which is faster than one after the other."""
SLICES = 4
"""Stretches of healthy running over the year, one for each season."""
SHORTEST: Nanos = 10 * DAY
"""Stretch below which fewer equipment run for longer instead: rules look back over days."""


@dataclass(frozen=True, slots=True)
class Finished:
    """What came of one piece."""

    outcomes: tuple[judged.Outcome, ...] = ()
    quiet: tuple[counted.Quiet, ...] = ()


def pieces(
    classes: Iterable[str],
    seeds: Sequence[int],
    severities: Sequence[float],
    total: Nanos,
    *,
    first_seed: int = 1,
) -> list[Piece]:
    """Everything to run: the faults of each class with these seeds, then `total` of healthy running of each.

    Each healthy equipment has its own seed, from `first_seed` on.
    """
    names = list(classes)
    found: list[Piece] = []
    for name in names:
        found.extend(trials.trials(models()[name], seeds, severities))
    if total:
        for name in names:
            cls = _catalogue()[name]
            side = max(1, min(SIDE, total // (SLICES * SHORTEST)))
            found.extend(trials.healthy(cls, total, slices=SLICES, side=side, seed=first_seed))
    return found


def run_all(
    plan: Sequence[Piece], *, jobs: int, keep: Path | None = None, done: Callable[[Piece], None]
) -> list[Finished]:
    """What came of every piece, in their order; `done` hears of each as it is finished.

    What `keep` holds of an earlier run of the same pieces, catalogue and simulators is not run again.
    """
    kept = {} if keep is None else _read_kept(keep)
    names = [_name(piece) for piece in plan]
    found = {at: kept[name] for at, name in enumerate(names) if name in kept}
    for at in found:
        done(plan[at])
    # the longest first, so that no process ends up with one while the others are idle
    todo = sorted((at for at in range(len(plan)) if at not in found), key=lambda at: -_weight(plan[at]))
    for at, finished in _spread([(at, plan[at]) for at in todo], jobs):
        found[at] = finished
        if keep is not None:
            with keep.open("a", encoding="utf-8") as file:
                file.write(json.dumps({"piece": names[at], **asdict(finished)}) + "\n")
        done(plan[at])
    return [found[at] for at in range(len(plan))]


def run_piece(piece: Piece) -> Finished:
    """What came of one piece."""
    cls = _catalogue()[piece.equipment_class]
    model = models()[piece.equipment_class]
    if isinstance(piece, trials.Healthy):
        raised = _raised(cls, *trials.run_healthy(cls, model, piece))
        figures = counted.quiet(
            cls.key, len(piece.seeds), piece.span, piece.interval_s, [rule for _, _, rule in raised]
        )
        return Finished(quiet=(figures,))
    raised = _raised(cls, *trials.run_trials(cls, model, piece))
    end = piece.begin + round(piece.scene.hours * HOUR)
    outcomes = tuple(
        judged.judge(
            [(ts, rule) for seat, ts, rule in raised if seat == number],
            equipment_class=cls.key,
            kind=kind,
            severity=severity,
            seed=piece.seed,
            truth=model.faults[kind],
            begin=piece.begin,
            end=end,
        )
        for number, (kind, severity) in enumerate(piece.faults)
    )
    return Finished(outcomes)


def _raised(cls: EquipmentClass, table: PointTable, readings: Iterable[ReadingBatch]) -> Raised:
    engine = Engine(Catalogue({cls.key: cls}), table)
    found: Raised = []
    for batch in readings:
        changes = engine.step(batch, int(batch.ts.max()))
        found += [
            (change.equipment_id, change.ts, change.rule)
            for change in changes
            if change.event is AlarmEvent.RAISE
        ]
    return found


def _spread(plan: Sequence[tuple[int, Piece]], jobs: int) -> Iterator[tuple[int, Finished]]:
    if jobs == 1 or len(plan) <= 1:
        for at, piece in plan:
            yield at, run_piece(piece)
        return
    # a process that is started anew shares no state with this one, on every platform
    with ProcessPoolExecutor(jobs, mp_context=multiprocessing.get_context("spawn")) as pool:
        futures = {pool.submit(run_piece, piece): at for at, piece in plan}
        try:
            for future in as_completed(futures):
                yield futures[future], future.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


@cache
def _catalogue() -> Catalogue:
    return load_catalogue()


def _weight(piece: Piece) -> float:
    """How long a piece takes, roughly: readings of the whole."""
    if isinstance(piece, trials.Healthy):
        return len(piece.seeds) * piece.span / HOUR * 3600 / piece.interval_s
    period = models()[piece.equipment_class].period_s
    return len(piece.faults) * piece.scene.hours * 3600 / period


def _name(piece: Piece) -> str:
    """The piece and a digest of all that decides its outcome but the engine."""
    return f"{piece!r} {_digest(piece.equipment_class)}"


@cache
def _digest(equipment_class: str) -> str:
    text = hashlib.sha256(_catalogue()[equipment_class].model_dump_json().encode())
    for path in sorted(Path(simulators.__path__[0]).glob("*.py")):
        text.update(path.read_bytes())
    return text.hexdigest()[:16]


def _read_kept(path: Path) -> dict[str, Finished]:
    found: dict[str, Finished] = {}
    if not path.exists():
        return found
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            item: dict[str, Any] = json.loads(line)
            outcomes = tuple(_outcome(entry) for entry in item["outcomes"])
            found[item["piece"]] = Finished(
                outcomes, tuple(counted.Quiet(**entry) for entry in item["quiet"])
            )
        except (ValueError, KeyError, TypeError):
            continue  # a line that an interrupted run left half written is run again
    return found


def _outcome(entry: dict[str, Any]) -> judged.Outcome:
    lists = {key: tuple(entry[key]) for key in ("truth", "right", "others", "before")}
    return judged.Outcome(**{**entry, **lists})
