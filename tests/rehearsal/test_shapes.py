from __future__ import annotations

import json
from string import ascii_letters

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy_gateway.recording import Said, client_of, pairs, sketched, statement, template

SECRET = "Rumpelstilzchen"


def body_of(path: str, body: object, media_type: str = "application/json") -> str:
    """Return the shape of *body*, sent to *path*."""
    raw = body if isinstance(body, str) else json.dumps(body)
    return sketched(Said("POST", path, "", {"content-type": media_type}, raw.encode())).body


class TestStatement:
    @pytest.mark.parametrize(
        ("soql", "shown"),
        [
            ("SELECT Id FROM Contact WHERE Name = 'Lena'", "SELECT Id FROM Contact WHERE Name = '?'"),
            ("SELECT Id FROM Contact WHERE Phone IN ('1', '2')", "SELECT Id FROM Contact WHERE Phone IN ('?', '?')"),
            ("SELECT Id FROM C WHERE Born = 1980-05-17", "SELECT Id FROM C WHERE Born = 2000-01-01"),
            (
                "SELECT Id FROM C WHERE At > 2024-01-01T08:00:00Z",
                "SELECT Id FROM C WHERE At > 2000-01-01T00:00:00Z",
            ),
            ("SELECT Id FROM C WHERE Score > 731 LIMIT 20", "SELECT Id FROM C WHERE Score > 0 LIMIT 20"),
            ("SELECT Id FROM C WHERE At = LAST_N_DAYS:30", "SELECT Id FROM C WHERE At = LAST_N_DAYS:30"),
            ("SELECT Id FROM C WHERE Vip = TRUE AND X != null", "SELECT Id FROM C WHERE Vip = TRUE AND X != null"),
            ("SELECT Id FROM C WHERE AccountId = '001000000000001AAA'", "SELECT Id FROM C WHERE AccountId = '{id}'"),
            ("SELECT Id, (SELECT Id FROM Cases) FROM Account", "SELECT Id, (SELECT Id FROM Cases) FROM Account"),
            ("FIND {Lena Vogt} RETURNING Contact(Id)", "FIND {?} RETURNING Contact(Id)"),
            (r"SELECT Id FROM C WHERE Name = 'O\'Neill'", "SELECT Id FROM C WHERE Name = '?'"),
        ],
    )
    def test_literals(self, soql: str, shown: str) -> None:
        """Each literal becomes the one that stands for its kind; names, limits and constants stay."""
        assert shown == statement(soql)

    @pytest.mark.parametrize(
        "soql",
        [
            f"SELECT Id FROM C WHERE Name = 'O'{SECRET}'",
            f"SELECT Id FROM C WHERE Name = 'O' {SECRET} 'x'",
            f"SELECT Id FROM C WHERE Name = {SECRET}",
            f"SELECT Id FROM C WHERE Name IN ({SECRET})",
            f"SELECT Id FROM C WHERE Name LIKE {SECRET}",
            f"FIND {SECRET} RETURNING Contact",
            f"SELECT Id FROM C WHERE Name = '{SECRET}",
            f"SELECT Id FROM C -- {SECRET}",
            f"please find {SECRET}",
        ],
    )
    def test_doubtful(self, soql: str) -> None:
        """What is not surely a statement, with all its literals, is dropped whole."""
        assert "?" == statement(soql)

    @given(st.text(ascii_letters + "äß'\\\\ ", min_size=8, max_size=40))
    def test_no_literal_survives(self, text: str) -> None:
        """Whatever stands in quotes, however it is escaped, is not in the shape."""
        quoted = text.replace("\\", "\\\\").replace("'", "\\'")

        assert "SELECT Id FROM Contact WHERE Name = '?' AND Email != '?' LIMIT 5" == (
            statement(f"SELECT Id FROM Contact WHERE Name = '{quoted}' AND Email != '{quoted}' LIMIT 5")
        )


class TestTemplate:
    @pytest.mark.parametrize(
        ("path", "shown"),
        [
            ("/services/data/v59.0/sobjects/Contact/003xx000004TmiQAAS", "/services/data/v59.0/sobjects/Contact/{id}"),
            ("/services/data/v59.0/sobjects/Contact/Email/a%40b.c", "/services/data/v59.0/sobjects/Contact/Email/{id}"),
            ("/services/data/v59.0/sobjects/Contact/Name/Lena", "/services/data/v59.0/sobjects/Contact/Name/{id}"),
            ("/services/data/v59.0/sobjects/Contact/Lena", "/services/data/v59.0/sobjects/Contact/{id}"),
            ("/crm/v3/objects/contacts/lena%40example.com", "/crm/v3/objects/contacts/{id}"),
            ("/crm/objects/2026-03/0-1/101", "/crm/objects/2026-03/0-1/{id}"),
            (
                "/crm/v4/objects/contacts/1/associations/companies/2",
                "/crm/v4/objects/contacts/{id}/associations/companies/{id}",
            ),
            ("/communication-preferences/v3/status/email/a@b.c", "/communication-preferences/v3/status/email/{id}"),
            ("/oauth/v1/access-tokens/pat-eu1-secret", "/oauth/v1/access-tokens/{id}"),
            ("/services/apexrest/Lena/Vogt", "/services/apexrest/{id}/{id}"),
        ],
    )
    def test_ids(self, path: str, shown: str) -> None:
        """Words of the APIs and names of types and fields stay; everything else is an id."""
        assert shown == template(path)

    @given(st.text(ascii_letters, min_size=16, max_size=30))
    def test_unknown_segments(self, word: str) -> None:
        """A segment that is no word of an API is never shown where no name can stand."""
        assert "/services/data/v59.0/query/{id}" == template(f"/services/data/v59.0/query/zz{word}")


