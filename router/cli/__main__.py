"""`python -m router.cli`: what ./allo, the container and the tests start."""

from router.cli import main

if __name__ == "__main__":
    main()
