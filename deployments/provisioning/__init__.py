"""Provisioning: what a Prefect server is given, so that the programs of a workspace run on it."""

from __future__ import annotations

from deployments.provisioning.records import Provisioned
from deployments.provisioning.whole import provision

__all__ = ["Provisioned", "provision"]