class TestBody:
    def test_record(self) -> None:
        """Of a record only the names of its fields stay, whatever they are called."""
        body = {"State": SECRET, "method": SECRET, "operator": SECRET, "Age": 731, "VIP__c": True, "Nothing": None}

        assert {"State": "?", "method": "?", "operator": "?", "Age": 0, "VIP__c": False, "Nothing": None} == json.loads(
            body_of("/services/data/v59.0/sobjects/Contact", body)
        )

    def test_search(self) -> None:
        """Of a search the properties, operators and the page's size stay."""
        filters = [{"filters": [{"propertyName": "email", "operator": "EQ", "value": SECRET}]}]
        body = {
            "filterGroups": filters,
            "query": SECRET,
            "sorts": ["-createdate"],
            "properties": ["email"],
            "limit": 10,
        }

        assert {
            "filterGroups": [{"filters": [{"propertyName": "email", "operator": "EQ", "value": "?"}]}],
            "query": "?",
            "sorts": ["-createdate"],
            "properties": ["email"],
            "limit": 10,
        } == json.loads(body_of("/crm/v3/objects/contacts/search", body))

    def test_properties(self) -> None:
        """What stands below `properties` is a value, even where the name is one of the search's own."""
        body = {"properties": {"state": SECRET, "operator": SECRET}}

        assert {"properties": {"state": "?", "operator": "?"}} == json.loads(body_of("/crm/v3/objects/contacts", body))

    def test_composite(self) -> None:
        """The parts of a composite have shapes as if they had come alone."""
        part = {"method": "GET", "url": f"/services/data/v59.0/query?q=SELECT+Id+FROM+C+WHERE+Name='{SECRET}'"}
        shape = json.loads(body_of("/services/data/v59.0/composite", {"compositeRequest": [part]}))

        assert (
            "/services/data/v59.0/query?q=SELECT%20Id%20FROM%20C%20WHERE%20Name%3D%27%3F%27"
            == (shape["compositeRequest"][0]["url"])
        )

    def test_form(self) -> None:
        """Of a login the kind of grant stays."""
        form = f"grant_type=password&username={SECRET}&password={SECRET}"

        assert "grant_type=password&username=%3F&password=%3F" == (
            body_of("/services/oauth2/token", form, "application/x-www-form-urlencoded")
        )

    def test_xml(self) -> None:
        """Of XML the tags stay."""
        login = f"<login a='{SECRET}'><username>{SECRET}</username></login>"
        xml = f"<?xml version='1.0'?><e:Envelope xmlns:e='urn:x'>{login}</e:Envelope>"

        assert "<e:Envelope xmlns:e='urn:x'><login><username>?</username></login></e:Envelope>" == (
            body_of("/services/Soap/u/59.0", xml, "text/xml")
        )

    @pytest.mark.parametrize("xml", [f"<!-- {SECRET} --><a/>", f"<a><![CDATA[{SECRET}]]></a>", f"<a {SECRET}><b></a>"])
    def test_doubtful_xml(self, xml: str) -> None:
        """XML that hides text where tags are not is not shown."""
        assert SECRET not in body_of("/services/Soap/u/59.0", xml, "text/xml")

    def test_csv(self) -> None:
        """Of a table the header stays, and how many rows it has."""
        csv = f"LastName,Email\n{SECRET},a@b.c\nx,y\n"

        assert "LastName,Email\n?,?\n?,?\n" == body_of("/services/data/v59.0/jobs/ingest/7/batches", csv, "text/csv")

    @pytest.mark.parametrize("body", ["{", "\ud7ff binary", "a" * 20, "[1, 2", "Name;;\n"])
    def test_anything_else(self, body: str) -> None:
        """What is none of the kinds that are known is not shown."""
        assert "?" == body_of("/services/data/v59.0/anything", body, "text/plain")


class TestQuery:
    def test_names_and_values(self) -> None:
        """Names of fields stay where they are values; everything else is replaced by its kind."""
        names = "properties=email,firstname&idProperty=email&limit=10&archived=false"
        query = f"{names}&after=NzU&name={SECRET}&day=1980-05-17"
        shape = sketched(Said("GET", "/crm/v3/objects/contacts", query))

        assert {
            "properties": "email,firstname",
            "idProperty": "email",
            "limit": "10",
            "archived": "false",
            "after": "?",
            "name": "?",
            "day": "2000-01-01",
        } == dict(shape.query)

    def test_decoded(self) -> None:
        """A log may hold a query string that was decoded when it was written."""
        assert (("q", "SELECT Id FROM C WHERE N LIKE '%x%'"), ("columns", "true")) == pairs(
            "q=SELECT Id FROM C WHERE N LIKE '%x%'&columns=true"
        )

    @pytest.mark.parametrize(
        ("agent", "client"),
        [
            ("python-requests/2.34.2", "python-requests"),
            ("hubspot-api-client-python; 12.0.0", "hubspot-api-client-python"),
            ("sfdx toolbelt:", "sfdx toolbelt"),
            ("jobs (mailto:jane@example.com)", "jobs"),
            ("jane@example.com", "jane"),
            ("", "?"),
        ],
    )
    def test_client(self, agent: str, client: str) -> None:
        """A client is the product that it names first."""
        assert client == client_of(agent)
