/* Answers typed into the picture. */

/* The picture on a board of its own size, for graph.css to fit into its place. */
function board(picture) {
  if (picture.parentElement.className === "nn-board") return picture.parentElement;
  const made = make("div", { className: "nn-board" });
  const { width, height } = picture.viewBox.baseVal;
  picture.replaceWith(made);
  made.append(picture);
  made.style.setProperty("--nn-width", `${width}px`);
  made.style.setProperty("--nn-ratio", width / height); // for a place that limits its height
  return made;
}

/* Boxes over the picture, to type numbers into: one for each target { i, kind, rect }, where `rect`
 * is the SVG rectangle that it covers, `kind` "value" or "gradient", and `i` the variable.
 *
 * `judge(target, number)` gives { right, text }; `found(target)` may add to the text of a right one.
 * The figure says by `sync` which boxes are open.
 */
class Boxes {
  constructor(figure, targets, judge, found = () => "") {
    Object.assign(this, { figure, judge, found, firstTry: 0, done: 0 });
    this.boxes = targets.map((target) => this.box(target));
  }

  box(target) {
    const box = make("input", { type: "text", inputMode: "decimal", autocomplete: "off", className: `nn-box-${target.kind}` });
    const view = target.rect.ownerSVGElement.viewBox.baseVal;
    const part = (name, whole) => `${(100 * Number(target.rect.getAttribute(name))) / whole}%`;
    Object.assign(box.style, {
      left: part("x", view.width), top: part("y", view.height),
      width: part("width", view.width), height: part("height", view.height),
      fontSize: `${1500 / view.width}cqw`, // 15 units of the picture
    });
    box.dataset[`${target.kind}Box`] = this.figure.names[target.i];
    box.setAttribute("aria-label", this.figure.question(target));
    box.addEventListener("change", () => this.take(box));
    box.addEventListener("keydown", (event) => {
      if (event.key !== "Enter") return;
      event.preventDefault(); // else it would also press the button that may get the focus
      this.take(box, true);
    });
    box.target = target;
    box.hidden = true;
    board(target.rect.ownerSVGElement).append(box);
    return box;
  }

  take(box, next = false) {
    const text = box.value.trim();
    if (!next && text === (box.judged ?? "")) return;
    box.judged = text;
    const number = parseNumber(text);
    let { right, text: reason } = Number.isNaN(number)
      ? { right: false, text: say("box.unreadable", { text }) } : this.judge(box.target, number);
    if (right) {
      this.done++;
      if (!box.tried) this.firstTry++;
      const open = this.boxes.filter((b) => !b.hidden);
      if (next) open[(open.indexOf(box) + 1) % open.length].focus();
      reason += this.found(box.target);
    } else if (text && !Number.isNaN(number)) box.tried = true;
    box.classList.toggle("nn-wrong", !right && text !== "");
    box.setAttribute("aria-invalid", String(!right && text !== ""));
    if (text) this.figure.tell(reason);
  }

  /* Which boxes are open; a box that closes loses what was typed into it. */
  sync(open) {
    for (const box of this.boxes) {
      if (box.hidden !== open(box.target)) continue; // nothing to do, at most moves of a slider
      box.hidden = !box.hidden;
      if (box.hidden) this.empty(box);
    }
  }

  /* After an input moved a wrong answer may be right. */
  forget() {
    for (const box of this.boxes) this.unmark(box);
  }

  unmark(box) {
    box.judged = "";
    box.classList.remove("nn-wrong");
    box.removeAttribute("aria-invalid");
  }

  empty(box) {
    box.value = "";
    this.unmark(box);
  }

  clear() {
    this.firstTry = this.done = 0;
    for (const box of this.boxes) {
      this.empty(box);
      box.tried = false;
    }
  }
}
