/* What the theme's pages lack for the keyboard and for screen readers: see _ext/accessible.py. */

/* What is too wide scrolls inside itself, and takes the focus while it is: then the arrow keys move it
   in each browser. What fits is no stop for the Tab key. */
{
  const NAMES = {
    ".formula": "Formula",
    ".math > math": "Formula",
    ".pst-scrollable-table-container": "Table",
    ".nn-report": "Table",
    ".highlight pre": "Code",
    ".output": "Output",
    ".output pre": "Output",
  };
  const all = Object.keys(NAMES).map((place) => `.bd-article ${place}`).join();
  const isWide = (box) =>
    box.scrollWidth > box.clientWidth + 1 && getComputedStyle(box).overflowX !== "visible";
  const update = ([box, wide]) => {
    if (wide) {
      const [, name] = Object.entries(NAMES).findLast(([place]) => box.matches(place));
      box.tabIndex = 0;
      if (box.matches("math")) return; // has a role that reads better than any name
      box.setAttribute("role", "group");
      box.setAttribute("aria-label", `${name}, scrolls sideways`);
    } else if (box.tabIndex === 0) {
      for (const name of ["tabindex", "role", "aria-label"]) box.removeAttribute(name);
    }
  };
  const observer = new ResizeObserver((entries) => {
    const changed = new Set(entries.map(({ target }) => target.matches(all) ? target : target.parentElement));
    [...changed].map((box) => [box, isWide(box)]).forEach(update); // first all are read: one layout
  });
  for (const box of document.querySelectorAll(all)) {
    observer.observe(box);
    if (box.firstElementChild) observer.observe(box.firstElementChild);
  }
}

/* The drawers of a phone. While one is open, what lies behind it takes no focus; Escape and a tap
   beside it close it; its button says whether it is open. */
{
  const drawers = ["primary", "secondary"].map((name) => ({
    box: document.getElementById(`pst-${name}-sidebar-checkbox`),
    button: document.querySelector(`.${name}-toggle`),
    panel: document.querySelector(`.bd-sidebar-${name}`),
  })).filter(({ box, button, panel }) => box && button && panel);

  const isDrawer = ({ panel }) => getComputedStyle(panel).position === "fixed";

  const show = (drawer) => {
    const { box, button, panel } = drawer;
    const open = isDrawer(drawer) && box.checked;
    for (let e = panel; e !== document.body; e = e.parentElement) {
      for (const other of e.parentElement.children) {
        if (other !== e && !other.matches("input, .overlay")) other.inert = open;
      }
    }
    // On a wide screen the first drawer stands open, and its box folds it.
    button.setAttribute("aria-expanded", isDrawer(drawer) ? open : !box.checked);
  };

  const turn = (drawer, checked) => {
    drawer.box.checked = checked;
    show(drawer);
    if (!isDrawer(drawer)) return;
    if (!checked) drawer.button.focus();
    else drawer.panel.querySelector("a, button").focus();
  };

  for (const drawer of drawers) {
    const { box, button } = drawer;
    requestAnimationFrame(() => show(drawer)); // with the frame that lays the page out anyway
    box.addEventListener("change", () => turn(drawer, box.checked)); // a tap beside it
    button.addEventListener("click", () => turn(drawer, !box.checked));
  }
  addEventListener("resize", () => drawers.forEach(show));
  addEventListener("keydown", ({ key }) => {
    const drawer = drawers.find((each) => each.box.checked && isDrawer(each));
    if (key === "Escape" && drawer) turn(drawer, false);
  });
}

/* The search that lies over a page closes when the focus leaves it, and gives it back at Escape. */
{
  const wrapper = document.querySelector(".search-button__wrapper");
  let before;
  wrapper.addEventListener("focusin", ({ relatedTarget }) => {
    if (!wrapper.contains(relatedTarget)) before = relatedTarget;
  });
  wrapper.addEventListener("focusout", ({ relatedTarget }) => {
    if (relatedTarget && !wrapper.contains(relatedTarget)) wrapper.classList.remove("show");
  });
  addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !wrapper.contains(event.target)) return;
    event.stopImmediatePropagation();
    wrapper.classList.remove("show");
    before?.focus();
  }, true);
}
