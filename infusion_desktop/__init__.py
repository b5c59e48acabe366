"""The desktop application with which a home infusion pharmacy runs supplies, pumps, deliveries and per-diem claims."""

__version__ = "0.1.0"
