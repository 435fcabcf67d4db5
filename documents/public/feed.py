"""A guideline's changes as an Atom feed: one entry a version that came out, one a withdrawal, the newest first."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.feedgenerator import Atom1Feed, Enclosure

from documents.public.addresses import whole
from documents.selectors.published_versions import PublishedGuideline, PublishedQuestion, Version

CONTENT_TYPE = "application/atom+xml; charset=utf-8"

_NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


@dataclass(frozen=True)
class Change:
    """`what` is the last part of its id: `version/2`, `version/2/withdrawn`."""

    version: Version
    what: str
    at: datetime
    title: str
    said: str


def of_guideline(guideline: PublishedGuideline) -> str:
    front = guideline.front
    return _feed(
        f"{front.guideline_title}: changes",
        front.author,
        whole("published_guideline", guideline.slug),
        whole("published_feed", guideline.slug),
        [one for question in guideline.questions for one in question.versions],
    )


def of_question(question: PublishedQuestion) -> str:
    front = question.newest.front
    return _feed(
        f"{front.title}: changes",
        front.author,
        whole("published_question", question.guideline, question.slug),
        whole("published_question_feed", question.guideline, question.slug),
        question.versions,
    )


def changes(versions: Iterable[Version]) -> list[Change]:
    """What has happened to these versions, the newest first."""
    found = []
    for one in versions:
        title, part = one.front.title, f"version/{one.number}"
        note = one.note or "First version."
        found.append(
            Change(
                one,
                part,
                one.published_at,
                f"{title}: version {one.number} published",
                f"{note} {one.front.answer}",
            )
        )
        if one.withdrawn:
            found.append(
                Change(
                    one,
                    f"{part}/withdrawn",
                    one.withdrawn.at,
                    f"{title}: version {one.number} withdrawn",
                    f"Withdrawn: {one.withdrawn.reason}",
                )
            )
    return sorted(found, key=lambda change: (change.at, change.what), reverse=True)


def _feed(title: str, author: str, link: str, own: str, versions: Iterable[Version]) -> str:
    feed = Atom1Feed(
        title=_clean(title),
        link=link,
        description=None,
        author_name=_clean(author),
        feed_url=own,
        language="en-GB",
    )
    for change in changes(versions):
        one = change.version
        place = (one.guideline, one.question, one.number)
        feed.add_item(
            title=_clean(change.title),
            link=whole("published_version", *place),
            description=_clean(change.said),
            unique_id=_tag(change),
            pubdate=change.at,
            updateddate=change.at,
            author_name=_clean(one.front.author),
            enclosures=[Enclosure(whole("published_pdf", *place), "", "application/pdf")],
        )
    return feed.writeString("utf-8")


def _tag(change: Change) -> str:
    """A name that stays when addresses change (RFC 4151)."""
    one = change.version
    host = urlsplit(settings.SITE_URL).hostname
    return f"tag:{host},{one.published_at:%Y-%m-%d}:{one.guideline}/{one.question}/{change.what}"


def _clean(text: str) -> str:
    return _NOT_IN_XML.sub("\ufffd", text)
