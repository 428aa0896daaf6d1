"""The learned baseline: what it finds, names, forgives and refuses; and its figures on public data."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plantroom.errors import FileError, StoreCorruptError
from plantroom.times import HOUR, SECOND
from rules.baseline import Baseline, Scores, Settings, State, learn, step
from rules.evaluation import skab

DATA = Path(__file__).parents[3] / "shared" / "data" / "skab"
LEARNED = 600
POINTS = 5


def healthy(rows, seed=1):
    """Times and readings of five points: a load that three of them follow, and scatter of their own."""
    random = np.random.default_rng(seed)
    load = np.convolve(random.standard_normal(rows + 40), np.ones(41) / np.sqrt(41), "valid")
    values = np.outer(load, [2.0, 5.0, -0.3, 0.0, 0.0]) + np.array([20.0, 300.0, 4.0, 50.0, 1.0])
    values += random.standard_normal((rows, POINTS)) * [0.2, 0.5, 0.03, 1.0, 0.01]
    return np.arange(rows) * 10 * SECOND, values


def learned(values, **figures):
    """The baseline of the first LEARNED rows."""
    return learn(np.arange(LEARNED) * 10 * SECOND, values[:LEARNED], Settings(**figures))


def judged(values, ts=None, **figures):
    """The scores of the rows after the first LEARNED."""
    ts = np.arange(len(values)) * 10 * SECOND if ts is None else ts
    return step(learned(values, **figures).start(), ts[LEARNED:], values[LEARNED:])


def joined(parts):
    return [
        np.concatenate([getattr(part, name) for part in parts])
        for name in ("deviation", "alarm", "contributions")
    ]


@pytest.mark.parametrize("seed", range(4))
def test_healthy_scatter_raises_less_than_one_alarm_in_a_hundred_readings(seed):
    _, values = healthy(6000, seed)
    scores = judged(values)
    assert scores.alarm.mean() < 0.01
    assert np.isfinite(scores.deviation).all()


@pytest.mark.parametrize(("point", "shift"), [(0, 6.0), (1, -15.0), (2, 0.9), (3, 2.0), (4, -0.02)])
def test_a_shift_of_one_point_is_found_and_named(point, shift):
    _, values = healthy(1200)
    values[900:, point] += shift
    scores = judged(values)
    assert not scores.alarm[:300].any()
    assert scores.alarm[330:].mean() > 0.95
    assert scores.contributions[330:].mean(axis=0).argmax() == point
    assert scores.contributions[330:, point].mean() > 0.55


def test_the_alarm_clears_once_the_shift_is_gone():
    _, values = healthy(1500)
    values[900:1100, 3] += 3.0
    scores = judged(values)
    assert scores.alarm[340:500].all()
    assert not scores.alarm[580:].any()


def test_an_alarm_holds_between_the_limit_and_its_clearing_share_and_no_further():
    _, values = healthy(1200)
    values[900:, 3] += np.linspace(4, 0, 300)
    scores = judged(values, memory=100.0)
    after = np.arange(len(scores.alarm)) > np.flatnonzero(scores.alarm)[0]
    between = after & (scores.deviation <= scores.limit) & (scores.deviation > 0.8 * scores.limit)
    down = np.flatnonzero(after & (scores.deviation <= 0.8 * scores.limit))[0]
    assert between[:down].any()
    assert scores.alarm[np.flatnonzero(scores.alarm)[0] : down].all()
    assert not scores.alarm[down]


def test_a_broken_correlation_is_found_though_every_point_stays_in_its_range():
    _, values = healthy(1200)
    low, high = values[:LEARNED].min(axis=0), values[:LEARNED].max(axis=0)
    broken = values.copy()
    # flow that no longer follows the load but stands at a level often seen before
    broken[900:, 1] = (
        np.quantile(values[:LEARNED, 1], 0.8) + (values[900:, 1] - values[900:, 0] * 2.5 - 250) * 0.1
    )
    assert ((broken[900:, 1] > low[1]) & (broken[900:, 1] < high[1])).all()
    scores = judged(broken)
    assert not scores.alarm[:300].any()
    assert scores.alarm[340:].mean() > 0.5
    found = scores.contributions[300:][scores.alarm[300:]].mean(axis=0)
    assert found.argmax() == 1


def test_contributions_are_shares_of_one():
    _, values = healthy(900)
    parts = judged(values).contributions
    assert parts.shape == (300, POINTS)
    assert (parts >= 0).all()
    np.testing.assert_allclose(parts.sum(axis=1), 1.0)


def test_one_spike_is_no_fault():
    _, values = healthy(900)
    values[700, 3] = 1e9
    assert not judged(values).alarm.any()


def test_slow_drift_while_healthy_is_followed_and_a_quick_shift_on_it_is_found():
    _, values = healthy(6000)
    values[:, 3] += np.linspace(0, 12, 6000)
    values[5500:, 3] += 6
    scores = judged(values)
    assert scores.alarm[:4900].mean() < 0.01
    assert scores.alarm[4940:5000].all()


def test_too_many_unknown_points_make_the_row_unknown_and_raise_nothing():
    _, values = healthy(1200)
    values[900:, 3] += 6
    values[900:, :3] = np.nan
    scores = judged(values)
    assert np.isnan(scores.deviation[300:]).all()
    assert not scores.alarm.any()
    assert (scores.contributions[300:] == 0).all()


def test_unknown_neither_clears_nor_hides_an_alarm_that_stands():
    _, values = healthy(1200)
    values[900:, 3] += 4
    values[1000:1010] = np.nan
    scores = judged(values)
    assert scores.alarm[350:400].all()
    assert not scores.alarm[400:410].any()
    assert scores.alarm[410:].all()


def test_a_shift_is_found_while_another_point_is_unknown():
    _, values = healthy(1200)
    values[700:, 4] = np.nan
    values[900:, 3] += 3
    scores = judged(values)
    assert not scores.alarm[:300].any()
    assert scores.alarm[340:].all()
    assert (scores.contributions[100:, 4] == 0).all()


def test_infinities_and_absurd_values_are_unknown():
    _, values = healthy(900)
    values[650:, 0], values[650:, 1], values[650:, 2] = np.inf, -np.inf, 1e300
    scores = judged(values)
    assert np.isnan(scores.deviation[50:]).all()


def test_a_long_gap_starts_the_levels_anew():
    ts, values = healthy(1000)
    ts[700:] += HOUR
    scores = judged(values, ts)
    assert np.isfinite(scores.deviation[:100]).all()
    assert np.isnan(scores.deviation[100:114]).all()
    assert np.isfinite(scores.deviation[114:]).all()


def test_a_short_gap_does_not():
    ts, values = healthy(1000)
    ts[700:] += 200 * SECOND
    assert np.isfinite(judged(values, ts).deviation).all()


def test_what_a_long_alarm_could_not_follow_is_allowed_to_have_wandered():
    _, values = healthy(4000)
    values[700:, 0] += 14.0
    scores = judged(values, memory=1.0)
    assert scores.alarm[150:400].all()
    assert scores.deviation[-500:].mean() < 0.9 * scores.deviation[150:400].mean()


def test_a_constant_point_and_one_never_known_are_left_out():
    _, values = healthy(1000)
    values[:, 2], values[:, 4] = 7.0, np.nan
    baseline = learned(values)
    assert baseline.used.tolist() == [True, True, False, True, False]
    values[700:, 2] = 8.0
    scores = step(baseline.start(), np.arange(LEARNED, 1000) * 10 * SECOND, values[LEARNED:])
    assert not scores.alarm.any()
    assert (scores.contributions[:, [2, 4]] == 0).all()


def test_a_point_that_moved_once_while_learning_may_do_so_again():
    _, values = healthy(1000)
    values[:, 4] = 1.0
    values[300, 4] = values[800, 4] = 2.0
    assert not judged(values).alarm.any()


def test_points_that_agree_exactly_do_not_break_learning():
    _, values = healthy(1000)
    values[:, 1] = 3 * values[:, 0]
    scores = judged(values)
    assert not scores.alarm.any()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda ts, values: (ts[:100], values[:100]),
            r"100 readings are too few to learn 5 points from.*150",
        ),
        (lambda ts, values: (ts, values[:-1]), "do not fit"),
        (lambda ts, values: (ts, values[:, 0]), "do not fit"),
        (lambda ts, values: (np.roll(ts, 5), values), "row 5 is not after"),
        (lambda ts, values: (ts, np.ones_like(values)), "nothing to learn"),
        (lambda ts, values: (ts, np.full_like(values, np.nan)), "nothing to learn"),
        (lambda ts, values: (ts + np.arange(len(ts)) // 10 * 10 * HOUR, values), "broken up by silence"),
    ],
)
def test_what_cannot_be_learned_from_is_refused(change, message):
    with pytest.raises(ValueError, match=message):
        learn(*change(*healthy(LEARNED)))


@pytest.mark.parametrize(
    "figures",
    [{"smoothing": 0}, {"gap": 0}, {"limit": float("nan")}, {"wander": -1}, {"memory": 0}, {"clear": 1.5}],
)
def test_settings_that_cannot_work_are_refused(figures):
    with pytest.raises(ValueError, match=next(iter(figures))):
        Settings(**figures)


def test_readings_that_do_not_fit_are_refused_and_change_nothing():
    ts, values = healthy(800)
    state = learned(values).start()
    before = state.to_bytes()
    for wrong in (
        (ts[LEARNED:], values[LEARNED:, :3]),
        (ts[:10], values[:10]),
        (ts[LEARNED:][::-1], values[LEARNED:]),
    ):
        with pytest.raises(ValueError):
            step(state, *wrong)
    assert state.to_bytes() == before


def test_no_rows_give_no_judgement():
    ts, values = healthy(LEARNED)
    scores = step(learned(values).start(), ts[:0], values[:0])
    assert scores.deviation.shape == scores.alarm.shape == (0,)
    assert scores.contributions.shape == (0, POINTS)


def troubled():
    """Readings with a fault, unknown values and a long gap."""
    ts, values = healthy(1000)
    random = np.random.default_rng(5)
    values[random.random(values.shape) < 0.03] = np.nan
    values[700:760, 1] = np.nan
    values[760:900, 3] += 5
    ts[850:] += HOUR
    return ts, values


@settings(max_examples=200, deadline=None)
@given(st.lists(st.integers(0, 1000 - LEARNED), max_size=12), st.booleans())
def test_any_cut_of_the_readings_gives_the_very_same_judgements(cuts, stored):
    ts, values = troubled()
    baseline = learned(values)
    whole_state = baseline.start()
    whole = step(whole_state, ts[LEARNED:], values[LEARNED:])
    assert whole.alarm.any()
    assert np.isnan(whole.deviation).any()
    state, parts = baseline.start(), []
    edges = [0, *sorted(cuts), 1000 - LEARNED]
    for start, stop in pairwise(edges):
        if stored:
            baseline = Baseline.from_bytes(baseline.to_bytes())
            state = State.from_bytes(state.to_bytes(), baseline)
        rows = slice(LEARNED + start, LEARNED + stop)
        parts.append(step(state, ts[rows], values[rows]))
    for one, other in zip(joined(parts), joined([whole]), strict=True):
        assert one.tobytes() == other.tobytes()
    assert state.to_bytes() == whole_state.to_bytes()


@pytest.mark.parametrize("times", [1, 2, 4])
def test_reading_by_reading_is_the_same_as_all_at_once(times):
    ts, values = troubled()
    # sums of eight terms and more are where the order of adding can change with the number of rows
    values = np.tile(values, times) + np.random.default_rng(8).standard_normal((1000, POINTS * times)) * 0.1
    baseline = learned(values)
    whole = step(baseline.start(), ts[LEARNED:], values[LEARNED:])
    state = baseline.start()
    parts = [step(state, ts[row : row + 1], values[row : row + 1]) for row in range(LEARNED, 1000)]
    for one, other in zip(joined(parts), joined([whole]), strict=True):
        assert one.tobytes() == other.tobytes()


def test_judgements_use_no_later_reading():
    ts, values = troubled()
    baseline = learned(values)
    changed = values.copy()
    changed[800:] = 1e6
    one = step(baseline.start(), ts[LEARNED:], values[LEARNED:])
    other = step(baseline.start(), ts[LEARNED:], changed[LEARNED:])
    np.testing.assert_array_equal(one.deviation[:200], other.deviation[:200])
    assert (one.deviation[200:210] != other.deviation[200:210]).any()


def test_learning_twice_gives_equal_bytes_and_bytes_give_it_back():
    ts, values = healthy(LEARNED)
    one, other = learn(ts, values), learn(ts, values)
    assert one.to_bytes() == other.to_bytes()
    back = Baseline.from_bytes(one.to_bytes())
    assert back.to_bytes() == one.to_bytes()
    assert back.settings == one.settings
    with pytest.raises(ValueError, match="read-only"):
        one.centre[0] = 1.0


@pytest.mark.parametrize("cut", [0, 1, 30, -1])
def test_damaged_bytes_are_refused(cut):
    _, values = healthy(LEARNED)
    baseline = learned(values)
    with pytest.raises(StoreCorruptError):
        Baseline.from_bytes(baseline.to_bytes()[:cut])
    with pytest.raises(StoreCorruptError):
        State.from_bytes(baseline.start().to_bytes()[:cut], baseline)
    with pytest.raises(StoreCorruptError):
        Baseline.from_bytes(baseline.start().to_bytes())


def test_a_state_of_another_baseline_is_refused():
    _, values = healthy(LEARNED)
    fewer = values.copy()
    fewer[:, 0] = 1.0
    with pytest.raises(StoreCorruptError, match="add up"):
        State.from_bytes(learned(values).start().to_bytes(), learned(fewer))


def test_the_deviation_of_healthy_readings_means_the_same_for_few_and_many_points():
    random = np.random.default_rng(3)
    ts = np.arange(4000) * SECOND
    highs = []
    for points in (1, 4, 16):
        baseline = learn(ts[:1000], random.standard_normal((1000, points)))
        scores: Scores = step(baseline.start(), ts[1000:], random.standard_normal((3000, points)))
        highs.append(float(np.quantile(scores.deviation, 0.99)))
    assert max(highs) < 3.5
    assert max(highs) - min(highs) < 1.5


def written(folder, name, fault, labels=True):
    """One file as the benchmark has them: 900 rows, `fault` added to the second point in rows 600 to 799."""
    random = np.random.default_rng(2)
    lines = ["datetime;Pressure;Flow" + (";anomaly;changepoint" if labels else "")]
    for row in range(900):
        faulty = 600 <= row < 800
        flow = 32 + random.standard_normal() + (fault if faulty else 0)
        label = f";{float(faulty)};0.0" if labels else ""
        clock = f"2020-03-09 {10 + row // 3600:02}:{row // 60 % 60:02}:{row % 60:02}"
        lines.append(f"{clock};{random.standard_normal()};{flow}{label}")
    folder.mkdir(exist_ok=True)
    (folder / name).write_text("\n".join(lines) + "\n", encoding="utf-8")


def test_the_evaluation_pools_labelled_files_only(tmp_path):
    written(tmp_path / "valve", "1.csv", -8)
    written(tmp_path / "valve", "2.csv", 0)
    written(tmp_path, "healthy.csv", 0, labels=False)
    table = skab.evaluate(tmp_path)
    of_file = {line.name: line for line in table.files}
    assert of_file["valve/1.csv"].leading == "Flow"
    assert of_file["valve/1.csv"].counts.hits > 180
    assert of_file["valve/2.csv"].counts == (0, 0, 200, 300)
    assert of_file["healthy.csv"].counts == (0, 0, 0, 500)
    assert table.total.counts == tuple(np.add(of_file["valve/1.csv"].counts, of_file["valve/2.csv"].counts))
    assert [line.name for line in table.groups] == ["= valve"]
    assert table.total.counts.missed_alarm_rate > 50
    assert "Flow" in str(table)


def test_counts_give_the_published_figures():
    counts = skab.Counts(hits=70, false_alarms=30, missed=30, quiet=170)
    assert counts.f1 == pytest.approx(0.7)
    assert counts.false_alarm_rate == pytest.approx(15.0)
    assert counts.missed_alarm_rate == pytest.approx(30.0)
    assert skab.Counts(0, 0, 0, 0).f1 == 0.0


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a;b\n1;2\n", "1:1: expected columns"),
        ("datetime;Flow\nnever;1\n", "2:1: Invalid isoformat"),
        ("datetime;Flow\n2020-01-01 00:00:00;wet\n", "2:1: could not convert"),
        ("datetime;Flow;anomaly\n2020-01-01 00:00:00;1\n", "2:1: this row is shorter"),
        ("datetime;Flow\n2020-01-01 00:00:00;1\n", "1 rows; the first 400"),
    ],
)
def test_a_file_that_is_not_of_the_benchmark_is_named(tmp_path, capsys, text, message):
    (tmp_path / "x.csv").write_text(text, encoding="utf-8")
    with pytest.raises(FileError, match=message):
        skab.evaluate(tmp_path)
    assert skab.main([str(tmp_path)]) == 2
    assert "x.csv" in capsys.readouterr().err


def test_an_empty_folder_is_said_to_be_empty(tmp_path):
    with pytest.raises(FileError, match="no CSV file"):
        skab.evaluate(tmp_path)


@pytest.mark.skipif(
    not DATA.is_dir(), reason="the SKAB data is not beside the repository (../shared/data/skab)"
)
def test_figures_on_the_public_benchmark_with_one_setting_for_all_files():
    table = skab.evaluate(DATA)
    valve = next(line for line in table.groups if line.name.endswith("valve1")).counts
    # reached 0.876 at 7.6 %; the margin is for other builds of the linear algebra
    assert valve.f1 >= 0.85
    assert valve.false_alarm_rate <= 12
    assert valve.missed_alarm_rate <= 22
    flow = [line for line in table.files if line.leading.startswith("Volume Flow")]
    assert len(flow) >= 12
    healthy_line = next(line for line in table.files if line.name == "anomaly-free.csv")
    assert healthy_line.counts.false_alarm_rate <= 20
