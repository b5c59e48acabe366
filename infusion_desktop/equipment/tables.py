"""Models, assets (one serialised pump or pole each) and the events of an asset's life."""

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from infusion_desktop.database.types import APPEND_ONLY, STRICT, Choice, Table, one_of, only_where
from infusion_desktop.equipment.words import AssetDeed, AssetState


class AssetModel(Table):
    """What all pumps or poles of one catalogue item share: maintenance interval, limits of the function check."""

    __tablename__ = "asset_model"
    __table_args__ = (CheckConstraint("maintenance_days >= 0", name="interval_not_negative"), STRICT)

    id: Mapped[int] = mapped_column(primary_key=True)
    item_id: Mapped[int] = mapped_column(ForeignKey("item.id"), unique=True)
    maintenance_days: Mapped[int] = mapped_column(default=365)
    """Days between preventive maintenance; 0 where none is asked for (a pole)."""
    check_limits: Mapped[str] = mapped_column(default="[]")
    """JSON: what the function check measures, with unit, lowest and highest value."""
    daily_cost: Mapped[Decimal] = mapped_column(default=Decimal(0))
    """What a day in use costs us, in dollars."""
    version: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012


class Asset(Table):
    """One pump or pole. ``location_id`` is its custody; ``document`` what it is reserved for or out on."""

    __tablename__ = "asset"
    __table_args__ = (
        UniqueConstraint("item_id", "serial"),
        one_of("state", AssetState),
        Index("ix_asset_state", "state"),
        Index("ix_asset_document", "document", "document_id", **only_where("document <> ''")),
        STRICT,
    )  # fmt: skip

    id: Mapped[int] = mapped_column(primary_key=True)
    item_id: Mapped[int] = mapped_column(ForeignKey("item.id"))
    serial: Mapped[str] = mapped_column(index=True)
    tag: Mapped[str] = mapped_column(unique=True)
    state: Mapped[AssetState] = mapped_column(Choice(AssetState))
    location_id: Mapped[int] = mapped_column(ForeignKey("location.id"))
    document: Mapped[str] = mapped_column(default="")
    document_id: Mapped[int | None]
    clean: Mapped[bool] = mapped_column(default=False)
    checked_on: Mapped[date | None]
    maintenance_due_on: Mapped[date | None]
    due_back_on: Mapped[date | None]
    held: Mapped[str] = mapped_column(default="")
    """Why it may not go out (a recall), "" when it may."""
    firmware: Mapped[str] = mapped_column(default="")
    run_hours: Mapped[int] = mapped_column(default=0)
    owner: Mapped[str] = mapped_column(default="")
    """The renting vendor, "" when it is ours."""
    acquired_on: Mapped[date | None]
    cost: Mapped[Decimal] = mapped_column(default=Decimal(0))
    version: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012


class AssetEvent(Table):
    """An entry in an asset's life; added, never changed. ``values`` holds measured values as JSON."""

    __tablename__ = "asset_event"
    __table_args__ = (
        one_of("deed", AssetDeed),
        Index("ix_asset_event_asset_id", "asset_id"),
        Index("ix_asset_event_document", "document", "document_id"),
        APPEND_ONLY,
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    asset_id: Mapped[int] = mapped_column(ForeignKey("asset.id"))
    deed: Mapped[AssetDeed] = mapped_column(Choice(AssetDeed))
    from_state: Mapped[AssetState | None] = mapped_column(Choice(AssetState))
    to_state: Mapped[AssetState] = mapped_column(Choice(AssetState))
    from_location_id: Mapped[int | None] = mapped_column(ForeignKey("location.id"))
    to_location_id: Mapped[int] = mapped_column(ForeignKey("location.id"))
    document: Mapped[str] = mapped_column(default="")
    document_id: Mapped[int | None]
    effective_at: Mapped[datetime]
    recorded_at: Mapped[datetime]
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    note: Mapped[str] = mapped_column(default="")
    measured: Mapped[str] = mapped_column(default="{}")
