"""The book's colours: two hues and a grey, for plots, live figures and the website.

Blue is what goes forward: values, the chosen curve, links. Orange is what comes back: derivatives,
mistakes. A picture cannot always know the page it stands on. So each has a middle form: a line has
a contrast of 3 : 1 or more on white and on dark pages, words have 4.5 : 1 on white. (On both it is
impossible: 4.33 : 1 is the best there is.) Where a style sheet knows the page, it takes the light
or the dark form instead.

CONTRIBUTING.md has the whole table, and `tests/test_palette.py` holds everything to it.
"""

BLUE, ORANGE, GREY = "#1a7bbf", "#b4531c", "#767676"
ORANGE_ON_BLACK = "#ffb37a"
