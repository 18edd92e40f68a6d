"""The first tables; stores of version 1 were made whole, so there is nothing to do."""

revision = "1"
down_revision = None


def upgrade() -> None:
    """Nothing: no store is older."""
