"""Where a question stands on its way to being published: its approvals and its versions, as one page shows them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from documents.published import content_sha256, short
from documents.schema import EtdDocument
from etd.actions.publication import standing_approvals
from etd.enums import QuestionStatus
from etd.models import PublishedVersion, Question, User


@dataclass(frozen=True)
class Step:
    """A station of the way: `state` is `done`, `here` or `ahead`."""

    label: str
    detail: str
    state: str


@dataclass(frozen=True)
class ApprovalView:
    """`counts`: it is of the question as it stands now."""

    name: str
    at: datetime
    counts: bool


@dataclass(frozen=True)
class WithdrawalView:
    reason: str
    at: datetime
    by: str


@dataclass(frozen=True)
class VersionView:
    """`withdrawal` is None while the guideline stands by the version; the hashes are 64 hexadecimal digits."""

    number: int
    published_at: datetime
    published_by: str
    note: str
    approved_by: tuple[str, ...]
    document_sha256: str
    pdf_sha256: str
    record_sha256: str
    withdrawal: WithdrawalView | None

    @property
    def short_hash(self) -> str:
        return short(self.document_sha256)

    @property
    def before(self) -> int | None:
        """The number of the version before it."""
        return self.number - 1 if self.number > 1 else None


@dataclass(frozen=True)
class Publication:
    """`content` is the hash of what can be approved now, empty outside a review; `versions` are the newest first."""

    status: QuestionStatus
    needed: int
    content: str
    approvals: tuple[ApprovalView, ...]
    i_have_approved: bool
    versions: tuple[VersionView, ...]

    @property
    def n_approvals(self) -> int:
        """How many people have approved the question as it stands now."""
        return sum(one.counts for one in self.approvals)

    @property
    def n_missing(self) -> int:
        return max(0, self.needed - self.n_approvals)

    @property
    def next_number(self) -> int:
        return self.versions[0].number + 1 if self.versions else 1

    @property
    def standing(self) -> VersionView | None:
        """The newest version, unless it is withdrawn: an earlier one does not come back by that."""
        return next((one for one in self.versions[:1] if one.withdrawal is None), None)

    @property
    def steps(self) -> tuple[Step, ...]:
        return _steps(self)


def load_publication(question: Question, viewer: User, document: EtdDocument | None) -> Publication:
    """The question's way to being published, in one query, in review in two; `document` is what is reviewed."""
    status = QuestionStatus(question.status)
    in_review = document is not None
    content = content_sha256(document) if document else ""
    approvals = list(standing_approvals(question)) if in_review else []
    return Publication(
        status=status,
        needed=question.guideline.approvals_needed,
        content=content,
        approvals=tuple(
            ApprovalView(str(one.approved_by), one.approved_at, one.content_sha256 == content)
            for one in approvals
        ),
        i_have_approved=any(
            one.approved_by_id == viewer.pk and one.content_sha256 == content for one in approvals
        ),
        versions=tuple(
            _version(one)
            for one in question.versions.defer("document", "pdf")
            .select_related("withdrawal__withdrawn_by")
            .order_by("-number")
        ),
    )


def _version(stored: PublishedVersion) -> VersionView:
    withdrawal = getattr(stored, "withdrawal", None)
    return VersionView(
        number=stored.number,
        published_at=stored.published_at,
        published_by=stored.published_by_name,
        note=stored.note,
        approved_by=tuple(name for name, _ in stored.approvals),
        document_sha256=stored.document_sha256,
        pdf_sha256=stored.pdf_sha256,
        record_sha256=stored.record_sha256,
        withdrawal=WithdrawalView(withdrawal.reason, withdrawal.withdrawn_at, str(withdrawal.withdrawn_by))
        if withdrawal
        else None,
    )


def _steps(publication: Publication) -> tuple[Step, ...]:
    status, newest = publication.status, publication.versions[0] if publication.versions else None
    order = [
        (QuestionStatus.DRAFT, QuestionStatus.EVIDENCE),
        (QuestionStatus.VOTING,),
        (QuestionStatus.IN_REVIEW,),
        (QuestionStatus.PUBLISHED, QuestionStatus.WITHDRAWN),
    ]
    here = next(number for number, statuses in enumerate(order) if status in statuses)
    is_out = here == len(order) - 1
    labels = [
        ("Question and evidence", status.label if here == 0 else ""),
        ("Panel voting", ""),
        ("In review", f"{publication.n_approvals} of {publication.needed} approvals" if here == 2 else ""),
        (
            QuestionStatus.WITHDRAWN.label if status == QuestionStatus.WITHDRAWN else "Published",
            f"Version {newest.number if newest and is_out else publication.next_number}",
        ),
    ]
    return tuple(
        Step(label, detail, "here" if number == here else "done" if number < here else "ahead")
        for number, (label, detail) in enumerate(labels)
    )
