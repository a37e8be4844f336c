/* What paper needs and only a browser can measure: pictures that are too wide for a page go on in a
   second strip below the first, cut where nothing but lines cross. Page numbers are filled in. */

const WIDEST = 960; // of a picture's units: more would be too small to read
const SCALE = 0.72; // of a picture, so that its letters have 7.5 points, as long as the page is wide enough

/* Printing makes figures show their numbers. That is when they are as they will be. */
const laidOut = new Promise((resolve) => {
  addEventListener("load", () => {
    matchMedia("print").addEventListener("change", () => resolve(cutPictures()), { once: true });
  });
});

function cutPictures() {
  for (const svg of document.querySelectorAll(".nn-stage svg[viewBox]:not(.nn-key *, .nn-film *)")) {
    const { width, height } = svg.viewBox.baseVal;
    const cuts = places(svg, Math.ceil(width / WIDEST));
    const whole = cuts.length === 2;
    const spans = cuts.slice(1).map((cut, k) => (whole ? [0, height] : heights(svg, cuts[k], cut)));
    let last = null;
    for (let k = 1; k < cuts.length; k++) {
      const strip = last ? svg.cloneNode(true) : svg;
      const wide = cuts[k] - cuts[k - 1];
      const [top, high] = spans[k - 1];
      strip.setAttribute("viewBox", `${cuts[k - 1]} ${top} ${wide} ${high}`);
      strip.setAttribute("width", wide * SCALE);
      strip.setAttribute("height", high * SCALE);
      if (last) {
        strip.setAttribute("aria-hidden", "true"); // the first one describes all
        last.after(strip);
      }
      last = strip;
    }
  }
}

/* Where to cut a picture: at its ends, and between where the fewest letters and shapes are hit. */
function places(svg, strips) {
  const { width } = svg.viewBox.baseVal;
  const taken = shapes(svg);
  const hit = (x) => taken.filter(({ left, right }) => left - 2 < x && x < right + 2).length;
  const cuts = [0];
  for (let k = 1; k < strips; k++) {
    const ideal = (k * width) / strips;
    const near = Array.from({ length: 201 }, (_, i) => ideal + i - 100);
    near.sort((a, b) => hit(a) - hit(b) || Math.abs(a - ideal) - Math.abs(b - ideal));
    cuts.push(near[0]);
  }
  return [...cuts, width];
}

/* Of a strip, the top and the height of what is in it, lines included. */
function heights(svg, left, right) {
  const points = [...svg.querySelectorAll("path.nn-edge")].flatMap((path) => {
    const length = path.getTotalLength();
    const along = Array.from({ length: 101 }, (_, i) => path.getPointAtLength((i * length) / 100));
    return along.filter(({ x }) => left <= x && x <= right).map(({ y }) => [y, y]);
  });
  const inside = shapes(svg).filter((shape) => shape.left < right && shape.right > left);
  const spans = [...points, ...inside.map(({ top, bottom }) => [top, bottom])];
  const top = Math.min(...spans.map(([y]) => y)) - 6;
  return [top, Math.max(...spans.map(([, y]) => y)) + 6 - top];
}

/* The letters and shapes of a picture, in its units. */
function shapes(svg) {
  const toSvg = svg.getScreenCTM().inverse();
  return [...svg.querySelectorAll("text, circle, rect")].map((shape) => {
    const { x, y, width, height } = shape.getBBox();
    const { x: left, y: top } = new DOMPoint(x, y).matrixTransform(toSvg.multiply(shape.getScreenCTM()));
    return { left, top, right: left + width, bottom: top + height };
  });
}

/* Fill in the pages of all places, and return the places that are on none. */
function fillPages(pages) {
  const missing = [];
  for (const element of document.querySelectorAll("[data-page-of]")) {
    element.textContent = pages[element.dataset.pageOf] ?? "";
    if (!element.textContent) missing.push(element.dataset.pageOf);
  }
  return missing;
}
