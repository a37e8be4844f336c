/* What the reader has done, kept in this browser. The controls and their words come with the page,
   hidden: see _ext/progress.py. */
(() => {
  "use strict";
  const FORMAT = "backprop-live-progress/1"; // of the exported file, and the key of the storage
  const MARK = ' <span class="done-mark"><span aria-hidden="true">✓</span>' +
    '<span class="visually-hidden">finished</span></span>';
  const find = (selector) => document.querySelector(selector);
  const all = (selector) => [...document.querySelectorAll(selector)];
  const inputs = all("input[data-done]");
  const root = new URL(document.documentElement.dataset.content_root, location.href).href;
  const pending = new Map(); // changes that the storage has not taken
  let done; // names of what is ticked, also of what the book no longer has
  let kept = true;

  const pack = () => JSON.stringify({ format: FORMAT, done: [...done].sort() });

  const unpack = (text) => {
    const data = JSON.parse(text);
    if (data.format !== FORMAT || !data.done.every((name) => typeof name === "string")) throw data;
    return data.done;
  };

  // Other tabs write, too: what is stored counts, and what it has not taken comes on top.
  const read = () => {
    let stored = null;
    try {
      stored = localStorage.getItem(FORMAT);
    } catch {
      kept = false;
    }
    try {
      done = new Set(stored === null ? [] : unpack(stored));
    } catch {
      done = new Set(); // nothing that can be read
    }
    pending.forEach((ticked, name) => done[ticked ? "add" : "delete"](name));
  };

  const show = () => {
    for (const input of inputs) input.checked = done.has(input.dataset.done);
    const ticked = inputs.filter((input) => input.checked);
    for (const place of all("[data-count]")) {
      place.textContent = ticked.filter((i) => i.dataset.kind === place.dataset.count).length;
    }
    for (const note of all("[data-lost]")) note.hidden = kept;
    for (const link of all(".bd-sidenav a")) {
      const name = link.href.replace(root, "").replace(/(\.html)?([?#].*)?$/, "");
      link.querySelector(".done-mark")?.remove();
      if (done.has(name)) link.insertAdjacentHTML("beforeend", MARK);
    }
    if (find("[data-export]")) {
      let minutes = 0;
      for (const input of inputs) if (!input.checked) minutes += Number(input.dataset.minutes);
      const left = Math.ceil(minutes.toFixed(3) / 5) * 5;
      find("[data-left]").hidden = !left;
      find("[data-hours]").textContent = Math.floor(left / 60);
      find("[data-rest]").textContent = left % 60;
      find("[data-export]").href = `data:application/json,${encodeURIComponent(pack())}`;
    }
  };

  const refresh = () => {
    read();
    show();
  };

  const change = (names, ticked) => {
    for (const name of names) pending.set(name, ticked);
    read();
    try {
      if (done.size) localStorage.setItem(FORMAT, pack());
      else localStorage.removeItem(FORMAT);
      pending.clear();
      kept = true;
    } catch {
      kept = false; // forbidden or full
    }
    show();
  };

  const say = (word) => {
    find(".done-status").textContent = find(".done-status").dataset[word];
  };

  document.addEventListener("change", async ({ target }) => {
    if (target.dataset.done) change([target.dataset.done], target.checked);
    if ("import" in target.dataset && target.files.length) {
      try {
        change(unpack(await target.files[0].slice(0, 1e6).text()), true);
        say("imported");
      } catch {
        say("refused");
      }
      target.value = ""; // the same file may be chosen again
    }
  });
  find("[data-clear]")?.addEventListener("click", ({ target }) => {
    if (!confirm(target.dataset.clear)) return;
    change(done, false);
    say("cleared");
  });
  addEventListener("storage", refresh);
  addEventListener("pageshow", refresh); // also after the button "back"

  refresh();
  for (const part of all("[data-progress]")) part.hidden = part.dataset.progress === "off";
})();
