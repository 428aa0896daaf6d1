"""What one topic means: its form, its device, and which of the values are which points."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from collector.mapping.bound import Pick, by_device, pick, picks
from collector.mapping.layout import FieldEntry, MessageEntry
from collector.mapping.site_map import Use
from collector.mapping.template import Template
from collector.mapping.values import path_of
from plantroom.discovery import Binding, Target


@dataclass(frozen=True, slots=True)
class Form:
    """A kind of topic of one use."""

    use: Use
    entry: MessageEntry
    template: Template


@dataclass(frozen=True, slots=True)
class Route:
    """What one topic means. `picks` are None for a device that is not bound."""

    form: Form
    names: Mapping[str, str]
    device: str = ""
    field: str = ""
    picks: tuple[Pick, ...] | None = None
    ignored: bool = False
    time: tuple[str, ...] | None = None


class Bindings:
    """Which device is what, and the routes that follow; replaced as a whole when something is adopted."""

    def __init__(self, uses: Sequence[Use], adopted: Sequence[Binding]) -> None:
        listed = [binding for use in uses for binding in use.bindings]
        # what is written in a file goes before what was clicked
        self.by_device = by_device([*adopted, *listed])
        self.routes: dict[str, Route] = {}
        self.exact: dict[str, list[Pick]] = {}
        announcing = {use.layout.layout for use in uses if use.states}
        for binding in self.by_device.values():
            if binding.layout not in announcing:
                continue
            for name, target in binding.targets.items():
                if target.topic:
                    entry = FieldEntry(path=target.path)
                    self.exact.setdefault(target.topic, []).append(pick(binding.site, name, target, entry))


def route_of(form: Form, names: Mapping[str, str], bindings: Bindings) -> Route:
    """The route of a topic of this form, with these names in it."""
    entry, use = form.entry, form.use
    if entry.format == "sparkplug_b":
        device = "/".join(filter(None, (names["group"], names["node"], names.get("device"))))
    elif entry.format in {"json", "value", "status"}:
        device = entry.device.format_map(names)
    else:
        return Route(form, names)
    name = "" if entry.field is None else entry.field.format_map(names)
    if name and entry.entry_of(name) is None:
        return Route(form, names, device, name, ignored=True)
    binding = bindings.by_device.get((use.layout.layout, use.site, device))
    if binding is None and use.direct and name:
        binding = Binding(use.layout.layout, use.site, device, {name: Target(device, name)})
    elif binding is None and use.direct and entry.fields:
        targets = {key: Target(device, key) for key in entry.fields}
        binding = Binding(use.layout.layout, use.site, device, targets)
    return Route(
        form=form,
        names=names,
        device=device,
        field=name,
        picks=None if binding is None else _picks(binding, entry, name),
        ignored=binding is not None and binding.ignored,
        time=None if entry.time is None else path_of(entry.time),
    )


def _picks(binding: Binding, entry: MessageEntry, name: str) -> tuple[Pick, ...]:
    if not name:
        return picks(binding, entry)
    # the whole message is one field, whatever the field's path
    target = binding.targets.get(name)
    if target is None:
        return ()
    listed = entry.entry_of(name) or FieldEntry()
    made = pick(binding.site, name, target, listed.model_copy(update={"path": ""}))
    return (Pick(made.field, (name,), made.topic, made.point, made.unit, made.transform),)
