"""Values of points as JSON columns: the newest, a stretch of time, figures over time.

What one request may ask for is in `limits.py`. Points are named `site/equipment/point`.
"""
