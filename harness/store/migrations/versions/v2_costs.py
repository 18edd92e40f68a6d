"""What a run cost beside time: memory by phase, how busy the machine was, energy where it is measured."""

import sqlalchemy as sa
from alembic import op

revision = "2"
down_revision = "1"

COMMENTS = {
    "memory": "kind, base_bytes and peaks in bytes of training, evaluation and accelerator",
    "machine": "how busy the machine was: load averages, shares of others, contended, exclusive",
    "energy": '{"joules", "method"}; empty where the machine does not measure it',
}


def upgrade() -> None:
    """Three columns of `runs`; NULL for runs of before."""
    for name, comment in COMMENTS.items():
        op.add_column("runs", sa.Column(name, sa.JSON, nullable=True, comment=comment))
