"""The HTTP API: routes, schemas, sign-in, and the console in `console/`. It changes nothing by itself.

One folder per subject, each with `routes.py` and `schemas.py`. `context.py` is what the composition gives,
`security.py` who makes a request, `shield.py` what stands before every request, `problems.py` how every
error goes out, `wire.py` and `filters.py` what the subjects share. Rules of the domain are in `plantroom`.
"""
