"""Starts an oracle, prints its process id, and waits to be killed."""

from __future__ import annotations

import multiprocessing
import sys
import time
from pathlib import Path

from policy_gateway.builtins.conditions import BUILT_IN
from policy_gateway.builtins.masks import Masks
from policy_gateway.policy import Oracle, Policies, Question, Vocabulary
from policy_gateway.policy.oracle import Sample


def main() -> None:
    """Run until killed."""
    conditions = {condition.name: condition for condition in BUILT_IN}
    masks = {mask.name: mask for mask in Masks().register_masks()}
    oracle = Oracle()
    policies = Policies(
        Path(sys.argv[1]), Vocabulary(conditions, masks, frozenset({"log", "notify", "expire"})), oracle
    )
    oracle.start(policies.distrust)
    question = Question(frozenset({"agent"}), "acme", "view", "service")
    oracle.check(Sample(policies.current().version, question, ("contact.iban",), {}, pending=True, level="none"))
    while oracle.checked < 1:
        time.sleep(0.01)
    print(multiprocessing.active_children()[0].pid, flush=True)  # noqa: T201 -- the test reads it
    time.sleep(600)


if __name__ == "__main__":
    main()
