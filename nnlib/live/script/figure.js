/* What every live figure has: sliders, buttons, a sentence, links and code to copy. */

const KINDS = {}; // data-kind to class; each kind's file adds itself

/* The text of a key, from the table that nnlib/words keeps, with its parts filled in. */
const say = (key, parts = {}) => WORDS[key].replace(/\{(\w+)\}/g, (_, name) => parts[name]);

const make = (tag, properties = {}) => Object.assign(document.createElement(tag), properties);

const power = (k) => (Number.isInteger(k) ? Number(`1e${k}`) : 10 ** k); // 10 ** -5 may be off by a bit

class Figure {
  /* `onInput(name, value)` hears of every change that the reader makes to an input. */
  constructor(element, { onInput = () => {} } = {}) {
    this.element = element;
    this.onInput = onInput;
    this.name = element.dataset.figure;
    this.data = JSON.parse(this.one(".nn-data").textContent);
    this.inputs = Object.create(null); // a variable may be called "constructor" or "__proto__"
    this.sliders = this.all("input[data-input]");
    for (const slider of this.sliders) this.addSlider(slider);
    this.start = Object.assign(Object.create(null), this.inputs);
    this.addSentence();
    this.addButtons();
    this.setup();
    for (const e of this.all("button, input, summary, [tabindex]")) e.dataset.lmSuppressShortcuts = ""; // keys for it, not for JupyterLab
    this.refresh();
    this.scrolling();
    matchMedia("print").addEventListener("change", (print) => {
      this.printing = print.matches; // paper shows what a page may hide, and has room for the table
      for (const details of this.all("details")) {
        if (print.matches) details.dataset.open = details.open;
        details.open = print.matches || details.dataset.open === "true";
      }
      this.refresh();
    });
  }

  one(selector) { return this.element.querySelector(selector); }
  all(selector) { return [...this.element.querySelectorAll(selector)]; }

  /* For each kind of figure: once; after each change; and the sentence after an input moved. */
  setup() {}
  draw() {}
  changed(name) { return say("value", { name, value: format(this.inputs[name]) }); }
  get actions() { return ["reset", ...(this.element.classList.contains("nn-kernel") ? [] : ["copy-link"]), "copy-code", "enlarge"]; }

  addSlider(slider) {
    const name = slider.dataset.input;
    slider.hidden = false;
    this.inputs[name] = this.read(slider, slider.getAttribute("value")); // not the last visit's, which a browser remembers
    const take = () => this.move(name, this.read(slider, slider.value));
    slider.addEventListener("input", take);
    slider.closest("label").after(
      this.nudge(name, "less", () => (slider.stepDown(), take())),
      this.nudge(name, "more", () => (slider.stepUp(), take())));
  }

  read(slider, text) { return slider.dataset.scale === "log" ? power(Number(text)) : Number(text); }
  write(slider, x) { slider.value = slider.dataset.scale === "log" ? Math.log10(x) : x; }

  /* A button for one exact step, for fingers; the arrow keys do the same on the slider itself. */
  nudge(name, action, step) {
    const button = make("button", { type: "button", tabIndex: -1, className: "nn-nudge" });
    button.textContent = action === "less" ? "−" : "+";
    button.dataset.action = action;
    button.setAttribute("aria-label", say(action, { name }));
    button.addEventListener("click", step);
    return button;
  }

  addSentence() {
    const told = this.one(".nn-told"); // what Python wrote; from now on it stands where sentences stand
    this.say = make("p", { className: "nn-say", textContent: told?.textContent ?? "" });
    told?.remove();
    this.say.setAttribute("aria-hidden", "true");
    this.heard = make("p", { className: "nn-heard" });
    this.heard.setAttribute("aria-live", "polite");
    this.one(".nn-stage").after(this.say, this.heard);
  }

