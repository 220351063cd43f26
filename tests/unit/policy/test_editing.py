from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from policy_gateway.errors import Conflict, PolicyError
from policy_gateway.policy import Draft, Policies, PolicyFile, Vocabulary, editing

Files = dict[str, bytes]
Write = Callable[[Mapping[str, bytes]], Path]
ACME = "tenants/acme.csv"


@pytest.fixture
def policies(files: Files, write: Write, vocabulary: Vocabulary) -> Policies:
    """Return the small policy, in force."""
    return Policies(write(files), vocabulary)


@pytest.fixture
def file(policies: Policies) -> PolicyFile:
    """Return the rules of one tenant."""
    return PolicyFile(policies, ACME)


class TestPolicyFile:
    def test_reads(self, file: PolicyFile, files: Files) -> None:
        """A file is read as it is, with line feeds only."""
        assert files[ACME].decode() == file.read().text

    def test_writes(self, file: PolicyFile, policies: Policies) -> None:
        """A good text is written and in force at once, and nothing else lies around."""
        before, listed = policies.current().version, sorted(policies.folder.rglob("*"))
        draft = file.read()

        file.write(Draft("# new\r\n" + draft.text, draft.tag))

        assert "# new\n" + draft.text == (policies.folder / ACME).read_text()
        assert before != policies.current().version
        assert listed == sorted(policies.folder.rglob("*"))

    def test_keeps_the_mode(self, file: PolicyFile, policies: Policies) -> None:
        """Who may read the file is the same afterwards."""
        (policies.folder / ACME).chmod(0o640)
        draft = file.read()

        file.write(Draft("# new\n" + draft.text, draft.tag))

        assert 0o640 == (policies.folder / ACME).stat().st_mode & 0o777

    def test_refuses_what_is_broken(self, file: PolicyFile, policies: Policies) -> None:
        """A broken text is refused with all findings: nothing is written, and what was in force stays."""
        draft, before = file.read(), policies.current()

        with pytest.raises(PolicyError) as refused:
            file.write(Draft(draft.text.replace("allow", "alow"), draft.tag))

        assert {ACME} == {finding.path for finding in refused.value.findings}
        assert (draft, before, None) == (file.read(), policies.current(), policies.problem)

    def test_refuses_what_another_changed(self, file: PolicyFile, policies: Policies) -> None:
        """Who edited an older text learns that it is older: nobody's change is lost."""
        draft = file.read()
        (policies.folder / ACME).write_text("# theirs\n" + draft.text)

        with pytest.raises(Conflict):
            file.write(Draft("# mine\n" + draft.text, draft.tag))

        assert "# theirs\n" + draft.text == file.read().text

    def test_waits_for_others(self, file: PolicyFile, policies: Policies) -> None:
        """While somebody changes several files together, none is written in between."""
        draft = file.read()
        (policies.folder / ".updating").touch()

        with pytest.raises(PolicyError, match="updating"):
            file.write(Draft("# mine\n" + draft.text, draft.tag))

    def test_gone(self, file: PolicyFile, policies: Policies) -> None:
        """A file that is gone is a finding like any other."""
        (policies.folder / ACME).unlink()

        with pytest.raises(PolicyError, match=r"acme\.csv:1:1: unreadable"):
            file.read()

    def test_failed_writing(self, tmp_path: Path) -> None:
        """When a file cannot be replaced, no temporary one stays behind."""
        (tmp_path / "acme.csv").mkdir()

        with pytest.raises(OSError, match="acme"):
            editing._replace(tmp_path / "acme.csv", b"# end")

        assert [tmp_path / "acme.csv"] == list(tmp_path.iterdir())
