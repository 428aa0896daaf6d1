"""Every window function against a plain one, over any readings."""

import math
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plain_windows import MINUTE, Values, Window, say
from ruletools import BAD, T0, Rig

from plantroom.times import SECOND
from rules.engine import Engine

GAP = 300 * SECOND
LENGTHS = {"over 6 min": (6, 1), "over 12 min by 3 min": (12, 3), "over 70 min": (70, 5)}
NUMBERS = {
    "mean": "mean(flow {})",
    "min": "min(flow {})",
    "max": "max(flow {})",
    "stddev": "stddev(flow {})",
    "delta": "delta(flow {})",
    "rate": "rate(flow {})",
    "slope": "slope(flow {})",
    "ewma": "ewma(flow {})",
    "percentile": "percentile(flow, 80 % {})",
    "reversals": "reversals(flow, 4 m3/h {})",
    "spikes": "spikes(flow {})",
    "time_to": "time_to(flow, 40 m3/h {})",
    "flatline": "flatline(flow {})",
    "absent": "absent(flow {})",
    "learned": "learned(flow {})",
}
LIMITS = {"percentile": 0.8, "reversals": 4.0, "time_to": 40.0}
TRUTHS = {
    "count": "count({} {})",
    "duration": "duration({} {})",
    "changes": "changes({} {})",
}
COMPARED = {
    **dict.fromkeys(("mean", "min", "max", "stddev", "delta", "ewma", "percentile", "learned"), " > 0 m3/h"),
    **dict.fromkeys(("rate", "slope"), " > 0 m3/h / 1 s"),
    **dict.fromkeys(("reversals", "spikes", "count", "changes"), " > 0"),
    **dict.fromkeys(("time_to", "duration"), " > 0 s"),
    **dict.fromkeys(("flatline", "absent"), ""),
}
CASES: list[tuple[str, str, Window]] = []
"""What enters, the text, and the window that the plain functions are asked about."""
for length, (span, step) in LENGTHS.items():
    of = (span * MINUTE, step * MINUTE)
    for name, text in NUMBERS.items():
        asked = Window(name, *of, limit=LIMITS.get(name, math.nan))
        CASES.append(("flow", text.format(length) + COMPARED[name], asked))
        where = Window(name, *of, where=True, limit=LIMITS.get(name, math.nan))
        CASES.append(("flow where running", text.format(f"where running {length}") + COMPARED[name], where))
    for name, text in TRUTHS.items():
        CASES += [
            (source, text.format(source, length) + COMPARED[name], Window(name, *of, gap=GAP))
            for source in ("running", "flow > 20", "running and flow > 20")
        ]
    CASES.append(("flow", f"changes(flow {length}) > 0", Window("changes", *of)))
    CASES.append(("starts", f"delta(starts {length}) > 0", Window("growth", *of)))
    CASES.append(("starts", f"rate(starts {length}) > 1 / 1 h", Window("growth rate", *of)))

VALUES = {
    "flow": [0, 10, 12, 13.5, 20, 20.5, 20.75, 21, 22, 30, 90],
    "running": [0, 1, 1],
    "starts": [0, 1, 3, 3, 4, 9, 10],
}
RIG = Rig({f"r{index}": text for index, (_, text, _) in enumerate(CASES)}, stale="5min")
INDEX = {rule.key: rule.windows[0] for rule in RIG.engine.classes[0].compiled}


def windows(engine: Engine) -> dict[str, float | None]:
    """Rule -> what its window says, as the engine holds it."""
    [rules] = engine.classes
    of = {term: index for index, term in enumerate(rules.lanes.windows)}
    found: dict[str, float | None] = {}
    for key, term in INDEX.items():
        value = float(engine.history.values[rules.lanes.out + of[term] * rules.lanes.width])
        text = RIG.cls.rules[int(key[1:])].when
        if text.startswith(("flatline", "absent")) and not math.isnan(value):
            value = float(value <= 0)
        found[key] = None if math.isnan(value) else value
    return found


Reading = tuple[str, int, float, int]


@st.composite
def readings(draw: st.DrawFn) -> list[Reading]:
    """Readings in the order of time, none twice, now and then with minutes of silence."""
    found: dict[tuple[str, int], Reading] = {}
    at = draw(st.integers(0, 130))
    trend = draw(st.sampled_from([0, 0, 0.5]))
    for count in range(draw(st.integers(1, 60))):
        at += draw(st.sampled_from([0, 1, 10, 20, 30, 59, 60, 60, 61, 150, 299, 301, 700]))
        key = draw(st.sampled_from(["flow", "flow", "flow", "running", "starts"]))
        value = draw(st.sampled_from(VALUES[key])) if key != "flow" or not trend else trend * count
        found[key, at] = (key, at, value, draw(st.sampled_from([0, 0, 0, 0, 0, BAD])))
    return list(found.values())


def entered(rows: list[Reading]) -> dict[str, Values]:
    """What enters the bars of every source, by the specification."""
    found: dict[str, Values] = {source: [] for source, _, _ in CASES}
    latest: dict[str, tuple[int, float | None]] = {}
    times = sorted({at for _, at, _, _ in rows})
    for at in times:
        now = {key: None if quality else value for key, when, value, quality in rows if when == at}
        latest |= {key: (at, value) for key, value in now.items()}
        held = {key: value for key, (when, value) in latest.items() if at - when <= 300}
        flow, running = held.get("flow"), held.get("running")
        more = None if flow is None else flow > 20
        both = False if running == 0 or more is False else None if None in (running, more) else True
        ts = T0 + at * SECOND
        for source, value, of in (
            ("flow", flow, ["flow"]),
            ("flow where running", flow if running == 1 else None, ["flow"]),
            ("running", running, ["running"]),
            ("flow > 20", more, ["flow"]),
            ("running and flow > 20", both, ["flow", "running"]),
            ("starts", held.get("starts"), ["starts"]),
        ):
            if value is not None and any(key in now for key in of):
                found[source].append((ts, float(value)))
    return found


@pytest.mark.timeout(400)
@settings(max_examples=80, deadline=None)
@given(readings(), st.integers(0, 15), st.integers(0, 2**32))
def test_windows_say_what_the_plain_ones_say(rows: list[Reading], later: int, seed: int) -> None:
    random = Random(seed)
    engine = RIG.fresh()
    cuts = [index for index in range(1, len(rows)) if rows[index][1] > rows[index - 1][1]]
    cuts = sorted(random.sample(cuts, random.randint(0, len(cuts))))
    for start, end in zip([0, *cuts], [*cuts, len(rows)], strict=True):
        engine.step(RIG.batch(*rows[start:end]), T0)
    now = T0 + rows[-1][1] * SECOND + later * MINUTE
    engine.advance(now)
    values = entered(rows)
    born = (T0 + rows[0][1] * SECOND) // MINUTE * MINUTE
    for key, value in windows(engine).items():
        source, text, window = CASES[int(key[1:])]
        expected = say(window, values[source], now, born)
        # a difference of squares loses half the digits of the millionths that means are rounded to
        near = 0.02 if window.function == "stddev" else 1e-5
        assert value == (None if expected is None else pytest.approx(expected, rel=1e-5, abs=near)), text
