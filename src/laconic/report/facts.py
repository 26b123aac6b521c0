"""What a run was made with, in words."""

from collections.abc import Mapping
from typing import Any

from laconic.report.section import Term


def run_facts(metrics: Mapping[str, Any], facts: Mapping[str, object]) -> tuple[Term, ...]:
    """Return a run's own facts and then its machine, versions, date and command; what is not known is left out."""
    machine = metrics.get("machine") or {}
    every = {
        **facts,
        "Machine": _machine(machine),
        "Versions": _versions(metrics.get("laconic"), machine),
        "Date": metrics.get("date"),
    }
    known = tuple(Term(name, str(text)) for name, text in every.items() if text)
    command = metrics.get("command")
    return (*known, Term("Command", str(command), code=True)) if command else known


def _machine(machine: Mapping[str, Any]) -> str:
    cores = f"{machine['cores']} cores" if "cores" in machine else ""
    return ", ".join(filter(None, [str(machine.get("cpu") or ""), cores]))


def _versions(laconic: object, machine: Mapping[str, Any]) -> str:
    found = {"laconic": laconic, "Python": machine.get("python")}
    found |= {name: version for name, version in machine.items() if name not in ("cpu", "cores", "python")}
    return ", ".join(f"{name} {version}" for name, version in found.items() if version)
