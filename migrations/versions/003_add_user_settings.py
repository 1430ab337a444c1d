"""What a user has chosen: whom to look for, what to be told about, and when not to be disturbed.

Revision ID: 003_add_user_settings
Revises: 002_create_discovery_tables
"""
import sqlalchemy as sa
from alembic import op

revision = "003_add_user_settings"
down_revision = "002_create_discovery_tables"
branch_labels = None
depends_on = None


def on(name: str) -> sa.Column:
    return sa.Column(name, sa.Boolean(), server_default=sa.text("true"), nullable=False)


def number(name: str, default: str) -> sa.Column:
    return sa.Column(name, sa.SmallInteger(), server_default=default, nullable=False)


def upgrade() -> None:
    op.create_table(
        "user_settings",
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=True),
        # No foreign key, like the other tables: the running application inserts in an order of its own.
        sa.Column("user_id", sa.Integer(), nullable=False),
        # Empty: as Telegram says.
        sa.Column("language_code", sa.String(10)),
        sa.Column("theme", sa.String(10), server_default="system", nullable=False),
        number("search_min_age", "18"),
        number("search_max_age", "99"),
        number("search_distance_km", "50"),
        sa.Column("search_gender", sa.String(20), server_default="any", nullable=False),
        on("notify_matches"),
        on("notify_messages"),
        on("notify_likes"),
        # Hours of the user's day, both or none; 22 to 7 goes over midnight.
        sa.Column("quiet_from_hour", sa.SmallInteger()),
        sa.Column("quiet_to_hour", sa.SmallInteger()),
        sa.Column("timezone", sa.String(64), server_default="UTC", nullable=False),
        sa.Column("created_at", sa.DateTime(), server_default=sa.func.now(), nullable=False),
        sa.Column("updated_at", sa.DateTime(), server_default=sa.func.now(), nullable=False),
        sa.CheckConstraint("theme IN ('system', 'light', 'dark')", name="valid_theme"),
        sa.CheckConstraint(
            "search_min_age >= 18 AND search_max_age <= 120 AND search_min_age <= search_max_age",
            name="search_age_range",
        ),
        sa.CheckConstraint("search_distance_km >= 1 AND search_distance_km <= 20000", name="search_distance_range"),
        sa.CheckConstraint("search_gender IN ('male', 'female', 'any')", name="valid_search_gender"),
        sa.CheckConstraint(
            "(quiet_from_hour IS NULL) = (quiet_to_hour IS NULL)"
            " AND quiet_from_hour BETWEEN 0 AND 23 AND quiet_to_hour BETWEEN 0 AND 23",
            name="quiet_hours_range",
        ),
    )
    op.create_index("ix_user_settings_user_id", "user_settings", ["user_id"], unique=True)


def downgrade() -> None:
    op.drop_table("user_settings")
