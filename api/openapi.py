"""The API's description: what each group is for, and which problems every route may answer with."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from api.problems import MEDIA_TYPE, Problem

DESCRIPTION = """
What Plantroom knows of a property: its equipment with live values, alarms, work orders and readings.

**Sign-in.** Programs send `Authorization: Bearer plt_...` with a token made under `/tokens`; browsers sign in
under `/sessions` and send the cookie. Roles: *viewer* reads; *technician* also acknowledges, comments and
works on orders; *engineer* also shelves, resets, opens and closes orders; *admin* also keeps accounts.

**Times** are ISO 8601. Any offset is taken (write its `+` as `%2B` in an address); answers are in UTC.
**Units** stand beside their values. **Texts** for people have `en` and `zh`.

**Lists** answer `items`, `next_cursor` and `total`. Send `next_cursor` as `cursor` with the same filters and
sorting for the next page.

**Errors** are problem details (RFC 9457): `code` is for programs, `detail` for people; a 422 lists what is
wrong and where in `errors`, a 409 the changes that are allowed instead in `allowed`.

**Two at once.** An `ETag` is the version of an order, a team, a shift: send it as `If-Match`, and a change to
what somebody else changed meanwhile is refused with 412. `Idempotency-Key` makes opening an order safe to
repeat.
"""

TAGS = [
    {"name": "sites", "description": "Sites, their spaces, and the state of their building systems."},
    {"name": "equipment", "description": "Equipment with its points, live values and rules."},
    {
        "name": "readings",
        "description": "Values of points: the newest, a stretch of time, figures over time.",
    },
    {"name": "alarms", "description": "Faults found by the rules, in the states of ISA-18.2."},
    {
        "name": "maintenance modes",
        "description": "Equipment and spaces that are worked on, their alarms out of service.",
    },
    {"name": "work orders", "description": "Work to be done: opened by faults, by due plans or by hand."},
    {"name": "people", "description": "Teams, technicians, skills, certificates, shifts, duty, training."},
    {"name": "service levels", "description": "How soon orders must be responded to, answered, put right."},
    {"name": "backtests", "description": "Changed rules tried over stored readings."},
    {"name": "quarantine", "description": "Messages that could not be taken, and why."},
    {
        "name": "discovered devices",
        "description": "Devices found on other people's topics: adopted as equipment, or set aside.",
    },
    {"name": "sessions", "description": "Signing in and out, oneself, and one's tokens."},
    {"name": "users", "description": "The people who sign in."},
    {"name": "operations", "description": "How the process itself does."},
]

_WORDS = {
    400: "The request cannot be read.",
    401: "Nobody is signed in.",
    403: "The role is too small, or the request comes from another site.",
    404: "No such thing.",
    409: "Its state does not allow this; `allowed` says what it allows.",
    412: "Somebody changed it meanwhile; `version` is the one that stands.",
    413: "The body is too large.",
    422: "Something in the request is wrong; `errors` says what and where.",
    429: "Too many failures; `Retry-After` says when to try again.",
    503: "A store is away or busy; `Retry-After` says when to try again.",
}
_OPEN = {"/healthz", "/readyz"}


def describe(app: FastAPI) -> None:
    """Make the application answer for its description with ours."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _schema(app)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


def _schema(app: FastAPI) -> dict[str, Any]:
    schema = get_openapi(
        title=app.title,
        version=app.version,
        description=app.description,
        routes=app.routes,
        tags=TAGS,
        servers=[{"url": "/api/v1"}],
        separate_input_output_schemas=app.separate_input_output_schemas,
    )
    components = schema["components"]["schemas"]
    for unused in ("HTTPValidationError", "ValidationError"):
        components.pop(unused, None)
    problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    components.update(problem.pop("$defs", {}))
    components["Problem"] = problem
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            _add_problems(path, method, operation)
    return schema


def _add_problems(path: str, method: str, operation: dict[str, Any]) -> None:
    found = {503}
    if path not in _OPEN:
        found |= {401}
    if "security" in operation and path != "/sessions":
        found |= {403}
    if operation.get("parameters") or "requestBody" in operation:
        found |= {422}
    if "{" in path or path.startswith("/readings"):
        found |= {404}
    if method in ("post", "put", "patch", "delete"):
        found |= {403}
    if "requestBody" in operation:
        found |= {400, 409, 413}
    if any(item["name"].lower() == "if-match" for item in operation.get("parameters", ())):
        found |= {409, 412}
    if path in ("/sessions", "/me/password"):
        found |= {429}
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    for status in sorted(found):
        operation["responses"][str(status)] = {"description": _WORDS[status], "content": content}
