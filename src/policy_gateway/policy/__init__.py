"""Deciding (the PDP of XACML) and looking after policies (the PAP): bundles, conditions, engine, residuals, tools."""

from policy_gateway.policy.bundle import Bundle, Instruction, Link, Mandate, Place, Purpose, Rule
from policy_gateway.policy.cases import Case, Failure, Report, check_cases, read_cases, run_cases
from policy_gateway.policy.editing import Draft, PolicyFile
from policy_gateway.policy.explain import Explanation, NearMiss, Reason
from policy_gateway.policy.fmt import format_folder, formatted
from policy_gateway.policy.folder import Policies
from policy_gateway.policy.lint import lint
from policy_gateway.policy.oracle import Oracle
from policy_gateway.policy.policy import Policy
from policy_gateway.policy.reader import read_files, read_folder
from policy_gateway.policy.verdicts import Question
from policy_gateway.policy.vocabulary import Vocabulary

__all__ = [
    "Bundle",
    "Case",
    "Draft",
    "Explanation",
    "Failure",
    "Instruction",
    "Link",
    "Mandate",
    "NearMiss",
    "Oracle",
    "Place",
    "Policies",
    "Policy",
    "PolicyFile",
    "Purpose",
    "Question",
    "Reason",
    "Report",
    "Rule",
    "Vocabulary",
    "check_cases",
    "format_folder",
    "formatted",
    "lint",
    "read_cases",
    "read_files",
    "read_folder",
    "run_cases",
]
