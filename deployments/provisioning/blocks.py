"""The Prefect blocks that keep the addresses of those who are told; both are secrets there."""

from __future__ import annotations

from uuid import UUID

from prefect.blocks.core import Block
from prefect.blocks.notifications import SlackWebhook
from prefect.blocks.webhook import Webhook
from prefect.client.schemas.objects import BlockDocument
from prefect.exceptions import ObjectNotFound
from pydantic import SecretStr

from deployments.provisioning.desk import Desk
from dspyui_core.settings import NotifySettings

_JSON = {"Content-Type": "application/json"}
# Of a block that a dry run does not make.
_TO_COME = UUID(int=0)


def settle_blocks(desk: Desk, notify: NotifySettings) -> dict[str, UUID | None]:
    """By channel, the id of the block with its address; None for a channel that is off."""
    return {
        "webhook": _settle(desk, "webhook", notify.webhook),
        "email": _settle(desk, "email", notify.email),
    }


def _settle(desk: Desk, channel: str, address: SecretStr | None) -> UUID | None:
    name = f"dspyui-{channel}"
    piece = f"block {name}"
    found = _found(desk, _kind(channel), name)
    if address is None:
        if found is not None:
            desk.do("removed", piece, lambda: desk.client.delete_block_document(found.id))
        return None
    if found is not None and found.data.get("url") == address.get_secret_value():
        desk.leave(piece)
        return found.id
    deed = "created" if found is None else "updated"
    return desk.do(deed, piece, lambda: _saved(channel, address, name)) or _TO_COME


def _kind(channel: str) -> type[Block]:
    # Prefect has no block for mail by SMTP: this one hands any address that is not Slack's on to
    # Apprise as it is, which knows mail and much else.
    return Webhook if channel == "webhook" else SlackWebhook


def _saved(channel: str, address: SecretStr, name: str) -> UUID:
    headers = {"headers": _JSON} if channel == "webhook" else {}
    block = _kind(channel)(url=address, **headers)
    saved = block.save(name, overwrite=True)
    return UUID(str(saved))


def _found(desk: Desk, kind: type[Block], name: str) -> BlockDocument | None:
    try:
        return desk.client.read_block_document_by_name(name, kind.get_block_type_slug())
    except ObjectNotFound:
        return None
