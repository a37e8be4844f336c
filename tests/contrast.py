"""How well one colour is seen on another."""

import matplotlib as mpl

# The same in a browser, for colours as it computes them, which may let the grounds shine through.
# These lie over each other, the first at the bottom.
IN_BROWSER = """
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const luminance = (colours) => {
    canvas.clearRect(0, 0, 1, 1);
    for (const colour of colours) {
      canvas.fillStyle = colour;
      canvas.fillRect(0, 0, 1, 1);
    }
    const [red, green, blue] = [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3)
      .map((c) => c / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const contrast = (grounds, ink) => {
    const both = [luminance(grounds), luminance([...grounds, ink])];
    return (Math.max(...both) + 0.05) / (Math.min(...both) + 0.05);
  };
"""


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
