"""Lets ``python -m classroom`` do what ``classroom`` does."""

import sys

from classroom.command import main

sys.exit(main())
