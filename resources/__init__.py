"""Shipped files: icons, stylesheets, fonts, code tables, starter kit templates, the demonstration pharmacy."""