  addButtons() {
    this.bar = make("div", { className: "nn-bar" });
    this.bar.setAttribute("role", "group");
    this.bar.setAttribute("aria-label", say("controls"));
    const quiet = make("span", { className: "nn-quiet" });
    for (const action of this.actions) {
      const button = make("button", { type: "button", textContent: say(`action.${action}`) });
      button.dataset.action = action;
      button.addEventListener("click", () => this.act(action));
      (/^copy|enlarge/.test(action) ? quiet : this.bar).append(button);
    }
    this.bar.append(quiet);
    this.element.addEventListener("fullscreenchange", () => this.enlarged(document.fullscreenElement === this.element));
    this.element.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && this.element.classList.contains("nn-large")) this.enlarge(false);
    });
    this.one(".nn-rows").after(this.bar);
  }

  button(action) { return this.bar.querySelector(`[data-action="${action}"]`); }

  act(action) {
    if (action === "reset") {
      for (const name in this.start) this.move(name, this.start[name]);
      this.tell(say("atStart"));
    } else if (action === "copy-link") this.copy(this.link(), "copied.link");
    else if (action === "copy-code") this.copy(this.code(), "copied.code");
    else if (action === "enlarge") this.enlarge(!this.element.classList.contains("nn-large"));
  }

  /* The figure over the whole screen, or back in its place. */
  enlarge(on) {
    if (on && document.fullscreenEnabled) this.element.requestFullscreen().catch(() => this.enlarged(true));
    else if (!on && document.fullscreenElement) document.exitFullscreen();
    else this.enlarged(on); // a phone may have no full screen: then the whole page
  }

  enlarged(on) {
    this.element.classList.toggle("nn-large", on);
    this.button("enlarge").setAttribute("aria-pressed", String(on));
  }

  /* Move an input, from wherever: a slider, a drag, a link, Python. */
  set(name, value) {
    if (Object.is(this.inputs[name], value)) return;
    this.inputs[name] = value;
    this.refresh();
    this.tell(this.changed(name));
  }

  /* The same by the reader's hand: a kernel, if there is one, hears of it. */
  move(name, value) {
    this.set(name, value);
    this.onInput(name, value);
  }

  refresh() {
    for (const slider of this.sliders) {
      const x = this.inputs[slider.dataset.input];
      this.write(slider, x);
      if (slider.dataset.scale === "log") slider.setAttribute("aria-valuetext", format(x));
    }
    this.draw();
  }

  show(element, x, shown = true, write = format) {
    element.firstChild ?? element.append("");
    element.firstChild.data = shown ? write(x) : "?"; // into its text node: less to lay out anew
    element.classList.toggle("nn-bad", shown && !Number.isFinite(x));
    if (shown) element.dataset.exact = String(x);
    else delete element.dataset.exact;
  }

  /* Numbers by their hooks: shown[kind][name]. */
  numbers(shown) {
    for (const kind in shown) {
      for (const e of this.all(`[data-${kind}-of]`)) this.show(e, shown[kind][e.dataset[`${kind}Of`]]);
    }
  }

  path(kind, d) { this.one(`.nn-${kind}`).setAttribute("d", d); }

  /* Shown at once; read out at most once a second, and then the newest. */
  tell(text) {
    this.say.textContent = text;
    if (this.waiting) return;
    this.heard.textContent = text;
    this.waiting = setTimeout(() => {
      this.waiting = null;
      if (this.heard.textContent !== this.say.textContent) this.tell(this.say.textContent);
    }, 1000);
  }

  /* The fragment of a link that brings back this state: #name?x=3&y=4 */
  link() {
    const state = new URLSearchParams(Object.entries(this.inputs));
    return `${location.href.split("#")[0]}#${encodeURIComponent(this.name)}?${state}`;
  }

  /* Take the state from the fragment of the page's address, if it names this figure. */
  restore() {
    const [name, state] = location.hash.slice(1).split("?");
    if (state === undefined || name !== encodeURIComponent(this.name)) return;
    for (const [key, text] of new URLSearchParams(state)) {
      if (key in this.inputs && text.trim() && Number.isFinite(Number(text))) this.move(key, this.allowed(key, Number(text)));
    }
    for (let e = this.element; e; e = e.parentElement) if (e.tagName === "DETAILS") e.open = true;
    this.element.scrollIntoView();
  }

  /* A number from outside, brought to the nearest step of its slider: the browser does it. */
  allowed(name, value) {
    const slider = this.sliders.find((s) => s.dataset.input === name);
    if (!slider) return value;
    this.write(slider, value);
    return this.read(slider, slider.value);
  }

  /* The Python that makes this figure; ⟦x⟧ stands where the present value of x belongs. */
  code() {
    return this.data.code.replace(/⟦(.*?)⟧/g, (_, name) => String(this.inputs[name]));
  }

  async copy(text, done) {
    this.one(".nn-copy")?.remove();
    try {
      await navigator.clipboard.writeText(text);
      this.tell(say(done));
    } catch { // no permission, or no clipboard: the reader copies by hand
      const area = make("textarea", { className: "nn-copy", readOnly: true, value: text, rows: 4 });
      area.setAttribute("aria-label", say("copied.not"));
      this.bar.after(area);
      area.select();
      this.tell(say("copied.not"));
    }
  }

  /* What scrolls sideways can be scrolled from the keyboard. */
  scrolling() {
    const reachable = ([box, wide]) => {
      for (const [name, value] of [["tabindex", "0"], ["data-lm-suppress-shortcuts", ""], ["role", "group"], ["aria-label", say("scroll")]]) {
        if (wide) box.setAttribute(name, value);
        else box.removeAttribute(name);
      }
    };
    const boxes = ".nn-stage, .nn-scroll";
    const watch = new ResizeObserver((entries) => {
      const seen = entries.filter(({ target }) => target.isConnected); // some are drawn anew
      const changed = new Set(seen.map(({ target }) => target.closest(boxes)));
      [...changed].map((box) => [box, box.scrollWidth > box.clientWidth + 1]).forEach(reachable); // first all are read
    });
    for (const box of this.all(boxes)) for (const e of [box, ...box.children]) watch.observe(e); // either may grow
  }
}
