"""The console: one contact as each persona sees it, side by side; one rule file to edit; the last audit entries.

It has no sign-in of its own: whoever reaches it looks with the credentials that it was given. Mount it for a demo, on
loopback: ``mounted={"/console": console(pages)}``.
"""

from __future__ import annotations

from policy_gateway.web.console.app import console
from policy_gateway.web.console.scene import Contact, Pages, Persona

__all__ = ["Contact", "Pages", "Persona", "console"]
