"""How well one colour is seen on another."""

import matplotlib as mpl


def contrast(one, other):
    """Return the contrast ratio of WCAG 2 of two colours, in any form that matplotlib reads."""

    def luminance(colour):
        red, green, blue = (
            c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4
            for c in mpl.colors.to_rgb(colour)
        )
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)
