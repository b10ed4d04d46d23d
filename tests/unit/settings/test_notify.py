"""Whom to notify: off by default, checked when it is read, and never shown."""

from __future__ import annotations

import pytest

from dspyui_core.errors import InputError
from dspyui_core.settings import Settings

WEBHOOK = "https://hooks.example.com/open-sesame"
EMAIL = "mailtos://me:open-sesame@smtp.example.com?to=ana@example.com"


def test_by_default_nobody_is_told() -> None:
    notify = Settings().notify

    assert (notify.webhook, notify.email) == (None, None)


def test_both_addresses_are_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DSPYUI_NOTIFY__WEBHOOK", WEBHOOK)
    monkeypatch.setenv("DSPYUI_NOTIFY__EMAIL", EMAIL)

    settings = Settings.read()

    assert settings.notify.webhook is not None
    assert settings.notify.webhook.get_secret_value() == WEBHOOK
    assert "open-sesame" not in f"{settings!r} {settings} {settings.model_dump_json()}"


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("DSPYUI_NOTIFY__WEBHOOK", "hooks.example.com/open-sesame", "http:// or https://"),
        ("DSPYUI_NOTIFY__WEBHOOK", EMAIL, "http:// or https://"),
        ("DSPYUI_NOTIFY__EMAIL", "open-sesame@example.com", "mailto:// or mailtos://"),
    ],
)
def test_an_address_of_another_kind_is_told_without_its_value(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, told: str
) -> None:
    monkeypatch.setenv(name, value)

    with pytest.raises(InputError, match=f"{name}: does not begin with {told}") as caught:
        Settings.read()

    assert "open-sesame" not in str(caught.value)
