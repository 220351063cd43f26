from __future__ import annotations

import ipaddress

import pytest

from policy_gateway.crm import Origin, Reach, parse_base_url
from policy_gateway.errors import ConfigurationError


class TestBaseUrl:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("https://api.example.com", Origin("https", "api.example.com", 443)),
            ("https://API.Example.COM/", Origin("https", "api.example.com", 443)),
            ("http://127.0.0.1:8069/crm/v2/", Origin("http", "127.0.0.1", 8069, "/crm/v2")),
            ("https://[2001:DB8:0:0::1]:8443", Origin("https", "2001:db8::1", 8443)),
            ("https://xn--bcher-kva.example", Origin("https", "xn--bcher-kva.example", 443)),
            ("http://crm", Origin("http", "crm", 80)),
        ],
    )
    def test_plain(self, text: str, expected: Origin) -> None:
        """The plain form is read, and the host becomes lower case."""
        assert expected == parse_base_url(text)

    @pytest.mark.attack("F05", "F07")
    @pytest.mark.parametrize(
        "text",
        [
            "",
            "ftp://example.com",
            "//example.com",
            "https://",
            "https:///path",
            "https:example.com",
            "https://good.example\\@evil.example",
            "https://good.example#@evil.example",
            "https://evil.example?.good.example",
            "https://user@example.com",
            "https://user:word@example.com",
            "https://example.com/?q=1",
            "https://example.com/#top",
            "https://example.com/a/../b",
            "https://example.com/./a",
            "https://example.com//a",
            "https://example.com/%2e%2e/a",
            "https://example.com:0",
            "https://example.com:65536",
            "https://example.com:080",
            "https://example.com.",
            "https://localhost.",
            "https://.example.com",
            "https://exa_mple.com",
            "https://-a.example",
            "https://a-.example",
            "https://a..b",
            "https://" + "a" * 64 + ".example",
            "https://2130706433",
            "https://0x7f.1",
            "https://0x7f000001",
            "https://127.1",
            "https://0177.0.0.1",
            "https://127.0.0.0x1",
            "https://1.2.3.4.5",
            "https://256.1.1.1",
            "https://[::1",
            "https://[fe80::1%25eth0]",
            "https://[::1].example.com",
            "https://bücher.example",
            "https://example。com",
            "https://１２７.0.0.1",
            "https://example.com\n",
            "https://example.com\t",
            " https://example.com",
            "https://example.com:443 ",
            "https://exam\nple.com",
            "https://example.com\r\nhost: evil",
            "https://example.com\x00",
        ],
    )
    def test_refused(self, text: str) -> None:
        """Whatever two parsers could read differently is refused, and not quoted."""
        with pytest.raises(ConfigurationError) as caught:
            parse_base_url(text)

        assert not text or text not in caught.value.detail

    @pytest.mark.parametrize(
        ("text", "site"),
        [
            ("https://example.com/a", "https://example.com"),
            ("http://example.com:443", "http://example.com:443"),
            ("https://[2001:db8::1]:8443/a", "https://[2001:db8::1]:8443"),
        ],
    )
    def test_site(self, text: str, site: str) -> None:
        """The site is scheme, host and port, whatever the path."""
        assert site == parse_base_url(text).site


class TestReach:
    @pytest.mark.attack("F05")
    @pytest.mark.parametrize(
        "address",
        [
            "127.0.0.1",
            "127.255.255.254",
            "0.0.0.0",  # noqa: S104 -- an attack's address, not one to listen on
            "10.0.0.1",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "169.254.1.1",
            "100.64.0.1",
            "100.100.100.200",
            "168.63.129.16",
            "192.0.0.192",
            "192.0.2.1",
            "198.18.0.1",
            "224.0.0.1",
            "239.255.255.255",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "fe80::1",
            "fc00::1",
            "fd00:ec2::254",
            "fec0::1",
            "ff02::1",
            "::ffff:127.0.0.1",
            "::ffff:8.8.8.8",
            "::127.0.0.1",
            "64:ff9b::7f00:1",
            "2002:7f00:1::",
            "2001:0:4136:e378::1",
            "2001:db8::1",
        ],
    )
    def test_not_public(self, address: str) -> None:
        """Only public addresses are reached unless the operator says otherwise."""
        assert not Reach().permits("crm.example.com", ipaddress.ip_address(address))

    @pytest.mark.parametrize("address", ["8.8.8.8", "93.184.216.34", "2606:4700::1111"])
    def test_public(self, address: str) -> None:
        """Public addresses are reached."""
        assert Reach().permits("crm.example.com", ipaddress.ip_address(address))

    def test_named_host(self) -> None:
        """A host on the allow-list may have a private address; another host at that address may not."""
        reach = Reach.of(["CRM.internal"])

        assert reach.permits("crm.internal", ipaddress.ip_address("10.0.0.1"))
        assert not reach.permits("crm.example.com", ipaddress.ip_address("10.0.0.1"))

    def test_network(self) -> None:
        """A network on the allow-list is reached, its neighbors are not."""
        reach = Reach.of(["10.1.0.0/16", "fd12::/32"])

        assert reach.permits("a.example", ipaddress.ip_address("10.1.2.3"))
        assert reach.permits("a.example", ipaddress.ip_address("fd12::1"))
        assert not reach.permits("a.example", ipaddress.ip_address("10.2.0.1"))

    @pytest.mark.parametrize("address", ["169.254.169.254", "168.63.129.16", "fd00:ec2::254", "::ffff:10.0.0.1"])
    def test_never(self, address: str) -> None:
        """Where clouds hand out credentials is never reached, nor an address in disguise."""
        reach = Reach.of(["0.0.0.0/0", "::/0", "crm.internal"])

        assert not reach.permits("crm.internal", ipaddress.ip_address(address))

    @pytest.mark.parametrize(
        "base_url",
        [
            "http://api.example.com",
            "https://127.0.0.1",
            "https://[::1]",
            "https://0.0.0.0",
            "https://169.254.169.254",
            "https://10.0.0.1",
            "https://localhost",
            "https://crm.localhost",
        ],
    )
    def test_required(self, base_url: str) -> None:
        """Plain http, this machine and private addresses are refused already when they are configured."""
        with pytest.raises(ConfigurationError):
            Reach().require(parse_base_url(base_url))

    @pytest.mark.parametrize(
        "base_url", ["http://127.0.0.1:8069", "https://127.0.0.1", "http://localhost:8069", "https://api.example.com"]
    )
    def test_allowed(self, base_url: str) -> None:
        """What the operator allows may be configured, by plain http too."""
        Reach.of(["127.0.0.1", "localhost"]).require(parse_base_url(base_url))

    @pytest.mark.parametrize("entry", ["", "10.0.0.1/8", "*.example.com", "example.com.", "http://a", "127.1", "bü"])
    def test_bad_entry(self, entry: str) -> None:
        """An entry of the allow-list that could mean something else is refused."""
        with pytest.raises(ConfigurationError):
            Reach.of([entry])
