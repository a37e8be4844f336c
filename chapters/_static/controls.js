/* What the theme's own scripts and Bootstrap do on a page of this book, in 2 kB instead of 32:
   _ext/one_script.py leaves those out. Drawers, and what closes the search, are in accessible.js. */
(() => {
  "use strict";
  const root = document.documentElement;
  const find = (selector) => document.querySelector(selector);
  const all = (selector) => [...document.querySelectorAll(selector)];
  const on = (target, type, act) => target?.addEventListener(type, act);

  /* Light, dark, or as the system has it. The script in the page's head has set it for the first
     time, before anything was painted. */
  {
    const dark = matchMedia("(prefers-color-scheme: dark)");
    const show = (mode) => {
      root.dataset.mode = mode;
      root.dataset.theme = mode !== "auto" ? mode : dark.matches ? "dark" : "light";
      for (const menu of all(".dropdown-menu")) {
        menu.classList.toggle("dropdown-menu-dark", root.dataset.theme === "dark");
      }
    };
    show(root.dataset.mode);
    on(dark, "change", () => show(root.dataset.mode));
    for (const button of all(".theme-switch-button")) {
      on(button, "click", () => {
        const modes = dark.matches ? ["auto", "light", "dark"] : ["auto", "dark", "light"];
        show(modes[(modes.indexOf(root.dataset.mode) + 1) % 3]); // after "auto" comes a change
        try {
          localStorage.setItem("mode", root.dataset.mode);
        } catch { // then for this page only
        }
      });
    }
  }

  /* The search, over the page or in it. */
  {
    const wrapper = find(".search-button__wrapper");
    const over = find(".search-button__search-container input");
    const field = find("form.bd-search input:not(.search-button__search-container *)") ?? over;
    const toggle = () => {
      if (field === over) wrapper.classList.toggle("show");
      if (document.activeElement === field) {
        field.blur();
      } else {
        field.focus();
        field.select();
      }
    };
    const mac = /^(Mac|iPhone)/.test(navigator.platform);
    if (mac) for (const key of all("kbd.kbd-shortcut__modifier:first-child")) key.textContent = "⌘";
    for (const button of all(".search-button__button, .search-button__overlay")) {
      on(button, "click", toggle);
    }
    addEventListener("keydown", (event) => {
      const { key, shiftKey, altKey, metaKey, ctrlKey } = event;
      const command = mac ? metaKey && !ctrlKey : ctrlKey && !metaKey;
      if (command && !shiftKey && !altKey && key.toLowerCase() === "k") {
        event.preventDefault();
        toggle();
      }
    }, true);

    if (find("#search-results")) { // the search's own page
      field.focus();
      field.select();
      try {
        localStorage.removeItem("sphinx_highlight_terms"); // words of an earlier search
      } catch { // there are none
      }
    }
    if (location.protocol === "file:") { // there a browser fetches no pages to quote from
      DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;
    }
    on(find("#searchbox"), "click", (event) => { // Sphinx's own link is one that a policy forbids
      if (!event.target.closest(".highlight-link")) return;
      event.preventDefault();
      SphinxHighlight.hideSearchWords();
    });
  }

  /* Menus: opened and closed by a click, closed by Escape and by leaving them. */
  for (const button of all('[data-bs-toggle="dropdown"]')) {
    const menu = button.nextElementSibling;
    const show = (open) => {
      for (const part of [button, menu]) part.classList.toggle("show", open);
      button.setAttribute("aria-expanded", open);
    };
    const isOpen = () => menu.classList.contains("show");
    on(document, "click", ({ target }) => show(button.contains(target) && !isOpen()));
    on(button.parentElement, "focusout", ({ relatedTarget, currentTarget }) => {
      if (relatedTarget && !currentTarget.contains(relatedTarget)) show(false);
    });
    on(button.parentElement, "keydown", (event) => {
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (step) {
        event.preventDefault();
        show(true);
        const items = [...menu.querySelectorAll("a, button")];
        items.at((items.indexOf(document.activeElement) + step) % items.length)?.focus();
      } else if (event.key === "Escape" && isOpen()) {
        show(false);
        button.focus();
      }
    });
  }
  on(find(".btn-download-pdf-button"), "click", () => print());

  /* The list of chapters stands where the reader left it, or shows the present one. */
  {
    const KEY = "sidebar-scroll-top";
    const sidebar = find(".bd-sidebar-primary");
    const present = all(".bd-docs-nav .active").at(-1);
    let left = null;
    try {
      left = sessionStorage.getItem(KEY);
      addEventListener("pagehide", () => sessionStorage.setItem(KEY, sidebar.scrollTop));
    } catch { // storage is forbidden
    }
    // With the next frame, which lays the page out anyway.
    requestAnimationFrame(() => {
      if (left !== null) {
        sidebar.scrollTop = left;
      } else if (present?.getBoundingClientRect().y > innerHeight / 2) {
        const offset = present.getBoundingClientRect().y - sidebar.getBoundingClientRect().y;
        sidebar.scrollTop = offset - sidebar.clientHeight / 4;
      }
    });
  }

  /* The contents of the page show where the reader is, and step aside for a wide figure. */
  {
    const links = new Map();
    for (const link of all(".bd-toc-nav a")) {
      const section = document.getElementById(decodeURIComponent(link.hash.slice(1)));
      if (section) links.set(section, link);
    }
    const seen = new Set();
    const note = (entries) => {
      for (const { target, isIntersecting } of entries) {
        seen[isIntersecting ? "add" : "delete"](target);
      }
    };
    const reading = new IntersectionObserver((entries) => {
      note(entries);
      const present = [...links.keys()].filter((section) => seen.has(section)).at(-1);
      for (const [section, link] of links) {
        const active = present !== undefined && section.contains(present);
        link.classList.toggle("active", active);
        link.parentElement.classList.toggle("active", active);
      }
    }, { rootMargin: "0px 0px -60%" });
    links.forEach((link, section) => reading.observe(section));

    const contents = find(".bd-sidebar-secondary");
    const wide = new Set();
    const passing = new IntersectionObserver((entries) => {
      for (const { target, isIntersecting } of entries) {
        wide[isIntersecting ? "add" : "delete"](target);
      }
      contents.classList.toggle("hide", wide.size > 0);
    }, { rootMargin: "0px 0px -33%" });
    if (contents) for (const figure of all(".full-width")) passing.observe(figure);

    new IntersectionObserver(([{ boundingClientRect }]) => {
      document.body.classList.toggle("scrolled", boundingClientRect.y < 0);
    }).observe(find(".sbt-scroll-pixel-helper"));
  }

  /* The button "Back to top" shows while the reader scrolls back. */
  {
    const button = find("#pst-back-to-top");
    let before = 0;
    on(window, "scroll", () => {
      button.style.display = scrollY < before && scrollY > 0 ? "block" : "none";
      before = scrollY;
    });
    on(button, "click", () => scrollTo(0, 0));
  }

  /* Boxes that are folded until the reader opens them, such as solutions. */
  all(".admonition.dropdown").forEach((box, number) => {
    box.id ||= `toggle-${number}`;
    const title = box.querySelector(".admonition-title");
    title.insertAdjacentHTML("beforeend", `<button type="button" class="toggle-button"
      aria-controls="${box.id}" aria-label="Toggle hidden content"><svg class="tb-icon"
      viewBox="0 0 24 24" stroke-width="1.5" fill="none" aria-hidden="true"><path
      d="m9 6 6 6-6 6"></path></svg></button>`);
    const button = title.lastElementChild;
    const fold = (folded) => {
      box.classList.toggle("toggle-hidden", folded);
      button.classList.toggle("toggle-button-hidden", folded);
      button.dataset.toggleHint = folded ? "Click to show" : "Click to hide";
      button.setAttribute("aria-expanded", !folded);
    };
    box.classList.add("toggle");
    fold(!box.classList.contains("toggle-shown"));
    on(title, "click", () => fold(!box.classList.contains("toggle-hidden")));
  });
})();
