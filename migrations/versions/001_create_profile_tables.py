"""Users, their profiles and their photos.

Revision ID: 001_create_profile_tables
Revises:
"""
import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "001_create_profile_tables"
down_revision = None
branch_labels = None
depends_on = None


def timestamp(name: str) -> sa.Column:
    return sa.Column(name, sa.DateTime(), server_default=sa.func.now(), nullable=False)


def flag(name: str, default: str = "false") -> sa.Column:
    return sa.Column(name, sa.Boolean(), server_default=sa.text(default), nullable=False)


def upgrade() -> None:
    op.create_table(
        "users",
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=True),
        sa.Column("tg_id", sa.BigInteger(), nullable=False, unique=True),
        sa.Column("username", sa.String(255)),
        sa.Column("first_name", sa.String(255)),
        sa.Column("language_code", sa.String(10)),
        flag("is_premium"),
        flag("is_banned"),
        timestamp("created_at"),
        timestamp("updated_at"),
    )
    op.create_index("ix_users_tg_id", "users", ["tg_id"])

    op.create_table(
        "profiles",
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=True),
        sa.Column("user_id", sa.Integer(), nullable=False, unique=True),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("birth_date", sa.Date(), nullable=False),
        sa.Column("gender", sa.String(20), nullable=False),
        sa.Column("orientation", sa.String(20), nullable=False),
        sa.Column("goal", sa.String(50), nullable=False),
        sa.Column("bio", sa.Text()),
        sa.Column("interests", postgresql.ARRAY(sa.String(50))),
        sa.Column("height_cm", sa.SmallInteger()),
        sa.Column("education", sa.String(50)),
        sa.Column("has_children", sa.Boolean()),
        sa.Column("wants_children", sa.Boolean()),
        sa.Column("smoking", sa.Boolean()),
        sa.Column("drinking", sa.Boolean()),
        sa.Column("country", sa.String(100)),
        sa.Column("city", sa.String(100)),
        sa.Column("geohash", sa.String(20)),
        sa.Column("latitude", sa.Float()),
        sa.Column("longitude", sa.Float()),
        flag("hide_distance"),
        flag("hide_online"),
        flag("hide_age"),
        sa.Column("allow_messages_from", sa.String(20), server_default="matches", nullable=False),
        flag("is_visible", "true"),
        flag("is_complete"),
        timestamp("created_at"),
        timestamp("updated_at"),
        sa.CheckConstraint("birth_date <= CURRENT_DATE", name="birth_date_not_future"),
        sa.CheckConstraint("height_cm IS NULL OR (height_cm >= 100 AND height_cm <= 250)", name="height_cm_range"),
        sa.CheckConstraint("gender IN ('male', 'female', 'other')", name="valid_gender"),
        sa.CheckConstraint("orientation IN ('male', 'female', 'any')", name="valid_orientation"),
        sa.CheckConstraint(
            "goal IN ('friendship', 'dating', 'relationship', 'networking', 'serious', 'casual')", name="valid_goal"
        ),
        sa.CheckConstraint("allow_messages_from IN ('matches', 'anyone')", name="valid_allow_messages_from"),
    )
    op.create_index("idx_profiles_user_id", "profiles", ["user_id"])
    op.create_index("idx_profiles_geohash", "profiles", ["geohash"])

    op.create_table(
        "photos",
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=True),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("url", sa.String(500), nullable=False),
        sa.Column("sort_order", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("safe_score", sa.Float(), server_default="1.0", nullable=False),
        sa.Column("file_size", sa.Integer()),
        sa.Column("mime_type", sa.String(50)),
        sa.Column("width", sa.Integer()),
        sa.Column("height", sa.Integer()),
        flag("is_verified"),
        timestamp("created_at"),
        sa.CheckConstraint("sort_order >= 0 AND sort_order <= 2", name="sort_order_range"),
        sa.CheckConstraint("safe_score >= 0.0 AND safe_score <= 1.0", name="safe_score_range"),
    )
    op.create_index("ix_photos_user_id", "photos", ["user_id"])
    op.create_index("idx_photos_user_id_sort", "photos", ["user_id", "sort_order"])


def downgrade() -> None:
    op.drop_table("photos")
    op.drop_table("profiles")
    op.drop_table("users")
