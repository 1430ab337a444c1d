"""Likes and passes, the matches that follow, and favorites.

Revision ID: 002_create_discovery_tables
Revises: 001_create_profile_tables
"""
import sqlalchemy as sa
from alembic import op

revision = "002_create_discovery_tables"
down_revision = "001_create_profile_tables"
branch_labels = None
depends_on = None


def key() -> sa.Column:
    return sa.Column("id", sa.Integer(), primary_key=True, autoincrement=True)


def user(name: str) -> sa.Column:
    return sa.Column(name, sa.Integer(), nullable=False)


def timestamp(name: str) -> sa.Column:
    return sa.Column(name, sa.DateTime(), server_default=sa.func.now(), nullable=False)


def upgrade() -> None:
    op.create_table(
        "interactions",
        key(),
        user("user_id"),
        user("target_id"),
        sa.Column("interaction_type", sa.String(20), nullable=False),
        timestamp("created_at"),
        timestamp("updated_at"),
        sa.CheckConstraint("interaction_type IN ('like', 'superlike', 'pass')", name="valid_interaction_type"),
        sa.UniqueConstraint("user_id", "target_id", name="unique_user_target_interaction"),
    )
    op.create_index("idx_interactions_user_id", "interactions", ["user_id"])
    op.create_index("idx_interactions_target_id", "interactions", ["target_id"])
    op.create_index("idx_interactions_user_target", "interactions", ["user_id", "target_id"])

    op.create_table(
        "matches",
        key(),
        user("user1_id"),
        user("user2_id"),
        timestamp("created_at"),
        sa.CheckConstraint("user1_id < user2_id", name="user1_less_than_user2"),
        sa.UniqueConstraint("user1_id", "user2_id", name="unique_match_pair"),
    )
    op.create_index("idx_matches_user1", "matches", ["user1_id"])
    op.create_index("idx_matches_user2", "matches", ["user2_id"])

    op.create_table(
        "favorites",
        key(),
        user("user_id"),
        user("target_id"),
        timestamp("created_at"),
        sa.UniqueConstraint("user_id", "target_id", name="unique_user_favorite"),
    )
    op.create_index("idx_favorites_user_id", "favorites", ["user_id"])
    op.create_index("idx_favorites_target_id", "favorites", ["target_id"])


def downgrade() -> None:
    op.drop_table("favorites")
    op.drop_table("matches")
    op.drop_table("interactions")
