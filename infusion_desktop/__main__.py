"""`infusion-desktop` and `python -m infusion_desktop`: the window, or one of the commands that need none."""

import sys


def main() -> int:
    """Run the command that is named, or open the window; the exit code."""
    from infusion_desktop import cli

    if cli.names_a_command(sys.argv[1:]):
        return cli.main()
    from infusion_desktop import application

    return application.main()


if __name__ == "__main__":
    sys.exit(main())
