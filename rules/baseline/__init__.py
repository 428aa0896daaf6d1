"""A learned picture of one equipment's normal behaviour, and how far its readings are from it now.

`model` holds the settings and what was learned, `levels` smooths readings, `learning` learns from a
commissioning period, `scoring` judges readings as they come. README.md says how it works and what it does on
public data. Not here: which points belong together and when an alarm is raised from a deviation, which the
engine decides.
"""

from rules.baseline.learning import learn
from rules.baseline.model import Baseline, Settings, State
from rules.baseline.scoring import Scores, step

__all__ = ["Baseline", "Scores", "Settings", "State", "learn", "step"]
