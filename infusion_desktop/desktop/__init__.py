"""The Qt window: shell, jobs, tables, messages and one folder of screens per capability."""
