"""``python -m splatavatar``."""

from splatavatar.cli.start import main

if __name__ == "__main__":
    main()
