"""How the process does: liveness, readiness and Prometheus metrics. What the property does is elsewhere."""
