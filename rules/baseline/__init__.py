"""A learned picture of one equipment's normal behaviour, and how far its readings are from it now.

For one equipment with its history at hand: `model` holds the settings and what was learned, `levels`
smooths readings, `learning` learns from a commissioning period, `scoring` judges readings as they come. For
all equipment of a property at once: `watch` is the way in, `group` holds a class, `bars` its minute means,
`fleet` its arrays, `gathering` learns and `judging` judges in them; `running` knows when equipment runs,
`kept` what outlives a restart. README.md says how it works and what it does on public data. Not here: which
points belong together, which class files say, and when an alarm is raised from a deviation, which their
rules say.
"""

from rules.baseline.learning import learn
from rules.baseline.model import Baseline, Settings, State
from rules.baseline.scoring import Scores, step

__all__ = ["Baseline", "Scores", "Settings", "State", "learn", "step"]
