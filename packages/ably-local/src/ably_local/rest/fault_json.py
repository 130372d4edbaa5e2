"""Faults as the control API takes and shows them: JSON objects with the settings of their kind."""

from __future__ import annotations

from dataclasses import fields

from ..errors import Code, ErrorInfo, refusal
from ..policy import FAULTS, SERVER_ERROR, Fault
from .fields import Fields


def fault_from(body: Fields) -> Fault:
    """Read a fault to put in force; refuse what makes no sense with 40000 or 40003."""
    kinds = {kind.type_name(): kind for kind in FAULTS}
    kind = kinds[body.one_of("type", kinds)]
    settings = _settings(kind)
    body.only("type", *settings.values())
    given: dict[str, object] = {}
    for name, key in settings.items():
        match name:
            case "error":
                given[name] = body.error(key, SERVER_ERROR)
            case "times":
                given[name] = body.integer(key, least=1)
            case "milliseconds":
                body.require(key)
                given[name] = body.integer(key, least=0)
            case "reading" | "writing":
                given[name] = body.boolean(key) is not False
            case _:
                given[name] = body.text(key)
    try:
        return kind(**given)  # type: ignore[arg-type] # each setting was read as its type
    except ValueError as error:
        raise refusal(Code.INVALID_PARAMETER_VALUE, str(error)) from None


def fault_to_wire(fault: Fault) -> dict[str, object]:
    """Return a fault as the control API shows it."""
    wire: dict[str, object] = {"id": fault.id, "type": fault.type_name(), "struck": fault.struck}
    for name, key in _settings(type(fault)).items():
        value = getattr(fault, name)
        if isinstance(value, ErrorInfo):
            value = value.to_wire()
        if value is not None:
            wire[key] = value
    return wire


def _settings(kind: type[Fault]) -> dict[str, str]:
    """Return the settings of a kind of fault: their names in Python and in JSON."""
    limits = {"times", "connection_id", "channel"}
    return {
        setting.name: _camel(setting.name)
        for setting in fields(kind)
        if setting.init and (setting.name in kind.limits or setting.name not in limits)
    }


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(other.capitalize() for other in others)
