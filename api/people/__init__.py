"""The people who do the work: skills, teams, technicians, certificates, shifts, on-call duty, training. Each
is written whole (PUT) or made (POST); the rules about them are in `plantroom/people` and the records.
"""
