"""Deciding (the PDP of XACML) and looking after policies (the PAP): bundles, conditions, engine, residuals, tools."""

from policy_gateway.policy.bundle import Bundle, Rule
from policy_gateway.policy.folder import Policies
from policy_gateway.policy.policy import Policy
from policy_gateway.policy.reader import read_files, read_folder
from policy_gateway.policy.vocabulary import Vocabulary

__all__ = [
    "Bundle",
    "Policies",
    "Policy",
    "Rule",
    "Vocabulary",
    "read_files",
    "read_folder",
]
