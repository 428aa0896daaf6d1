"""Sites, their spaces, and their building systems, each with its worst state and counts."""
