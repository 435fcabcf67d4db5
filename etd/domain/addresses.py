"""Names that no guideline and no question can have in its address."""

# Second parts of addresses that belong to a guideline itself, and could not be told from a question.
RESERVED = frozenset(
    {
        "new",
        "people",
        "questions",
        "settings",
        "invitations",
        "conflicts",
        "checks",
        "frameworks",
        "rounds",
        "history",
        "timeline",
        "votes",
        "import",
        "book",
        "jobs",
        "publication",
        "feed",
        "published",
    }
)
