/* Where figures come to life: on a page, and in a notebook. */

const mounted = new Map();

function mount(element, options) {
  if (!mounted.has(element)) mounted.set(element, new KINDS[element.dataset.kind](element, options));
  return mounted.get(element);
}

/* anywidget: `html` is the figure as Python drew it, input0, input1, ... are its inputs. */
function render({ model, el }) {
  el.innerHTML = model.get("html");
  const element = el.querySelector(".nn-live");
  element.classList.add("nn-kernel");
  const traits = new Map(model.get("inputs").map((name, k) => [name, `input${k}`]));
  const figure = mount(element, {
    onInput(name, value) {
      model.set(traits.get(name), value);
      model.save_changes();
    },
  });
  for (const [name, trait] of traits) {
    const take = () => {
      const to = figure.allowed(name, model.get(trait));
      if (to.toPrecision(12) !== figure.inputs[name].toPrecision(12)) figure.set(name, to); // a slider may be off by a bit
    };
    take();
    model.on(`change:${trait}`, take);
  }
  return () => mounted.delete(element);
}

function restoreAll() {
  for (const figure of mounted.values()) figure.restore();
}

/* Where the page itself is laid out in pieces, its figures come to life one by one: in between, it
 * answers the reader. Such a page has no figure in its address. */
function mountAll() {
  const inPieces = document.documentElement.dataset.sections;
  for (const [k, element] of document.querySelectorAll(".nn-live").entries()) {
    if (inPieces && k) setTimeout(mount, 0, element);
    else mount(element);
  }
  restoreAll();
}

/* On a page this is a classic script and finds its figures itself; a module has no currentScript. */
if (typeof document !== "undefined" && document.currentScript) {
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", mountAll);
  else mountAll();
  addEventListener("hashchange", restoreAll);
}
