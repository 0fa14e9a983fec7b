"""The page on the service tells every route, every status it adds, and every setting."""

import re
from dataclasses import fields
from pathlib import Path

from aioibkr import Settings
from aioibkr.integrations.fastapi import application

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "fastapi.md").read_text()
EVERYWHERE = {"200", "401", "403", "408", "413", "421", "503"}


def test_every_route_is_told_with_the_statuses_it_adds() -> None:
    rows = {row for row in PAGE.splitlines() if row.startswith("| `")}
    for path, item in application(Settings()).openapi()["paths"].items():
        for method, operation in item.items():
            (row,) = [row for row in rows if f"`{method.upper()} {path}`" in row]
            added = set(operation["responses"]) - EVERYWHERE
            assert set(re.findall(r"\d{3}", row.rpartition(" | ")[2])) == added, (method, path)


def test_every_setting_of_the_service_is_told() -> None:
    settings = [field.name for field in fields(Settings) if field.name.startswith("ibkr_http_")]

    assert settings
    assert [name for name in settings if f"| `{name}`" not in PAGE] == []
