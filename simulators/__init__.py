"""Stand-ins for the hardware: seeded physical models with injectable faults, their publisher, and replay.

One file per equipment class (`pump.py`, `elevator.py`, ...) holds that class's physics and its table of
fault kinds with the rules they must raise (the ground truth). `fleet.py` steps the models of a site and
encodes their messages, `publisher.py` sends them over MQTT at a pace, `replay.py` does the same for
recorded CSV, `story.py` and `demo.yaml` are the demo. Nothing here decides whether something is a fault,
reads the wall clock in a model, or knows the collector beyond its topic grammar and codecs.
"""

from pathlib import Path

DEMO_SITE = Path(__file__).parent / "demo.yaml"
"""The site file of the demo."""
