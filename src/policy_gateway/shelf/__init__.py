"""What facades must remember between two requests: sealed, bound to who put it there, and gone after a while."""

from policy_gateway.shelf.store import Shelf

__all__ = ["Shelf"]
