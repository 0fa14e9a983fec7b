"""The rules for Cargo manifests: which crate may depend on which, and on which outside system."""

from collections.abc import Mapping
from typing import cast

Manifest = Mapping[str, object]

OURS = {"aioibkr-core", "aioibkr-mock-gateway", "aioibkr-bridge"}
# What each crate may name of ours and of the guarded outside crates, and where.
ALLOWED = {
    "aioibkr-core": {
        "dependencies": {"ibapi"},
        "dev-dependencies": {"ibapi", "aioibkr-mock-gateway"},
    },
    "aioibkr-mock-gateway": {"dependencies": set[str](), "dev-dependencies": set[str]()},
    "aioibkr-bridge": {
        "dependencies": {
            "aioibkr-core", "aioibkr-mock-gateway", "pyo3", "pyo3-async-runtimes", "pyo3-log",
        },
        "dev-dependencies": set[str](),
        "build-dependencies": {"pyo3-build-config"},
    },
    "aioibkr-fuzz": {"dependencies": {"aioibkr-core", "aioibkr-mock-gateway"}},
    "aioibkr-tests": {"dev-dependencies": {"aioibkr-core", "aioibkr-mock-gateway", "ibapi"}},
}  # fmt: skip


def dependencies_follow_design(manifest: Manifest) -> list[str]:
    """A crate names only the guarded crates that the design allows it."""
    name = str(table(manifest, "package")["name"])
    if name not in ALLOWED:
        return [f"{name}: a crate the design does not know"]
    return [
        f"{name}: {section} may not name {dependency}"
        for section in ("dependencies", "dev-dependencies", "build-dependencies")
        for dependency in sorted(named(manifest, section))
        if is_guarded(dependency) and dependency not in ALLOWED[name].get(section, set())
    ]


def is_guarded(dependency: str) -> bool:
    """Tell whether a dependency is ours or an outside system with one door."""
    return dependency in OURS or dependency == "ibapi" or dependency.startswith("pyo3")


def named(manifest: Manifest, section: str) -> set[str]:
    """The packages of a section, those for single platforms included."""
    tables = [manifest, *(cast("Manifest", entry) for entry in table(manifest, "target").values())]
    return {
        str(entry.get("package", key)) if isinstance(entry, dict) else key
        for each in tables
        for key, entry in table(each, section).items()
    }


def table(manifest: Manifest, key: str) -> Manifest:
    """A table of a manifest, empty when absent."""
    return cast("Manifest", manifest.get(key, {}))
