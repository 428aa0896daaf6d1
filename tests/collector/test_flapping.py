from __future__ import annotations

from collector.flapping import QUICK_S, WINDOW_S, Flapping


class TestFlapping:
    def test_three_takeovers_are_a_warning_that_names_the_client_id(self) -> None:
        flapping = Flapping("me")
        for at in (0.0, 30.0):
            flapping.note(at, 30.0, taken_over=True)
            assert flapping.warning(at) is None
        flapping.note(60.0, 30.0, taken_over=True)
        assert "takes over our session: 3 times" in str(flapping.warning(60.0))
        assert "'me'" in str(flapping.warning(60.0))

    def test_quick_ends_seem_to_be_one(self) -> None:
        flapping = Flapping("me")
        for at in (0.0, 1.0, 3.0):
            flapping.note(at, 0.5, taken_over=False)
        assert "seems to take over" in str(flapping.warning(3.0))

    def test_connections_that_held_are_none(self) -> None:
        flapping = Flapping("me")
        for at in range(10):
            flapping.note(float(at), QUICK_S, taken_over=False)
        assert flapping.warning(10.0) is None

    def test_the_warning_passes(self) -> None:
        flapping = Flapping("me")
        for at in (0.0, 1.0, 2.0):
            flapping.note(at, 0.5, taken_over=True)
        assert flapping.warning(WINDOW_S - 1) is not None
        assert flapping.warning(WINDOW_S + 1) is None
