"""Who the gateway's callers are to clients that only know users of an org."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from policy_gateway.ports import Session
from policy_gateway.wire import Json
from policy_gateway_salesforce.facade.exchange.ids import ORG, USER, made

SOAP: Final = "/services/Soap"


def org_of(session: Session) -> str:
    """Return the id of the org that a connection of a tenant looks like."""
    return made(ORG, session.tenant, session.connection)


def user_of(session: Session) -> str:
    """Return the id of the user that a principal looks like: one that no org gives away."""
    return made(USER, session.tenant, session.principal)


def username_of(session: Session) -> str:
    """Return what the user is called: ``user.anna.service@salesforce.acme``."""
    return f"{session.principal.replace(':', '.')}.{session.purpose}@{session.connection}.{session.tenant}"


def identity_url(session: Session, site: str) -> str:
    """Return where a client reads who it is."""
    return f"{site}/id/{org_of(session)}/{user_of(session)}"


def identity(session: Session, site: str, moment: str) -> dict[str, Json]:
    """Return what ``/id/…`` says of the caller: what it knows of itself, and nothing of any person in the CRM."""
    org, user, name = org_of(session), user_of(session), username_of(session)
    shown = session.principal.partition(":")[2]
    return {
        "id": identity_url(session, site),
        "asserted_user": True,
        "user_id": user,
        "organization_id": org,
        "username": name,
        "nick_name": shown,
        "display_name": shown,
        "email": name,
        "email_verified": False,
        "first_name": None,
        "last_name": shown,
        "timezone": "GMT",
        "photos": {"picture": f"{site}/profilephoto/005/F", "thumbnail": f"{site}/profilephoto/005/T"},
        "addr_street": None,
        "addr_city": None,
        "addr_state": None,
        "addr_country": None,
        "addr_zip": None,
        "mobile_phone": None,
        "mobile_phone_verified": False,
        "is_lightning_login_user": False,
        "status": {"created_date": None, "body": None},
        "urls": dict(_urls(org, user, site)),
        "active": True,
        "user_type": "STANDARD",
        "language": "en_US",
        "locale": "en_US",
        "utcOffset": 0,
        "last_modified_date": moment,
        "is_app_installed": True,
    }


def userinfo(session: Session, site: str, moment: str) -> dict[str, Json]:
    """Return the same as OpenID Connect calls it."""
    known = identity(session, site, moment)
    told = ("user_id", "organization_id", "email", "email_verified", "photos", "urls", "active", "user_type")
    return {
        "sub": known["id"],
        **{name: known[name] for name in told},
        "preferred_username": known["username"],
        "nickname": known["nick_name"],
        "name": known["display_name"],
        "given_name": None,
        "family_name": known["last_name"],
        "zoneinfo": "GMT",
        "picture": f"{site}/profilephoto/005/F",
        "profile": f"{site}/{known['user_id']}",
        "address": {},
        "is_salesforce_integration_user": False,
        "language": "en_US",
        "locale": "en_US",
        "utcOffset": 0,
        "updated_at": moment,
    }


def own_record(session: Session, root: str) -> dict[str, Json]:
    """Return the caller's own record of a user, which the CRM knows nothing of: command lines read their name in it."""
    user, name = user_of(session), username_of(session)
    return {
        "attributes": {"type": "User", "url": f"{root}/sobjects/User/{user}"},
        "Id": user,
        "Username": name,
        "Name": session.principal.partition(":")[2],
        "IsActive": True,
    }


def _urls(org: str, user: str, site: str) -> Mapping[str, Json]:
    api = f"{site}/services/data/v{{version}}"
    return {
        "enterprise": f"{site}{SOAP}/c/{{version}}/{org}",
        "metadata": f"{site}{SOAP}/m/{{version}}/{org}",
        "partner": f"{site}{SOAP}/u/{{version}}/{org}",
        "rest": f"{api}/",
        "sobjects": f"{api}/sobjects/",
        "search": f"{api}/search/",
        "query": f"{api}/query/",
        "recent": f"{api}/recent/",
        "tooling_soap": f"{site}{SOAP}/T/{{version}}/{org}",
        "tooling_rest": f"{api}/tooling/",
        "profile": f"{site}/{user}",
        "feeds": f"{api}/chatter/feeds",
        "groups": f"{api}/chatter/groups",
        "users": f"{api}/chatter/users",
        "feed_items": f"{api}/chatter/feed-items",
        "feed_elements": f"{api}/chatter/feed-elements",
        "custom_domain": site,
    }
